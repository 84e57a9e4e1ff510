"""Expected vital signs by age: what a missing value is compared with, and how far a measured one is from it."""

import csv
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@cache
def _table(vitals: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
    text = (files("raretriage.features") / "vital_norms.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    starts = np.array([float(row["from_age_years"]) for row in rows])
    return starts, np.array([[float(row[vital]) for row in rows] for vital in vitals])


def expected_vitals(vitals: tuple[str, ...], age_years: FloatArray) -> FloatArray:
    """The medians of vital signs at each age; the adult median where the age is unknown.

    Args:
        vitals: names of `raretriage.domain.VITALS`.
        age_years: shape (n,), NaN where unknown.

    Returns:
        Shape (len(vitals), n), each row in the vital's own unit.

    Source: `vital_norms.csv` beside this module names one for every row.
    """
    starts, medians = _table(vitals)
    age = np.where(np.isnan(age_years), 30.0, age_years)
    return medians[:, np.count_nonzero(age >= starts[:, np.newaxis], axis=0) - 1]
