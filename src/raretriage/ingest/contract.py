"""The contract on de-identified encounters: ranges, and rules across fields. A row that breaks it is quarantined.

Ranges are `domain.RANGES`. Rules across fields look for what single ranges miss: exchanged columns, impossible times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pandas as pd
import pandera.pandas as pandera
import pyarrow as pa

from raretriage.domain import RANGES, Pregnancy, Sex, State, VisitType

_AGE_CAP = 90
_ADULT_PULSE_FROM_YEARS = 2
"""Below it, a failing newborn can really breathe faster than the heart beats. Source: estimate."""

# Rule across fields -> the field a reader should look at first.
_FIELD_OF_RULE = {
    "systolic_above_diastolic": "systolic_bp",
    "pulse_below_breathing": "heart_rate",
    "days_exceed_age": "days",
    "pregnant_male": "pregnant",
    "encounter_in_future": "period",
}
_CODES: dict[str, tuple[str, ...]] = {
    "sex": tuple(Sex),
    "pregnant": tuple(Pregnancy),
    "visit_type": tuple(VisitType),
    "state": tuple(State),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A broken rule: row number within the batch, rule, field and the de-identified value."""

    row: int
    rule: str
    field: str
    value: str | None


@cache
def contract() -> pandera.DataFrameSchema:
    """The schema of one batch of `ENCOUNTERS` as a frame, with the extra column `in_future`."""
    columns = {
        field: pandera.Column(
            float, pandera.Check.in_range(limits.low, limits.high, error="out_of_range"), nullable=True
        )
        for field, limits in RANGES.items()
    }
    columns |= {
        field: pandera.Column(str, pandera.Check.isin(codes, error="unknown_code"), nullable=True, coerce=False)
        for field, codes in _CODES.items()
    }
    return pandera.DataFrameSchema(columns, checks=_across_fields(), strict=False)


def _across_fields() -> list[pandera.Check]:
    def broken(name: str, rule: object) -> pandera.Check:
        return pandera.Check(rule, name=name)

    return [
        broken("systolic_above_diastolic", lambda rows: ~(rows["systolic_bp"] <= rows["diastolic_bp"])),
        broken(
            "pulse_below_breathing",
            lambda rows: (
                ~((rows["heart_rate"] <= rows["respiratory_rate"]) & ~(rows["age_years"] < _ADULT_PULSE_FROM_YEARS))
            ),
        ),
        broken(
            "days_exceed_age",
            # A year of slack: ages are completed years; at the cap of 90 the age is not known.
            lambda rows: ~((rows["days"] > (rows["age_years"] + 1) * 366) & (rows["age_years"] < _AGE_CAP)),
        ),
        broken(
            "pregnant_male",
            lambda rows: ~((rows["pregnant"] == Pregnancy.YES.value) & (rows["sex"] == Sex.MALE.value)),
        ),
        broken("encounter_in_future", lambda rows: ~rows["in_future"]),
    ]


def failures(rows: pa.RecordBatch, in_future: pa.BooleanArray) -> tuple[Failure, ...]:
    """Every broken rule of every row, by row and rule.

    Args:
        rows: de-identified, with the columns of `ENCOUNTERS`.
        in_future: whether the encounter's true date is later than now; the shifted date cannot tell.
    """
    names = [*RANGES, *_CODES, "period"]
    frame = rows.select(names).to_pandas().astype(dict.fromkeys(RANGES, float))
    frame["in_future"] = in_future.to_pandas().astype(bool)
    for field in _CODES:
        frame[field] = frame[field].astype("str")
    try:
        contract().validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as found:
        return tuple(
            sorted(
                set(_read(found.failure_cases, frame)), key=lambda failure: (failure.row, failure.rule, failure.field)
            )
        )
    return ()


def _read(cases: pd.DataFrame, frame: pd.DataFrame) -> Iterator[Failure]:
    for rule, column, row in zip(cases["check"], cases["column"], cases["index"], strict=True):
        if rule not in _FIELD_OF_RULE and rule not in ("out_of_range", "unknown_code"):
            raise TypeError(f"encounter batch does not have the contract's columns: {column}: {rule}")
        field = _FIELD_OF_RULE.get(rule) or str(column)
        value = frame[field].iloc[row]
        yield Failure(int(row), str(rule), field, None if pd.isna(value) else str(value))
