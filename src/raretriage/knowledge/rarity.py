"""Is a disease rare? The rule of the design for a machine without Orphanet's prevalence tables.

1. What the common table (`common_diseases.csv`) names, by id or by name, is not rare: phenotype.hpoa is no list of
   rare diseases, it holds migraine, coeliac disease, Alzheimer, dengue.
2. An entry that is only a susceptibility is neither: no disease, no verdict.
3. An ORPHA entry of phenotype.hpoa is rare: Orphanet's own inclusion criterion stands.
4. An OMIM entry with the same normalised name as such an ORPHA entry is rare.
5. Else no verdict. Without a prevalence, "not known to be rare" must not become "common".
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources

from raretriage.knowledge.errors import MalformedSource

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
    ORPHA_ENTRY = "orpha_entry"
    OMIM_JOINED_BY_NAME = "omim_joined_by_name"
    NO_VERDICT = "no_verdict"

    @property
    def is_rare(self) -> bool | None:
        """What the clause says: rare, not rare, or nothing."""
        if self in {Clause.ORPHA_ENTRY, Clause.OMIM_JOINED_BY_NAME}:
            return True
        return False if self is Clause.COMMON_TABLE else None


@dataclass(frozen=True, slots=True)
class CommonTable:
    """What is common whatever an annotation file says: exact ids, and names as `bag_of_words`."""

    ids: frozenset[str]
    names: frozenset[str]


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


def judge(names: Mapping[str, str], common: CommonTable) -> dict[str, Clause]:
    """The deciding clause for every disease.

    Args:
        names: disease id (`ORPHA:558`, `OMIM:154700`) to its name.
        common: see `load_common_table`.
    """
    orpha = (disease for disease in names if disease.startswith("ORPHA:"))
    rare_names = _rare_names(orpha, names, common)
    return {disease: _clause(disease, name, common, rare_names) for disease, name in names.items()}


def groups_by_name(names: Mapping[str, str]) -> dict[str, str]:
    """OMIM entry -> the ORPHA entry of the same normalised name (the lowest number of several), where there is one."""
    orpha: dict[str, str] = {}
    for disease in sorted((x for x in names if x.startswith("ORPHA:")), key=lambda x: (len(x), x)):
        orpha.setdefault(bag_of_words(names[disease]), disease)
    found = {x: orpha.get(bag_of_words(names[x])) for x in names if not x.startswith("ORPHA:")}
    return {disease: group for disease, group in found.items() if group is not None}


def bag_of_words(name: str) -> str:
    """A name's words without case, accents, punctuation and order: how two catalogues' names are compared.

    >>> bag_of_words("Dermatitis, atopic") == bag_of_words("Atopic dermatitis")
    True
    """
    bare = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return " ".join(sorted(_NOT_A_LETTER_OR_DIGIT.sub(" ", bare).split()))


def _rare_names(orpha: Iterable[str], names: Mapping[str, str], common: CommonTable) -> frozenset[str]:
    rare = (names[x] for x in orpha if _clause(x, names[x], common, frozenset()) is Clause.ORPHA_ENTRY)
    return frozenset(bag_of_words(name) for name in rare)


def _clause(disease: str, name: str, common: CommonTable, rare_names: frozenset[str]) -> Clause:
    # before the susceptibility entries, for a locus of migraine is migraine
    if disease in common.ids or {bag_of_words(name), bag_of_words(_LOCUS.sub("", name))} & common.names:
        return Clause.COMMON_TABLE
    if _SUSCEPTIBILITY.search(name):
        return Clause.SUSCEPTIBILITY
    if disease.startswith("ORPHA:"):
        return Clause.ORPHA_ENTRY
    if bag_of_words(name) in rare_names:
        return Clause.OMIM_JOINED_BY_NAME
    return Clause.NO_VERDICT
