"""Encounters as columns: the one shape from which both training and the service make model input."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from raretriage.domain import VITALS, FindingStatus, InputTier, Pregnancy, Presentation

FloatArray = npt.NDArray[np.float64]
StringArray = npt.NDArray[np.object_]

NUMBERS: tuple[str, ...] = ("age_years", "fever", "pain", "days", "comorbidity", *VITALS)
CATEGORIES: tuple[str, ...] = ("sex", "pregnant", "visit_type")
_UNKNOWN: Mapping[str, str] = {"sex": "", "pregnant": Pregnancy.UNKNOWN.value, "visit_type": ""}
_BASIC = frozenset({"age_years", "fever", "pain", "days", "comorbidity"})


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings of n encounters in coordinate form; the three arrays have one entry a finding."""

    row: npt.NDArray[np.int64]
    hpo_id: StringArray
    observed: npt.NDArray[np.bool_]
    """True observed, False excluded. What nobody asked about has no entry."""

    def __iter__(self) -> Iterator[tuple[int, str, bool]]:
        """(row, HPO id, whether observed) of each."""
        return zip(self.row.tolist(), self.hpo_id.tolist(), self.observed.tolist(), strict=True)


@dataclass(frozen=True, slots=True)
class Columns:
    """n encounters. Numbers: float64 (n,), NaN where unknown. Categories: objects (n,), "" where unknown."""

    count: int
    numbers: Mapping[str, FloatArray]
    categories: Mapping[str, StringArray]
    findings: Findings


def columns_of(presentations: Sequence[Presentation]) -> Columns:
    """The columns of some presentations, in their order."""
    entries = [
        (row, finding.hpo_id, finding.status is FindingStatus.OBSERVED)
        for row, presentation in enumerate(presentations)
        for finding in presentation.phenotypes
    ]
    return Columns(
        count=len(presentations),
        numbers=dict(zip(NUMBERS, _numbers(presentations), strict=True)),
        categories={name: _strings(getattr(p, name) for p in presentations) for name in CATEGORIES},
        findings=Findings(
            row=np.array([entry[0] for entry in entries], dtype=np.int64),
            hpo_id=_strings(entry[1] for entry in entries),
            observed=np.array([entry[2] for entry in entries], dtype=np.bool_),
        ),
    )


def mask_to_tier(columns: Columns, tier: InputTier) -> Columns:
    """The same patients as if only this tier's inputs had been known."""
    if tier is InputTier.FINDINGS:
        return columns
    none = Findings(
        row=np.empty(0, dtype=np.int64), hpo_id=np.empty(0, dtype=object), observed=np.empty(0, dtype=np.bool_)
    )
    if tier is InputTier.VITALS:
        return replace(columns, findings=none)
    unknown = np.full(columns.count, np.nan)
    return replace(
        columns,
        findings=none,
        numbers={name: values if name in _BASIC else unknown for name, values in columns.numbers.items()},
        categories={name: np.full(columns.count, _UNKNOWN[name], dtype=object) for name in columns.categories},
    )


def mask_to_case(columns: Columns) -> Columns:
    """The same patients as published cases and letters tell of them: age, sex and findings, and nothing else known."""
    unknown = np.full(columns.count, np.nan)
    blank = {name: np.full(columns.count, value, dtype=object) for name, value in _UNKNOWN.items() if name != "sex"}
    return replace(
        columns,
        numbers={name: values if name == "age_years" else unknown for name, values in columns.numbers.items()},
        categories={**columns.categories, **blank},
    )


def take(columns: Columns, rows: npt.NDArray[np.int64]) -> Columns:
    """Some of the encounters, in the order of `rows` (indices, repeats allowed)."""
    order = np.argsort(columns.findings.row, kind="stable")
    sorted_rows = columns.findings.row[order]
    first = np.searchsorted(sorted_rows, rows, side="left")
    length = np.searchsorted(sorted_rows, rows, side="right") - first
    new_row = np.repeat(np.arange(len(rows), dtype=np.int64), length)
    offset = np.arange(len(new_row), dtype=np.int64) - np.repeat(np.cumsum(length) - length, length)
    picked = order[np.repeat(first, length) + offset]
    return Columns(
        count=len(rows),
        numbers={name: values[rows] for name, values in columns.numbers.items()},
        categories={name: values[rows] for name, values in columns.categories.items()},
        findings=Findings(
            row=new_row, hpo_id=columns.findings.hpo_id[picked], observed=columns.findings.observed[picked]
        ),
    )


def _numbers(presentations: Sequence[Presentation]) -> FloatArray:
    """Rows as `NUMBERS`; None becomes NaN."""
    values = [[getattr(p, name) for p in presentations] for name in NUMBERS]
    return np.array(values, dtype=np.float64)


def _strings(values: Iterable[object]) -> StringArray:
    strings = ["" if value is None else str(value) for value in values]
    array = np.empty(len(strings), dtype=object)
    array[:] = strings
    return array
