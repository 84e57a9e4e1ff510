import pytest

from raretriage.cohort.rare_weight import PrevalenceClause, weights
from raretriage.knowledge import Prevalence
from raretriage.knowledge.prevalence import Kind


def per_100000(low: float, high: float, kind: Kind = Kind.POINT) -> Prevalence:
    return Prevalence(low, high, kind, "Europe")


KNOWN = {"a": per_100000(1, 1), "b": per_100000(8, 24), "c": per_100000(0, 0.0625, Kind.BIRTH), "d": None}


def test_prevalence_counts_as_far_as_the_exponent_says() -> None:
    weight = {disease: value for disease, (value, _clause) in weights(KNOWN, 0.25).items()}
    assert weight["a"] == weight["d"] == 1.0  # the median of those known
    assert weight["b"] == pytest.approx(2.0)  # 16 times the prevalence
    assert weight["c"] == pytest.approx(0.03125**0.25)


@pytest.mark.parametrize(("exponent", "ratio"), [(0.0, 1.0), (0.5, 4.0), (1.0, 16.0)])
def test_the_exponent_ranges_from_alike_to_in_proportion(exponent: float, ratio: float) -> None:
    weight = weights(KNOWN, exponent)
    assert weight["b"][0] / weight["a"][0] == pytest.approx(ratio)


def test_the_clause_says_what_was_counted() -> None:
    assert [clause for _weight, clause in weights(KNOWN, 0.25).values()] == [
        PrevalenceClause.POINT,
        PrevalenceClause.POINT,
        PrevalenceClause.BIRTH,
        PrevalenceClause.MEDIAN_OF_KNOWN,
    ]


def test_without_any_prevalence_all_are_drawn_alike() -> None:
    assert {weight for weight, _clause in weights({"a": None, "b": None}, 0.25).values()} == {1.0}


def test_a_prevalence_of_nothing_is_still_drawn() -> None:
    assert weights({"a": per_100000(0, 0), "b": per_100000(1, 1), "c": per_100000(1, 1)}, 0.5)["a"][0] == pytest.approx(
        0.1
    )
