"""What a number may be: one table for validation, clipping, error messages and the page.

The limits say what a living patient at triage can show, not what is normal. A value outside them is a
typing error, a wrong unit or a broken sensor. Source of every limit of a vital sign: estimate (chosen for
this project, wide on purpose); the 0-10 and 0-5 scales are contracts with the clients.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval with the unit in which it is meant (UCUM where one exists)."""

    low: float
    high: float
    unit: str

    def holds(self, value: float) -> bool:
        """True inside the interval, both ends included; False for NaN."""
        return self.low <= value <= self.high


RANGES: Mapping[str, Range] = MappingProxyType(
    {
        "age_years": Range(0, 120, "a"),
        "fever": Range(0, 10, "{score}"),
        "pain": Range(0, 10, "{score}"),
        "days": Range(0, 36_525, "d"),
        "comorbidity": Range(0, 5, "{count}"),
        "temperature_c": Range(25, 45, "Cel"),
        "heart_rate": Range(20, 300, "/min"),
        "respiratory_rate": Range(4, 120, "/min"),
        "systolic_bp": Range(40, 300, "mm[Hg]"),
        "diastolic_bp": Range(15, 200, "mm[Hg]"),
        "spo2": Range(40, 100, "%"),
    }
)

VITALS: tuple[str, ...] = (
    "temperature_c",
    "heart_rate",
    "respiratory_rate",
    "systolic_bp",
    "diastolic_bp",
    "spo2",
)

# Fever on the 0-10 scale from body temperature: (from this temperature in Celsius, score), ascending.
# Source: estimate; 38.0 as the onset of fever follows common clinical use, the steps are this project's own.
_FEVER_STEPS: tuple[tuple[float, float], ...] = (
    (37.5, 2.0),
    (38.0, 4.0),
    (38.5, 5.0),
    (39.0, 6.0),
    (39.5, 7.0),
    (40.0, 8.0),
    (40.5, 9.0),
    (41.0, 10.0),
)


def fever_from_temperature(temperature_c: float) -> float:
    """The fever score (0-10) that a measured temperature stands for.

    >>> [fever_from_temperature(t) for t in (36.8, 37.5, 38.9, 41.7)]
    [0.0, 2.0, 5.0, 10.0]
    """
    score = 0.0
    for start, value in _FEVER_STEPS:
        if temperature_c >= start:
            score = value
    return score
