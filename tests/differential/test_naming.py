"""Names as sets of words, and as members of a series."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.differential.naming import likeness, series, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Noonan syndrome 2", "Noonan syndrome 14"),
        ("Spherocytosis, type 1", "Spherocytosis, type 4"),
        ("Albinism, oculocutaneous, type II", "Albinism, oculocutaneous, type IV"),
        ("Spastic paraplegia 78, autosomal recessive", "Spastic paraplegia 2, X-linked"),
        ("Cardiomyopathy, dilated, 1A", "Cardiomyopathy, dilated, 1II"),
    ],
)
def test_members_of_one_series(one: str, other: str) -> None:
    assert series(one) == series(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Noonan syndrome 2", "Leopard syndrome 2"), ("Retinitis pigmentosa 19", "Cone-rod dystrophy 19")],
)
def test_other_names_are_other_series(one: str, other: str) -> None:
    assert series(one) != series(other)


def test_words_leave_out_what_most_names_have() -> None:
    assert words("Syndrome of the type 2, autosomal recessive") == frozenset()
    assert words("Marfan syndrome") == words("MARFAN SYNDROME; MFS") == {"marfan"}


@given(st.frozensets(st.text("abc", min_size=1, max_size=3)), st.frozensets(st.text("abc", min_size=1, max_size=3)))
def test_likeness_is_a_share_and_the_same_from_both_sides(one: frozenset[str], other: frozenset[str]) -> None:
    assert 0 <= likeness(one, other) == likeness(other, one) <= 1
    assert likeness(one, one) == (1 if one else 0)
