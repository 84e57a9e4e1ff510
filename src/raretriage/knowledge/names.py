"""Everything that a finding is called, in Spanish and English: one list for searching and for reading texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from raretriage.knowledge.knowledge import Knowledge
from raretriage.knowledge.lexicon import LANGUAGES, Language, spanish_labels, wordings
from raretriage.knowledge.obo import Synonym


class Origin(StrEnum):
    """Where a name comes from."""

    LABEL = "label"
    SYNONYM = "synonym"
    """Of hp.obo."""
    CLINICAL = "clinical"
    LAY = "lay"
    ABBREVIATION = "abbr"
    """These three are this project's own."""


@dataclass(frozen=True, slots=True)
class Name:
    hpo_id: str
    text: str
    language: Language
    origin: Origin
    synonym: Synonym | None = None
    """What hp.obo says of a synonym of its own."""


def names_of(knowledge: Knowledge) -> Iterator[Name]:
    """The names of all findings: of each its labels and HPO's synonyms, then this project's own words."""
    own = spanish_labels()
    for term in knowledge.ontology.current_terms():
        if not knowledge.is_finding(term.id):
            continue
        yield Name(term.id, term.name, "en", Origin.LABEL)
        if label := knowledge.label_es(term.id):
            yield Name(term.id, label, "es", Origin.LABEL)
        if (ours := own.get(term.id, label)) != label and ours:
            yield Name(term.id, ours, "es", Origin.CLINICAL)
        for synonym in term.synonyms:
            yield Name(term.id, synonym.text, "en", Origin.SYNONYM, synonym)
    for language in LANGUAGES:
        for wording in wordings(language):
            current = knowledge.find(wording.hpo_id)
            if current is not None and knowledge.is_finding(current):
                yield Name(current, wording.text, language, Origin(wording.kind))
