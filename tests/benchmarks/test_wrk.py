"""What wrk prints, and that a single failed request makes a run invalid."""

import json

import pytest

from benchmarks.running import NotComparable
from benchmarks.wrk import ERRORS, parse

PRINTED = """Running 2s test @ http://127.0.0.1:8000/predict
  1 threads and 8 connections
  Latency Distribution
     50%    1.50ms
     99%    4.00ms
  900 requests in 2.00s, 1.00MB read
Requests/sec:    450.00
"""
FIGURES = {"requests": 900, "microseconds": 2_000_000, "p50": 1_500, "p99": 4_000} | dict.fromkeys(ERRORS, 0)


def printed(**changed: int) -> str:
    return f"{PRINTED}\n{json.dumps(FIGURES | changed)}\n"


def test_the_figures_are_those_of_the_last_line():
    load = parse(printed())
    assert (load.requests, load.seconds, load.p50_ms, load.p99_ms, load.per_second) == (900, 2.0, 1.5, 4.0, 450.0)


@pytest.mark.parametrize("kind", ERRORS)
def test_one_failed_request_makes_the_run_invalid(kind):
    with pytest.raises(NotComparable, match=kind):
        parse(printed(**{kind: 1}))


def test_a_run_without_an_answer_is_invalid():
    with pytest.raises(NotComparable, match="nothing was answered"):
        parse(printed(requests=0))
