"""What the rest of the system asks of the knowledge: terms, diseases, their findings, and what is rare."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from raretriage.knowledge.annotations import Annotation
from raretriage.knowledge.icd10 import finding_of_icd10
from raretriage.knowledge.lexicon import spanish_labels
from raretriage.knowledge.ontology import Ontology
from raretriage.knowledge.prevalence import Prevalence
from raretriage.knowledge.rarity import Clause
from raretriage.knowledge.sources import Source


@dataclass(frozen=True, slots=True)
class Disease:
    id: str
    name: str
    clause: Clause
    """The sentence of the rarity rule that decided; `clause.is_rare` is the verdict."""
    group: str
    """One id for all entries that describe the same disease: the ORPHA entry's, else its own."""
    prevalence: Prevalence | None = None
    onset_classes: tuple[str, ...] = ()
    """Orphanet's words, in its order: `Antenatal`, `Neonatal`, `Infancy`, `Childhood`, `Adolescent`, `Adult` ..."""
    genes: tuple[str, ...] = ()
    """Symbols of the genes that cause it, sorted; of this entry alone, not of its group."""
    kind: str = ""
    """Orphanet's type of its group's entry, such as `Disease` or `Malformation syndrome`; '' without the tables."""
    definition: str = ""
    """Orphanet's, in English; '' where there is none. An entry of OMIM has its group's."""
    icd10: tuple[str, ...] = ()
    """Codes of its group's entry by the ICD-10 map, sorted. A code may stand for other diseases too."""


@dataclass(frozen=True, slots=True)
class Columns:
    """All annotations as columns of equal length, sorted by disease.

    Whole numbers into small tables: 260,000 row objects would take seconds to load, these take milliseconds.
    """

    starts: tuple[int, ...]
    """First row of each disease, then the number of rows: disease i has rows starts[i] to starts[i + 1]."""
    hpo: tuple[int, ...]
    excluded: tuple[int, ...]
    frequency: tuple[int, ...]
    onset: tuple[int, ...]
    sex: tuple[int, ...]
    reference: tuple[int, ...]
    texts: tuple[str, ...]
    """What the numbers of hpo, frequency, onset, sex and reference stand for."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """One release of everything known, frozen. Built by `build_knowledge`, read back by `load_knowledge`."""

    version: str
    """Release and a hash of the content, such as `hpo-2025-01-16-ab12cd34`."""
    sources: tuple[Source, ...]
    rarity_rule: str
    """Which rule gave the verdicts, in words for a report."""
    ontology: Ontology
    diseases: tuple[Disease, ...]
    columns: Columns
    snomed_to_hpo: Mapping[str, str]
    """SNOMED CT code -> current HPO id, from the cross references in hp.obo.

    Many to one: several codes mean one finding. A code that hp.obo gives to several findings is left out, for
    guessing one of them would invent a finding. SNOMED CT needs a national licence (IHTSDO affiliate) to use in
    production.
    """
    spanish: Mapping[str, str]
    """Current HPO id -> official Spanish label; empty where no translation was given."""
    _row_of: Mapping[str, int] = field(init=False, repr=False, compare=False)
    _members: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rows = {disease.id: row for row, disease in enumerate(self.diseases)}
        object.__setattr__(self, "_row_of", MappingProxyType(rows))
        object.__setattr__(self, "_members", MappingProxyType(_members_by_group(self.diseases)))

    @property
    def release(self) -> str:
        """HPO's release, such as `2025-01-16`."""
        return self.version.removeprefix("hpo-").rsplit("-", 1)[0]

    def resolve(self, hpo_id: str) -> str:
        """The current id for a current, alternative or replaced one. Raises `UnknownTerm`, naming near valid ids."""
        return self.ontology.resolve(hpo_id)

    def find(self, hpo_id: str) -> str | None:
        """As `resolve`, with None for an unknown id."""
        return self.ontology.find(hpo_id)

    def find_icd10(self, code: str) -> str | None:
        """The current id of the finding that an ICD-10 code asserts; None where it asserts none that is known."""
        found = finding_of_icd10(code)
        return None if found is None else self.find(found)

    def label(self, hpo_id: str) -> str:
        """The English name of the term that the id stands for. Raises `UnknownTerm`."""
        return self.ontology.term(hpo_id).name

    def label_es(self, hpo_id: str) -> str | None:
        """The Spanish name of a current term: the official one where it was given, else this project's; else None."""
        return self.spanish.get(hpo_id) or spanish_labels().get(hpo_id)

    def ancestors(self, hpo_id: str) -> frozenset[str]:
        """The finding and all it is a kind of, up to phenotypic abnormality; empty for a term that is no finding.

        Raises `UnknownTerm`.
        """
        return self.ontology.ancestors(hpo_id)

    def is_finding(self, hpo_id: str) -> bool:
        """True for a phenotypic abnormality, False for onset, inheritance and the like. Raises `UnknownTerm`."""
        return self.ontology.is_finding(hpo_id)

    def find_finding(self, hpo_id: str) -> str | None:
        """The current id of a phenotypic abnormality; None for any other id."""
        return self.ontology.find_finding(hpo_id)

    def disease(self, disease_id: str) -> Disease | None:
        """What is known of an entry; None if there is no such disease here."""
        row = self._row_of.get(disease_id)
        return None if row is None else self.diseases[row]

    def disease_name(self, disease_id: str) -> str | None:
        """The disease's English name, None if there is no such disease here."""
        disease = self.disease(disease_id)
        return None if disease is None else disease.name

    def is_rare(self, disease_id: str) -> bool | None:
        """The verdict of the rarity rule (`raretriage.knowledge.rarity`); None when it gives none."""
        disease = self.disease(disease_id)
        return None if disease is None else disease.clause.is_rare

    def group(self, disease_id: str) -> str:
        """One id for all entries that describe the same disease; an unknown entry is its own group."""
        disease = self.disease(disease_id)
        return disease_id if disease is None else disease.group

    def members(self, group: str) -> tuple[str, ...]:
        """All entries of a group, ORPHA entries first, each kind sorted; none for an id that is no group's."""
        return self._members.get(group, ())

    def prevalence(self, disease_id: str) -> Prevalence | None:
        """How common the disease is; an OMIM entry has its group's figure. None when unknown."""
        disease = self.disease(disease_id)
        return None if disease is None else disease.prevalence

    def onset_classes(self, disease_id: str) -> tuple[str, ...]:
        """Orphanet's words for the ages at onset; an OMIM entry has its group's. Empty when unknown."""
        disease = self.disease(disease_id)
        return () if disease is None else disease.onset_classes

    def annotations(self, disease_id: str) -> Iterator[Annotation]:
        """Everything annotated to a disease, in the file's order; nothing for an unknown disease."""
        row = self._row_of.get(disease_id)
        if row is None:
            return
        columns = self.columns
        text = columns.texts
        for i in range(columns.starts[row], columns.starts[row + 1]):
            yield Annotation(
                disease_id=disease_id,
                hpo_id=text[columns.hpo[i]],
                excluded=bool(columns.excluded[i]),
                frequency=text[columns.frequency[i]],
                onset=text[columns.onset[i]],
                sex=text[columns.sex[i]],
                reference=text[columns.reference[i]],
            )


def _members_by_group(diseases: Iterable[Disease]) -> dict[str, tuple[str, ...]]:
    members: dict[str, list[str]] = {}
    for disease in diseases:
        members.setdefault(disease.group, []).append(disease.id)
    return {group: tuple(sorted(ids, key=_orpha_first)) for group, ids in members.items()}


def _orpha_first(disease_id: str) -> tuple[bool, str]:
    return not disease_id.startswith("ORPHA:"), disease_id
