"""Is a disease rare? The rule of the design, with Orphanet's tables or, on a machine without them, in their place.

Always, in this order:

1. What the common table (`common_diseases.csv`) names, by id or by name, is not rare: phenotype.hpoa is no list of
   rare diseases, it holds migraine, coeliac disease, Alzheimer, dengue.
2. An entry that is only a susceptibility is neither: no disease, no verdict.

With Orphanet's tables:

3. A disorder (not a category, not a subtype) is rare when its point prevalence, else its prevalence at birth, is at
   most the threshold (5 in 10,000, the European definition: Regulation (EC) No 141/2000). Which of many figures
   speaks is decided in `raretriage.knowledge.prevalence`. A class that holds the threshold does not say that the
   disease is common, so it is rare.
4. A figure from a single country or a region other than Europe confirms that a disease is rare and never makes one
   common: founder populations live there.
5. A disorder without any such figure is rare, as Orphanet lists rare disorders.
6. A clinical group is judged by its own figure for the world or Europe, else by its members: rare when all are. One
   without members is judged as a disorder.
7. A subtype is judged by its disorder: rare when that is, for it counts as a form of it and not as a disease of its
   own. Stevens-Johnson syndrome and hereditary angioedema type 1 are such. A category has no verdict.
8. An OMIM entry that the tables call exactly the same as an entity (relation E) has that entity's verdict.

Without the tables, and for ORPHA entries that they do not list (withdrawn since the annotations were made):

9. An ORPHA entry of phenotype.hpoa is rare: Orphanet's own inclusion criterion stands. It cannot tell a subtype or a
   group from a disorder, knows nothing of disorders without annotations (Guillain-Barre syndrome, ORPHA:2103, is one;
   its members ORPHA:98916 and ORPHA:98919 are there) and joins fewer OMIM entries.

Always:

10. An OMIM entry with the same normalised name as an ORPHA entry has its verdict.
11. Else no verdict. Without a prevalence, "not known to be rare" must not become "common".
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from raretriage.knowledge.errors import MalformedSource
from raretriage.knowledge.orphanet import Entity, EntityType, Orphanet
from raretriage.knowledge.prevalence import Kind, Prevalence, deciding

RARE_PER_10000 = 5.0
"""The European Union's definition of rare; Colombia's is 1 in 5,000, which is 2."""

_NOT_A_LETTER_OR_DIGIT = re.compile(r"[^a-z0-9]+")
# "Mendelian susceptibility to mycobacterial diseases" is a disease; "Autism, susceptibility to, 3" is a locus.
_SUSCEPTIBILITY = re.compile(
    r"^(genetic )?(susceptibility|predisposition) to "
    r"|,\s*(susceptibility|predisposition) to\b|,\s*protection against\b"
    r"|\bsusceptibility( to)?(,?\s*(x-linked,?)?\s*\d+)?$",
    re.IGNORECASE,
)
# What OMIM adds to the name of a common disease for a locus. A number alone stays: "Alzheimer disease 3" is the
# early-onset monogenic form, which is rare.
_LOCUS = re.compile(r"(,\s*(susceptibility|predisposition) to|\s+susceptibility)(,?\s*\d+)?$", re.IGNORECASE)


class Clause(StrEnum):
    """Which sentence of the rule decided; stored with the disease."""

    COMMON_TABLE = "common_table"
    SUSCEPTIBILITY = "susceptibility"

    RARE_POINT_PREVALENCE = "rare_point_prevalence"
    COMMON_POINT_PREVALENCE = "common_point_prevalence"
    RARE_BIRTH_PREVALENCE = "rare_birth_prevalence"
    COMMON_BIRTH_PREVALENCE = "common_birth_prevalence"
    CLASS_HOLDS_THRESHOLD = "class_holds_threshold"
    LOCAL_FIGURE_CONFIRMS = "local_figure_confirms"
    LOCAL_FIGURE_IGNORED = "local_figure_ignored"
    """Only a local figure is known, and it is above the threshold: a founder population, rare elsewhere."""
    NO_FIGURE = "no_figure"
    GROUP_OF_RARE_MEMBERS = "group_of_rare_members"
    GROUP_OF_MIXED_MEMBERS = "group_of_mixed_members"
    SUBTYPE = "subtype"
    SUBTYPE_OF_RARE = "subtype_of_rare"
    CATEGORY = "category"
    OMIM_EXACT = "omim_exact"

    ORPHA_ENTRY = "orpha_entry"
    OMIM_JOINED_BY_NAME = "omim_joined_by_name"
    OMIM_OF_COMMON = "omim_of_common"
    NO_VERDICT = "no_verdict"

    @property
    def is_rare(self) -> bool | None:
        """What the clause says: rare, not rare, or nothing."""
        if self in _RARE:
            return True
        return False if self in _COMMON else None


_RARE = frozenset(
    {
        Clause.RARE_POINT_PREVALENCE,
        Clause.RARE_BIRTH_PREVALENCE,
        Clause.CLASS_HOLDS_THRESHOLD,
        Clause.LOCAL_FIGURE_CONFIRMS,
        Clause.LOCAL_FIGURE_IGNORED,
        Clause.NO_FIGURE,
        Clause.GROUP_OF_RARE_MEMBERS,
        Clause.SUBTYPE_OF_RARE,
        Clause.OMIM_EXACT,
        Clause.ORPHA_ENTRY,
        Clause.OMIM_JOINED_BY_NAME,
    }
)
_COMMON = frozenset(
    {
        Clause.COMMON_TABLE,
        Clause.COMMON_POINT_PREVALENCE,
        Clause.COMMON_BIRTH_PREVALENCE,
        Clause.OMIM_OF_COMMON,
    }
)
_BY_FIGURE = {
    (Kind.POINT, True): Clause.RARE_POINT_PREVALENCE,
    (Kind.POINT, False): Clause.COMMON_POINT_PREVALENCE,
    (Kind.BIRTH, True): Clause.RARE_BIRTH_PREVALENCE,
    (Kind.BIRTH, False): Clause.COMMON_BIRTH_PREVALENCE,
}


@dataclass(frozen=True, slots=True)
class CommonTable:
    """What is common whatever an annotation file says: exact ids, and names as `bag_of_words`."""

    ids: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class RarityRule:
    """What decides: the common table, and Orphanet's tables with a threshold where they are there."""

    common: CommonTable
    orphanet: Orphanet | None = None
    rare_per_10000: float = RARE_PER_10000

    def __post_init__(self) -> None:
        if not 0 < self.rare_per_10000 < 10_000:
            raise ValueError(f"rare_per_10000 is {self.rare_per_10000:g}, expected a number between 0 and 10,000")

    def __str__(self) -> str:
        if self.orphanet is None:
            return "ORPHA entry of phenotype.hpoa (no prevalence tables)"
        return f"Orphanet's prevalence tables, at most {self.rare_per_10000:g} in 10,000"

    def judge(self, names: Mapping[str, str]) -> "Verdicts":
        """The deciding clause and the group of every disease.

        Args:
            names: disease id (`ORPHA:558`, `OMIM:154700`) to its name.
        """
        clauses = {x: self._clause(x, name) for x, name in names.items()}
        for x in names:
            if clauses[x] is Clause.GROUP_OF_MIXED_MEMBERS:
                clauses[x] = self._by_members(x, clauses)
        clauses |= dict.fromkeys(self._subtypes_of_rare(clauses), Clause.SUBTYPE_OF_RARE)
        groups = self._groups(names)
        for x, (group, is_exact) in groups.items():
            if clauses[x] is Clause.NO_VERDICT:
                clauses[x] = _joined(clauses[group].is_rare, is_exact=is_exact)
        return Verdicts(clauses, {x: group for x, (group, _is_exact) in groups.items()})

    def prevalence(self, orpha: str) -> Prevalence | None:
        """The figure that speaks for an ORPHA entry; None where there is none but a founder population's."""
        figure = self._figure(orpha)
        return None if figure is None or self._by_figure(figure) is Clause.LOCAL_FIGURE_IGNORED else figure

    def _figure(self, orpha: str) -> Prevalence | None:
        return None if self.orphanet is None else deciding(self.orphanet.figures.get(orpha, ()))

    def _clause(self, disease: str, name: str) -> Clause:
        """The clause of an entry by itself; a clinical group is mixed and an OMIM entry without a verdict for now."""
        # before the susceptibility entries, for a locus of migraine is migraine
        if disease in self.common.ids or {bag_of_words(name), bag_of_words(_LOCUS.sub("", name))} & self.common.names:
            return Clause.COMMON_TABLE
        if _SUSCEPTIBILITY.search(name):
            return Clause.SUSCEPTIBILITY
        if not disease.startswith("ORPHA:"):
            return Clause.NO_VERDICT
        entity = None if self.orphanet is None else self.orphanet.entities.get(disease)
        return Clause.ORPHA_ENTRY if entity is None else self._clause_of_entity(entity)

    def _clause_of_entity(self, entity: Entity) -> Clause:
        if entity.type.is_subtype:
            return Clause.SUBTYPE
        if entity.type is EntityType.CATEGORY:
            return Clause.CATEGORY
        figure = self._figure(entity.id)
        if entity.type is EntityType.CLINICAL_GROUP and (figure is None or figure.is_local):
            return Clause.GROUP_OF_MIXED_MEMBERS
        return Clause.NO_FIGURE if figure is None else self._by_figure(figure)

    def _by_figure(self, figure: Prevalence) -> Clause:
        threshold = self.rare_per_10000 * 10
        is_rare = figure.low_per_100000 <= threshold
        if figure.is_local:
            return Clause.LOCAL_FIGURE_CONFIRMS if is_rare else Clause.LOCAL_FIGURE_IGNORED
        if is_rare and figure.high_per_100000 > threshold:
            return Clause.CLASS_HOLDS_THRESHOLD
        return _BY_FIGURE[figure.kind, is_rare]

    def _by_members(self, group: str, clauses: Mapping[str, Clause]) -> Clause:
        members = self.orphanet.members(group) if self.orphanet is not None else frozenset()
        # a member without a verdict of its own is a susceptibility: it says nothing of the group
        verdicts = {clauses[x].is_rare for x in members if x in clauses} - {None}
        if not verdicts:
            figure = self._figure(group)
            return Clause.NO_FIGURE if figure is None else self._by_figure(figure)
        return Clause.GROUP_OF_RARE_MEMBERS if verdicts == {True} else Clause.GROUP_OF_MIXED_MEMBERS

    def _subtypes_of_rare(self, clauses: Mapping[str, Clause]) -> frozenset[str]:
        if self.orphanet is None:
            return frozenset()
        disorders = (x for x in clauses if x in self.orphanet.entities and self.orphanet.entities[x].type.is_disorder)
        below = {x: self.orphanet.subtypes(x) & clauses.keys() for x in disorders if x in self.orphanet.children}
        rare = {s for x, subtypes in below.items() if clauses[x].is_rare for s in subtypes}
        other = {s for x, subtypes in below.items() if not clauses[x].is_rare for s in subtypes}
        return frozenset(s for s in rare - other if clauses[s] is Clause.SUBTYPE)

    def _groups(self, names: Mapping[str, str]) -> dict[str, tuple[str, bool]]:
        """OMIM entry -> the ORPHA entry that is the same disease, and whether the tables say so (else the name)."""
        by_name: dict[str, str] = {}
        for entry in sorted((x for x in names if x.startswith("ORPHA:")), key=self._disorders_first):
            by_name.setdefault(bag_of_words(names[entry]), entry)
        exact = {} if self.orphanet is None else self.orphanet.exact
        groups: dict[str, tuple[str, bool]] = {}
        for disease, name in names.items():
            if disease.startswith("ORPHA:"):
                continue
            if same := self._entries(exact.get(disease, ()), names):
                groups[disease] = min(same, key=self._disorders_first), True
            elif (orpha := by_name.get(bag_of_words(name))) is not None:
                groups[disease] = orpha, False
        return groups

    def _entries(self, entities: Iterable[str], names: Mapping[str, str]) -> list[str]:
        # a category is a chapter, no disease: "exactly the same" would join all that is in it
        orphanet = self.orphanet
        if orphanet is None:
            return []
        return [x for x in entities if x in names and orphanet.entities[x].type is not EntityType.CATEGORY]

    def _disorders_first(self, orpha: str) -> tuple[bool, int, str]:
        entity = None if self.orphanet is None else self.orphanet.entities.get(orpha)
        return entity is not None and not entity.type.is_disorder, len(orpha), orpha


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a rule says of every disease it was asked about."""

    clauses: Mapping[str, Clause]
    groups: Mapping[str, str]
    """OMIM entry -> ORPHA entry of the same disease, where there is one."""


def load_common_table() -> CommonTable:
    """Read `common_diseases.csv` of this package.

    Raises:
        MalformedSource: a row that gives neither id nor name, or no reason; the row is named.
    """
    text = resources.files("raretriage.knowledge").joinpath("common_diseases.csv").read_text(encoding="utf-8")
    ids, names = set[str](), set[str]()
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        if not (row["id"] or row["name"]) or not row["source"]:
            raise MalformedSource(f"common_diseases.csv, line {number}: needs an id or a name, and a source")
        if row["id"]:
            ids.add(row["id"])
        else:
            names.add(bag_of_words(row["name"]))
    return CommonTable(frozenset(ids), frozenset(names))


def bag_of_words(name: str) -> str:
    """A name's words without case, accents, punctuation and order: how two catalogues' names are compared.

    >>> bag_of_words("Dermatitis, atopic") == bag_of_words("Atopic dermatitis")
    True
    """
    bare = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return " ".join(sorted(_NOT_A_LETTER_OR_DIGIT.sub(" ", bare).split()))


def _joined(is_rare: bool | None, *, is_exact: bool) -> Clause:
    if is_rare is None:
        return Clause.NO_VERDICT
    if not is_rare:
        return Clause.OMIM_OF_COMMON
    return Clause.OMIM_EXACT if is_exact else Clause.OMIM_JOINED_BY_NAME
