"""A check passes when its whole interval is within the limit, on enough visits."""

import pytest

from raretriage.validity.cheats import LEAST_VISITS, Check


@pytest.mark.parametrize(
    ("high", "n", "passed"),
    [
        (0.60, LEAST_VISITS, True),
        (0.6001, LEAST_VISITS, False),
        (0.60, LEAST_VISITS - 1, False),
    ],
)
def test_unsure_is_not_passed(high: float, n: int, passed: bool) -> None:
    check = Check("rare from nothing", 0.5, 0.4, high, 0.60, n)
    assert check.passed is passed
    assert check.as_json()["passed"] is passed


def test_what_is_only_reported_has_nothing_to_pass() -> None:
    assert Check("rare from duration", 0.9, 0.8, 1.0, None, 10).passed
