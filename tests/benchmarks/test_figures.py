"""Medians, ratios and goals; a goal that is missed by a hair is missed."""

import pytest

from benchmarks.figures import Spread, Summary, ratio, verdicts
from benchmarks.wrk import Load


def summary(per_second: float, p99_ms: float = 5.0) -> Summary:
    return Summary.of([Load(requests=round(per_second * 10), seconds=10.0, p50_ms=1.0, p99_ms=p99_ms)])


def test_the_median_is_of_the_runs_and_the_extremes_stand_beside_it():
    runs = [Load(requests=n, seconds=2.0, p50_ms=n / 100, p99_ms=n / 10) for n in (300, 100, 500, 200, 400)]
    found = Summary.of(runs)
    assert found.per_second == Spread(150.0, 50.0, 250.0)
    assert found.p50_ms == Spread(3.0, 1.0, 5.0)
    assert found.p99_ms == Spread(30.0, 10.0, 50.0)


def test_the_ratio_is_ours_to_theirs():
    assert ratio({"raretriage": summary(300), "mlserver": summary(100)}, "mlserver") == 3.0


@pytest.mark.parametrize(
    ("ours", "other", "verdict"),
    [
        ((300, 4.0), (100, 5.0), "reached"),
        ((299.9, 4.0), (100, 5.0), "MISSED"),
        ((900, 5.0), (100, 5.0), "MISSED"),  # its p99 is not lower
    ],
)
def test_mlserver_is_to_be_beaten_in_both(ours, other, verdict):
    found = verdicts({"raretriage": summary(*ours), "mlserver": summary(*other)})
    assert found == {">= 3x mlserver with a lower p99": verdict}


def test_against_the_constant_route_only_requests_count():
    assert list(verdicts({"raretriage": summary(70, 9.0), "constant": summary(100, 1.0)}).values()) == ["reached"]
    assert list(verdicts({"raretriage": summary(69, 0.5), "constant": summary(100, 1.0)}).values()) == ["MISSED"]


def test_what_was_not_measured_has_no_verdict():
    assert verdicts({"raretriage": summary(70)}) == {}
    assert verdicts({"mlserver": summary(70)}) == {}
    assert verdicts({}) == {}
