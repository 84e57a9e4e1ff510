"""Everything that a finding is called, in Spanish and English: one list for searching and for reading texts."""

from collections.abc import Iterator, Mapping
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


def names_of(knowledge: Knowledge, translated: Mapping[str, str] | None = None) -> Iterator[Name]:
    """The names of all findings: of each its labels and HPO's synonyms, then this project's own words.

    Args:
        translated: HPO id -> Spanish label of an official translation; used where our own table has none.
    """
    spanish = {**(translated or {}), **spanish_labels()}
    for term in knowledge.ontology.current_terms():
        if not knowledge.is_finding(term.id):
            continue
        yield Name(term.id, term.name, "en", Origin.LABEL)
        if term.id in spanish:
            yield Name(term.id, spanish[term.id], "es", Origin.LABEL)
        for synonym in term.synonyms:
            yield Name(term.id, synonym.text, "en", Origin.SYNONYM, synonym)
    for language in LANGUAGES:
        for wording in wordings(language):
            current = knowledge.find(wording.hpo_id)
            if current is not None and knowledge.is_finding(current):
                yield Name(current, wording.text, language, Origin(wording.kind))
