import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.cohort.draws import choose, choose_rows


@given(
    weights=st.lists(st.integers(0, 9), min_size=1, max_size=40).filter(any),
    size=st.integers(0, 60),
    seed=st.integers(0, 99),
)
def test_choosing_from_one_row_is_choosing_from_its_copies(weights: list[int], size: int, seed: int) -> None:
    shares = np.array(weights) / sum(weights)
    chosen = choose(np.random.default_rng(seed), shares, size)
    copies = np.tile(shares, (size, 1))
    assert chosen.tolist() == choose_rows(np.random.default_rng(seed), copies).tolist()
    assert (shares[chosen] > 0).all()


def test_rows_are_chosen_as_often_as_their_shares_say() -> None:
    shares = np.array([0.5, 0.0, 0.3, 0.2])
    counts = np.bincount(choose(np.random.default_rng(1), shares, 20_000), minlength=4)
    assert counts / 20_000 == pytest.approx(shares, abs=0.015)


def test_the_smallest_draw_does_not_choose_what_never_occurs() -> None:
    class Smallest(np.random.Generator):
        def random(self, size: int) -> np.ndarray:
            return np.zeros(size)

    smallest = Smallest(np.random.PCG64(0))
    assert choose(smallest, np.array([0.0, 0.5, 0.5]), 3).tolist() == [1, 1, 1]
