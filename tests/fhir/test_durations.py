"""Ages as ISO 8601 durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.fhir import age_in_years, find_days


@pytest.mark.parametrize("text", ["", "P", "PT", "34Y", "P34", "-P3Y", "P3YM", "three years", "P1D2Y"])
def test_what_is_no_duration_gives_none(text: str) -> None:
    assert find_days(text) is None
    assert age_in_years(text) is None


@pytest.mark.parametrize(
    ("text", "years"),
    [("P0D", 0), ("P1M", 1 / 12), ("P1Y", 1), ("P1Y11M", 23 / 12), ("P2Y", 2), ("P2Y11M", 2), ("P104W", 23 / 12)],
)
def test_ages_are_completed_years_and_under_two_completed_months(text: str, years: float) -> None:
    assert age_in_years(text) == pytest.approx(years)


@given(st.integers(2, 120), st.integers(0, 11), st.integers(0, 28))
def test_months_and_days_never_complete_a_year(years: int, months: int, days: int) -> None:
    assert age_in_years(f"P{years}Y{months}M{days}D") in (years, years + (months == 11 and days > 27))


@given(st.text(max_size=12))
def test_any_text_is_a_duration_or_none(text: str) -> None:
    found = find_days(text)
    assert found is None or found >= 0
