"""Patients of DDXPlus (CC BY, arXiv:2205.09148), simulated by somebody else and flavoured by the emergency room.

`ddxplus_map.csv` of the cohort says which answer is which finding, and of which conditions it is not believed. Only
what a patient has is taken: DDXPlus does not say which of the other questions were asked, so nothing is excluded.
The complaint that a patient opens with is told first, then the rest as listed.
"""

import ast
import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from pydantic import ValidationError

from raretriage.domain import Phenotype, Presentation
from raretriage.knowledge import Knowledge
from raretriage.validity.cases import Case, CaseSet, Group, Source

COLUMNS = frozenset({"AGE", "SEX", "EVIDENCES", "INITIAL_EVIDENCE", "English Pathology"})
_SEX = {"F": "female", "M": "male"}
_INTENSITY = "douleurxx_intens_@_"
"""How strong the pain is, 0 to 10."""

RARE = "rare by the rarity rule"
NO_VERDICT = "no verdict by the rarity rule"
UNKNOWN = "a condition that this project has not placed"
NO_FINDING = "no evidence that the map knows"


@dataclass(frozen=True, slots=True)
class _Answer:
    """A line of the map: whoever has all of these evidences, with one of the values where there are any, has it."""

    questions: frozenset[str]
    values: frozenset[str]
    hpo_id: str
    only_for: frozenset[str]
    not_for: frozenset[str]

    def holds(self, condition: str, told: frozenset[str]) -> bool:
        if condition in self.not_for or (self.only_for and condition not in self.only_for):
            return False
        if self.values:
            return any(f"{question}_@_{value}" in told for question in self.questions for value in self.values)
        return self.questions <= told


def read_ddxplus(rows: Iterable[Mapping[str, str]], *, judge: Knowledge) -> CaseSet:
    """Patients whose condition is not rare, in two groups: used for this project's profiles, or not.

    Args:
        judge: decides what is rare, among the conditions that are in no table of common diseases.
    """
    answers, verdicts = _answers(), _Verdicts(judge)
    cases: list[Case] = []
    unused: Counter[str] = Counter()
    for row in rows:
        made = _case(row, answers, verdicts.of(row["English Pathology"]))
        if isinstance(made, Case):
            cases.append(made)
        else:
            unused[made] += 1
    return CaseSet(
        source=Source.DDXPLUS, cases=tuple(cases), read=len(cases) + unused.total(), unused=dict(unused), notes={}
    )


def ddxplus_rows(texts: Iterable[str]) -> Iterator[dict[str, str]]:
    for text in texts:
        yield from csv.DictReader(text.splitlines())


class _Verdicts:
    """Condition to its group, or to the reason why its patients are not used."""

    def __init__(self, judge: Knowledge) -> None:
        self._sources = [row["source"] for row in _table("raretriage.cohort", "profiles", "counts.csv")]
        common = {row["disease"] for row in _table("raretriage.cohort", "profiles", "common.csv")}
        self._found: dict[str, Group | str] = {}
        for row in _table("raretriage.validity", "ddxplus_conditions.csv"):
            is_rare = False if row["disease"] in common else judge.is_rare(row["disease"])
            self._found[row["condition"]] = {True: RARE, False: Group.NOT_COUNTED, None: NO_VERDICT}[is_rare]

    def of(self, condition: str) -> Group | str:
        """A source names condition, answers and files: whoever was counted is in the profiles, whatever else."""
        if condition not in self._found:
            is_counted = any(source.startswith(f"DDXPlus {condition} ") for source in self._sources)
            self._found[condition] = Group.COUNTED if is_counted else UNKNOWN
        return self._found[condition]


def _case(row: Mapping[str, str], answers: Sequence[_Answer], verdict: Group | str) -> Case | str:
    if not isinstance(verdict, Group):
        return verdict
    condition, stated = row["English Pathology"], _evidences(row["EVIDENCES"])
    if stated is None:
        return "evidences that cannot be read"
    told = sorted(stated, key=lambda evidence: _question(evidence) != _question(row["INITIAL_EVIDENCE"]))
    findings = _findings(condition, told, answers)
    if not findings:
        return NO_FINDING
    try:
        presentation = Presentation.model_validate(
            {
                "age_years": float(row["AGE"]),
                "sex": _SEX.get(row["SEX"]),
                "pain": _pain(told),
                "phenotypes": [Phenotype(hpo_id=hpo_id) for hpo_id in findings],
            }
        )
    except (ValidationError, ValueError):
        return "an impossible value"
    return Case(cluster=condition, group=verdict, presentation=presentation)


def _findings(condition: str, told: Sequence[str], answers: Sequence[_Answer]) -> tuple[str, ...]:
    """What each evidence, in the order of telling, adds to those before it."""
    known: dict[str, None] = {}
    for count in range(1, len(told) + 1):
        # A question with values is asked for by its name alone too: "does it hurt anywhere".
        heard = frozenset(told[:count]) | {_question(evidence) for evidence in told[:count]}
        known |= dict.fromkeys(a.hpo_id for a in answers if a.holds(condition, heard))
    return tuple(known)


def _question(evidence: str) -> str:
    return evidence.partition("_@_")[0]


def _evidences(text: str) -> list[str] | None:
    try:
        stated = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return None
    return stated if isinstance(stated, list) and all(isinstance(evidence, str) for evidence in stated) else None


def _pain(told: Iterable[str]) -> float | None:
    stated = [evidence.removeprefix(_INTENSITY) for evidence in told if evidence.startswith(_INTENSITY)]
    return float(stated[0]) if stated and stated[0].isdecimal() else None


def _answers() -> tuple[_Answer, ...]:
    return tuple(
        _Answer(
            questions=frozenset(row["evidence"].split("&")),
            values=_set(row["value"]),
            hpo_id=row["hpo_id"],
            only_for=_set(row["only_for"]),
            not_for=_set(row["not_for"]),
        )
        for row in _table("raretriage.cohort", "profiles", "ddxplus_map.csv")
    )


def _set(cell: str) -> frozenset[str]:
    return frozenset(filter(None, cell.split("|")))


def _table(package: str, *path: str) -> list[dict[str, str]]:
    text = resources.files(package).joinpath(*path).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
