"""Figures against plain arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.benchmark.figures import TOP, differences, figures

lists = st.lists(st.tuples(st.integers(1, 200).map(float), st.sampled_from("abcde")), min_size=1, max_size=40)


def test_per_case_and_as_the_mean_over_diseases() -> None:
    found = figures([1, 1, 1, 11], ["often", "often", "often", "once"], draws=100)
    assert (found.n, found.diseases, found.median_rank) == (4, 2, 1)
    assert found.by_case["top1"].value == pytest.approx(0.75)
    assert found.by_disease["top1"].value == pytest.approx(0.5)
    assert found.by_case["top10"].value == pytest.approx(0.75)
    assert found.by_case["top50"].value == 1
    assert found.by_case["mrr"].value == pytest.approx((3 + 1 / 11) / 4)


def test_a_place_in_the_middle_of_a_tie_is_not_rounded_up() -> None:
    assert figures([1.5], ["a"], draws=100).by_case["top1"].value == 0
    assert figures([3.0], ["a"], draws=100).by_case["top3"].value == 1


@given(lists)
def test_figures_grow_with_depth_and_lie_in_their_intervals(rows: list[tuple[float, str]]) -> None:
    places, clusters = zip(*rows, strict=True)
    found = figures(places, clusters, draws=200)
    for part in (found.by_case, found.by_disease):
        values = [part[f"top{k}"].value for k in TOP]
        assert values == sorted(values)
        assert all(0 <= e.low <= e.high <= 1 for e in part.values())
    assert figures(places, clusters, draws=200) == found


@given(lists)
def test_a_method_is_not_above_itself_and_differences_have_a_sign(rows: list[tuple[float, str]]) -> None:
    places, clusters = zip(*rows, strict=True)
    for case, disease in differences(places, places, clusters, draws=100).values():
        assert (case.low, case.value, case.high, disease.value) == (0, 0, 0, 0)
    better = np.maximum(1, np.asarray(places) - 1)
    for case, disease in differences(better, places, clusters, draws=100).values():
        assert min(case.low, case.value, disease.low, disease.value) >= 0


def test_one_disease_alone_cannot_make_an_interval_narrow() -> None:
    alike = figures([1] * 50 + [100] * 50, ["a"] * 50 + ["b"] * 50, draws=1000).by_case["top1"]
    many = figures([1] * 50 + [100] * 50, [str(i) for i in range(100)], draws=1000).by_case["top1"]
    assert alike.high - alike.low > 3 * (many.high - many.low)
