"""Which sex has a disease? By the annotations, in this order; `disease_sex.csv` has the shares:

1. The annotated mode of inheritance (X-linked recessive: nearly all are male).
2. At least half of an entry's findings are annotated as of one sex, none as of the other.
3. Two or more findings that only one sex can have are very frequent, and none of the other sex is annotated.
   One is not enough, and those of the male external genitalia (cryptorchidism, hypospadias) do not count at all:
   they are "very frequent" among the boys of syndromes that girls have too.
4. Words of the disease's name (X-linked).
5. Nothing: both alike.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files

from raretriage.domain import Sex
from raretriage.knowledge.annotations import VERY_FREQUENT, Annotation
from raretriage.knowledge.errors import MalformedSource
from raretriage.knowledge.knowledge import Knowledge
from raretriage.knowledge.naming import has_words

BOTH_ALIKE = 0.5

_TABLE = "disease_sex.csv"
_ENOUGH_FINDINGS = 2


class SexClause(StrEnum):
    """Which sentence of the rule gave a disease its share of men."""

    INHERITANCE = "annotated_inheritance"
    ANNOTATED_SEX = "annotated_sex"
    ONE_SEX_FINDINGS = "one_sex_findings"
    NAME = "name"
    BOTH_ALIKE = "both_alike"


@dataclass(frozen=True, slots=True)
class SexTable:
    """`disease_sex.csv`: shares of men by mode of inheritance and by word; findings that only one sex can have."""

    inheritance: dict[str, float]
    name: dict[str, float]
    finding: dict[str, Sex]
    """HPO term -> the sex that can have it and its kinds."""
    of_one_sex: dict[str, Sex]
    """The same for each of their kinds."""
    no_evidence: frozenset[str]
    """Findings of one sex which, with their kinds, do not say that a disease is of that sex."""


def load_sex_table(knowledge: Knowledge, text: str | None = None) -> SexTable:
    """Read the shipped table, or `text` in the same format.

    Raises:
        MalformedSource: an unknown kind, a share outside 0-1, or a finding of no one sex; line named.
    """
    inheritance, name, finding, no_evidence = dict[str, float](), dict[str, float](), dict[str, Sex](), set[str]()
    shipped = files("raretriage.knowledge").joinpath(_TABLE).read_text(encoding="utf-8") if text is None else text
    for line, row in enumerate(csv.DictReader(shipped.splitlines()), start=2):
        try:
            share = _share(row)
            kind = _kind(row, share)
        except MalformedSource as error:
            raise MalformedSource(f"{_TABLE}, line {line}: {error}") from None
        if kind == "name":
            name[row["key"]] = share
        elif (hpo_id := knowledge.find(row["key"])) is None:
            continue  # of another release: no annotation of this one has it
        elif kind == "inheritance":
            inheritance[hpo_id] = share
        elif kind == "finding":
            finding[hpo_id] = Sex.MALE if share else Sex.FEMALE
        else:
            no_evidence.add(hpo_id)
    kinds = {x.id: sex for x in knowledge.ontology.current_terms() if (sex := only_sex(knowledge, x.id, finding))}
    return SexTable(inheritance, name, finding, kinds, frozenset(no_evidence))


def _kind(row: Mapping[str, str], share: float) -> str:
    kind = row["kind"]
    if kind in {"inheritance", "name", "no_evidence"} or (kind == "finding" and share in {0.0, 1.0}):
        return kind
    expected = "expected inheritance, name, no_evidence, or finding with 0 or 1"
    raise MalformedSource(f"kind {kind!r} with male_share {share:g}: {expected}")


def _share(row: Mapping[str, str]) -> float:
    if not row["source"]:
        raise MalformedSource("column source is empty")
    try:
        share = float(row["male_share"])
    except ValueError:
        raise MalformedSource(f"male_share: {row['male_share']!r} is not a number") from None
    if not 0 <= share <= 1:
        raise MalformedSource(f"male_share: {row['male_share']} is outside 0 to 1")
    return share


def male_share(knowledge: Knowledge, name: str, rows: Sequence[Annotation], table: SexTable) -> tuple[float, SexClause]:
    """Share of men among the patients of a disease, and the clause that decided.

    Args:
        knowledge: what each finding is a kind of.
        name: the disease's name.
        rows: annotations of its entries, ORPHA and OMIM.
        table: see `load_sex_table`.
    """
    present = [row for row in rows if not row.excluded]
    modes = [table.inheritance[r.hpo_id] for r in present if r.hpo_id in table.inheritance]
    if modes:
        return sum(modes) / len(modes), SexClause.INHERITANCE
    if any(row.sex for row in present):
        findings = [row for row in present if knowledge.is_finding(row.hpo_id)]
        annotated = {row.sex for row in findings} - {""}
        if len(annotated) == 1 and 2 * sum(row.sex != "" for row in findings) >= len(findings):
            return float(annotated == {"male"}), SexClause.ANNOTATED_SEX
    of_one_sex = [(row, table.of_one_sex[row.hpo_id]) for row in present if row.hpo_id in table.of_one_sex]
    typical = {
        row.hpo_id
        for row, _sex in of_one_sex
        if row.interval is not None
        and row.interval.low >= VERY_FREQUENT
        and not knowledge.ancestors(row.hpo_id) & table.no_evidence
    }
    sexes = {sex for _row, sex in of_one_sex}
    if len(typical) >= _ENOUGH_FINDINGS and len(sexes) == 1:
        return float(sexes == {Sex.MALE}), SexClause.ONE_SEX_FINDINGS
    for words, share in table.name.items():
        if has_words(name, words):
            return share, SexClause.NAME
    return BOTH_ALIKE, SexClause.BOTH_ALIKE


def only_sex(knowledge: Knowledge, hpo_id: str, of_one_sex: Mapping[str, Sex]) -> Sex | None:
    """The only sex that can have a finding; None where both can."""
    sexes = {of_one_sex[x] for x in knowledge.ancestors(hpo_id) & of_one_sex.keys()}
    return sexes.pop() if len(sexes) == 1 else None
