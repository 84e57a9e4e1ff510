import math
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.privacy import age_at, coarsen_age, period_of, shift_date
from raretriage.privacy.dates import IMPLAUSIBLE_AGE, coarsen_ages

days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("birth", "on", "age"),
    [
        (date(1980, 5, 17), date(2024, 5, 16), 43.0),
        (date(1980, 5, 17), date(2024, 5, 17), 44.0),
        (date(2022, 8, 3), date(2024, 8, 2), 23 / 12),
        (date(2022, 8, 3), date(2024, 8, 3), 2.0),
        (date(2024, 8, 3), date(2024, 8, 3), 0.0),
        (date(2024, 8, 3), date(2024, 9, 2), 0.0),
        (date(2024, 8, 3), date(2024, 9, 3), 1 / 12),
        (date(2024, 1, 31), date(2024, 2, 29), 0.0),  # a month without a 31st is completed on the next first
        (date(2024, 1, 31), date(2024, 3, 1), 1 / 12),
        (date(2000, 2, 29), date(2023, 2, 28), 22.0),
        (date(2000, 2, 29), date(2023, 3, 1), 23.0),
        (date(1934, 8, 4), date(2024, 8, 3), 89.0),
        (date(1934, 8, 3), date(2024, 8, 3), 90.0),
        (date(1933, 8, 3), date(2024, 8, 3), 90.0),  # 91: 45 CFR 164.514(b)(2)(i)(C)
        (date(1904, 8, 3), date(2024, 8, 3), 90.0),
        (date(1903, 8, 3), date(2024, 8, 3), IMPLAUSIBLE_AGE),
        (date(2024, 8, 4), date(2024, 8, 3), -1.0),  # born after the visit: visible to validation
        (date(2034, 8, 3), date(2024, 8, 3), -10.0),
    ],
)
def test_age_in_completed_years_and_in_months_under_two(birth: date, on: date, age: float) -> None:
    assert age_at(birth, on) == age


@settings(deadline=None)
@given(birth=days, on=days)
def test_age_agrees_with_counting_birthdays(birth: date, on: date) -> None:
    """Oracle: count completed years with the calendar alone."""
    age = age_at(birth, on)
    completed = on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
    if birth > on:
        assert age < 0
    elif completed < 2:
        assert completed <= age < completed + 1
        assert round(age * 12) == pytest.approx(age * 12)
    else:
        assert age == (completed if completed < 90 else 90 if completed <= 120 else IMPLAUSIBLE_AGE)


@settings(deadline=None)
@given(years=st.floats(-200, 500))
def test_coarsening_twice_is_coarsening_once(years: float) -> None:
    once = coarsen_age(years)
    assert coarsen_age(once) == once
    assert (once < 0) == (years < 0)
    assert once == IMPLAUSIBLE_AGE or -200 <= once <= 90


@pytest.mark.parametrize("months", range(24))
def test_whole_months_survive(months: int) -> None:
    assert coarsen_age(months / 12) == months / 12
    assert coarsen_age(round(months / 12, 7)) == months / 12  # as a client may print it


@pytest.mark.parametrize(
    ("years", "coarse"),
    [(1.99, 23 / 12), (2.0, 2.0), (2.99, 2.0), (89.99, 89.0), (90.0, 90.0), (90.01, 90.0), (120.9, 90.0),
     (121.0, 121.0), (math.inf, 121.0), (-0.01, -1.0)],
)  # fmt: skip
def test_bounds_of_the_age_rule(years: float, coarse: float) -> None:
    assert coarsen_age(years) == coarse


def test_unknown_age_stays_unknown() -> None:
    assert np.isnan(coarsen_ages(np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("on", "period"),
    [
        (date(2024, 1, 1), "2024Q1"),
        (date(2024, 3, 31), "2024Q1"),
        (date(2024, 4, 1), "2024Q2"),
        (date(2024, 9, 30), "2024Q3"),
        (date(2024, 10, 1), "2024Q4"),
        (date(987, 12, 31), "0987Q4"),
    ],
)
def test_period_is_the_calendar_quarter(on: date, period: str) -> None:
    assert period_of(on) == period


@settings(deadline=None)
@given(first=days, second=days, shift=st.integers(-182, 182))
def test_intervals_survive_a_shift(first: date, second: date, shift: int) -> None:
    assert shift_date(second, shift) - shift_date(first, shift) == second - first
    assert shift_date(first, shift) - first == timedelta(days=shift)
