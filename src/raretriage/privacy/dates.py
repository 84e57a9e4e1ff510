"""How old, in which quarter, and on which shifted day: what remains of dates.

One rule for ages, on arrays, so that the lake and the service cannot differ:

- from 2 years on: completed years; under 2: completed months / 12
- 90 to 120: 90, one class of everybody over 89: 45 CFR 164.514(b)(2)(i)(C)
- over 120: 121, and below 0: whole years down. Both are errors of the source and stay visible, so that validation
  can quarantine the row by its rule; capping them would turn an error into a very old patient.
"""

import math
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from raretriage.domain import RANGES

AGE_CAP = 90.0
OLDEST = RANGES["age_years"].high
IMPLAUSIBLE_AGE = OLDEST + 1
FRACTIONAL_UNDER = 2.0

Days = npt.NDArray[np.int64]
Years = npt.NDArray[np.float64]

# A client that prints 7 months as 0.5833333 means 7; a millionth of a month is far below a day (0.03 months).
_MONTH_TOLERANCE = 1e-6


def coarsen_ages(years: Years) -> Years:
    """Ages in years, shape (n,), by the rule of this module. NaN stays NaN; applying it twice changes nothing."""
    months = np.floor(years * 12 + _MONTH_TOLERANCE) / 12
    coarse = np.where((years >= 0) & (years < FRACTIONAL_UNDER), months, np.floor(years))
    return np.where(coarse > OLDEST, IMPLAUSIBLE_AGE, np.where(coarse > AGE_CAP, AGE_CAP, coarse))


@lru_cache(maxsize=4_096)
def coarsen_age(years: float) -> float:
    """`coarsen_ages` for one age.

    >>> [coarsen_age(years) for years in (0.55, 2.9, 89.9, 97.0, 130.0)]
    [0.5, 2.0, 89.0, 90.0, 121.0]
    """
    return float(coarsen_ages(np.array([years], dtype=np.float64))[0])


def ages_between(birth: Days, on: Days) -> Years:
    """Age on a day, from days since 1970-01-01, shape (n,); negative where the birth is later.

    A month is completed on the day with the same number, or on the next day where that month has no such day: who
    was born on 29 February completes a year on 1 March.
    """
    born, born_day = _months_and_day(birth)
    seen, seen_day = _months_and_day(on)
    return coarsen_ages((seen - born - (seen_day < born_day)) / 12)


def age_at(birth: date, on: date) -> float:
    """Age in years on a day, by the rule of this module; negative for a birth later than `on`.

    >>> age_at(date(2023, 7, 15), date(2024, 6, 14)), age_at(date(1930, 1, 1), date(2024, 6, 14))
    (0.8333333333333334, 90.0)
    """
    return float(ages_between(_days(birth), _days(on))[0])


def period_of(on: date) -> str:
    """The calendar quarter, to be taken before any shift.

    >>> period_of(date(2024, 9, 30))
    '2024Q3'
    """
    return f"{on.year:04d}Q{math.ceil(on.month / 3)}"


def shift_date(on: date, days: int) -> date:
    """The same day, moved by `days`; one number for all dates of a patient keeps every interval."""
    return on + timedelta(days=days)


def _days(on: date) -> Days:
    return np.array([on], dtype="datetime64[D]").astype(np.int64)


def _months_and_day(days: Days) -> tuple[Days, Days]:
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    return months.astype(np.int64), (dates - months.astype("datetime64[D]")).astype(np.int64)
