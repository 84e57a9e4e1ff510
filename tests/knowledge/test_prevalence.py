import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.knowledge.orphanet import CLASSES
from raretriage.knowledge.prevalence import Figure, Kind, Prevalence, deciding

RARE, BORDER, COMMON = CLASSES["1-9 / 100 000"], CLASSES["1-5 / 10 000"], CLASSES[">1 / 1000"]


def figure(
    geography: str,
    between: tuple[float, float] = RARE,
    *,
    kind: Kind = Kind.POINT,
    mean: float | None = None,
    is_measured: bool = True,
) -> Figure:
    return Figure(kind, geography, between, mean, is_measured)


def test_no_row_is_no_figure() -> None:
    assert deciding([]) is None


@pytest.mark.parametrize(
    ("wider", "narrower"),
    [
        ((Kind.POINT, "Worldwide"), (Kind.POINT, "Europe")),
        ((Kind.POINT, "Europe"), (Kind.BIRTH, "Worldwide")),
        ((Kind.BIRTH, "Worldwide"), (Kind.BIRTH, "Europe")),
        ((Kind.BIRTH, "Europe"), (Kind.POINT, "Africa")),
        ((Kind.POINT, "South East Asia"), (Kind.BIRTH, "Africa")),
        ((Kind.BIRTH, "Africa"), (Kind.POINT, "Japan")),
        ((Kind.POINT, "Japan"), (Kind.BIRTH, "Sweden")),
    ],
)
def test_the_wider_place_speaks(wider: tuple[Kind, str], narrower: tuple[Kind, str]) -> None:
    rows = [figure(narrower[1], COMMON, kind=narrower[0]), figure(wider[1], RARE, kind=wider[0])]
    assert deciding(rows) == Prevalence(1.0, 9.0, wider[0], wider[1])


@pytest.mark.parametrize("geography", ["Specific population", "no data", ""])
def test_a_specific_population_is_not_asked(geography: str) -> None:
    assert deciding([figure(geography, COMMON)]) is None


def test_a_measured_value_goes_before_a_class_that_was_only_judged() -> None:
    rows = [figure("Europe", COMMON, is_measured=False), figure("Europe", COMMON, is_measured=False), figure("Europe")]
    assert deciding(rows) == Prevalence(1.0, 9.0, Kind.POINT, "Europe")
    assert deciding(rows[:2]) == Prevalence(100.0, 100_000.0, Kind.POINT, "Europe")


def test_most_rows_decide_and_of_two_equal_the_lower() -> None:
    rows = [figure("Europe", COMMON), figure("Europe", COMMON), figure("Europe", RARE)]
    assert deciding(rows) == Prevalence(100.0, 100_000.0, Kind.POINT, "Europe")
    assert deciding([*rows, figure("Europe", RARE)]) == Prevalence(1.0, 9.0, Kind.POINT, "Europe")


def test_means_decide_within_the_class() -> None:
    one = [figure("Europe", BORDER, mean=42.5), figure("Europe", BORDER)]
    assert deciding(one) == Prevalence(42.5, 42.5, Kind.POINT, "Europe")
    assert deciding([*one, figure("Europe", BORDER, mean=12.0)]) == Prevalence(12.0, 42.5, Kind.POINT, "Europe")


@pytest.mark.parametrize(
    ("geography", "is_local"),
    [("Worldwide", False), ("Europe", False), ("Africa", True), ("Sweden", True), ("Latin America", True)],
)
def test_only_the_world_and_europe_are_not_local(geography: str, is_local: bool) -> None:
    assert Prevalence(1.0, 9.0, Kind.POINT, geography).is_local is is_local


_figures = st.lists(
    st.builds(
        Figure,
        kind=st.sampled_from(Kind),
        geography=st.sampled_from(["Worldwide", "Europe", "Africa", "Sweden", "Japan", "Specific population"]),
        between=st.sampled_from(sorted(CLASSES.values())),
        mean=st.none(),
        is_measured=st.booleans(),
    ),
    max_size=8,
)


@given(_figures, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[Figure], shuffler: random.Random) -> None:
    shuffled = list(rows)
    shuffler.shuffle(shuffled)
    assert deciding(shuffled) == deciding(rows)
