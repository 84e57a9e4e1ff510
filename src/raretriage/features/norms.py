"""Expected vital signs by age: what a missing value is compared with, and how far a measured one is from it."""

import csv
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@cache
def _table() -> tuple[FloatArray, dict[str, FloatArray]]:
    text = (files("raretriage.features") / "vital_norms.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    starts = np.array([float(row["from_age_years"]) for row in rows])
    names = [name for name in rows[0] if name not in {"from_age_years", "source"}]
    return starts, {name: np.array([float(row[name]) for row in rows]) for name in names}


def expected_vital(vital: str, age_years: FloatArray) -> FloatArray:
    """The median of a vital sign at each age; the adult median where the age is unknown.

    Args:
        vital: a name of `raretriage.domain.VITALS`.
        age_years: shape (n,), NaN where unknown.

    Returns:
        Shape (n,), in the vital's own unit.

    Source: `vital_norms.csv` beside this module names one for every row.
    """
    starts, medians = _table()
    age = np.where(np.isnan(age_years), 30.0, age_years)
    return medians[vital][np.searchsorted(starts, age, side="right") - 1]
