import numpy as np
import pytest

from raretriage.validity.shares import macro, pooled


def rows(**clusters: list[int]) -> tuple[np.ndarray, np.ndarray]:
    names = np.array([name for name, values in clusters.items() for _ in values], dtype=object)
    return np.array([value for values in clusters.values() for value in values], dtype=np.float64), names


def test_one_big_disease_moves_the_mean_of_cases_and_not_that_of_diseases():
    values, names = rows(big=[0, 0, 0, 0, 0, 1], small=[1], other=[1, 0])
    rng = np.random.default_rng(1)
    assert pooled(values, names, rng).value == pytest.approx(3 / 9)
    assert macro(values, names, rng).value == pytest.approx((1 / 6 + 1 + 1 / 2) / 3)


def test_n_and_clusters_are_those_that_the_figure_rests_on():
    values, names = rows(a=[1, 0], b=[1], c=[0])
    share = pooled(values, names, np.random.default_rng(1))
    assert (share.n, share.clusters) == (4, 3)


def test_few_clusters_give_no_interval_and_five_do():
    values, names = rows(a=[1], b=[0], c=[1], d=[0])
    assert pooled(values, names, np.random.default_rng(1)).low is None
    values, names = rows(a=[1], b=[0], c=[1], d=[0], e=[1])
    share = pooled(values, names, np.random.default_rng(1))
    assert share.low is not None
    assert share.low < share.value < share.high


def test_cases_that_are_alike_within_their_disease_do_not_narrow_the_interval():
    """A hundred copies of each case tell nothing new: the interval is by disease."""
    values, names = rows(**{f"d{i}": [i % 2] for i in range(10)})
    few = pooled(values, names, np.random.default_rng(1))
    many = pooled(np.repeat(values, 100), np.repeat(names, 100), np.random.default_rng(1))
    assert (many.low, many.high) == pytest.approx((few.low, few.high))
