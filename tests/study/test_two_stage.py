from dataclasses import replace
from typing import Self

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin

from raretriage.domain import State
from raretriage.study.bench import illness_and_rarity
from raretriage.study.two_stage import GatedClassifier, TwoStageClassifier

HEALTHY = list(State).index(State.HEALTHY)


class ReadsColumns(ClassifierMixin, BaseEstimator):
    """Knows nothing: its probabilities are columns of the rows."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self.columns = columns

    def fit(self, rows: pd.DataFrame, y: np.ndarray) -> Self:
        self.fitted_rows_, self.fitted_labels_ = list(rows.index), y.tolist()
        return self

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        return rows[list(self.columns)].to_numpy()


def two_stages() -> TwoStageClassifier:
    return TwoStageClassifier(ReadsColumns(("well", "ill")), ReadsColumns(("mild", "acute", "chronic")))


def gated() -> GatedClassifier:
    return GatedClassifier(ReadsColumns(("well", "ill")), ReadsColumns(("common", "rare")))


def answers(seed: int, count: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    ill, rare = rng.random(count), rng.random(count)
    how = rng.dirichlet(np.ones(3), count)
    return pd.DataFrame(
        {"well": 1 - ill, "ill": ill, "mild": how[:, 0], "acute": how[:, 1], "chronic": how[:, 2]}
        | {"common": 1 - rare, "rare": rare}
    )


@given(st.integers(0, 10_000))
def test_two_stages_sum_to_one_and_multiply_as_stated(seed):
    rows = answers(seed)
    made = two_stages().fit(rows, np.array([0, 1, 2, 3] * 2)).predict_proba(rows)
    assert made.sum(axis=1) == pytest.approx(np.ones(8))
    assert made[:, 0] == pytest.approx(rows["well"])
    for place, state in enumerate(("mild", "acute", "chronic"), start=1):
        assert made[:, place] == pytest.approx(rows["ill"] * rows[state])


def test_the_second_stage_learns_from_the_ill_alone_and_the_first_whether_ill():
    model = two_stages().fit(answers(1), np.array([0, 1, 0, 3, 2, 0, 1, 0]))
    assert model.first_.fitted_labels_ == [0, 1, 0, 1, 1, 0, 1, 0]
    assert (model.second_.fitted_rows_, model.second_.fitted_labels_) == ([1, 3, 4, 6], [1, 3, 2, 1])
    assert model.classes_.tolist() == [0, 1, 2, 3]


@given(st.integers(0, 10_000))
def test_rare_is_ill_times_rare_among_the_ill(seed):
    rows = answers(seed)
    made = gated().fit(rows, np.array([0, 1, 3, 1] * 2)).predict_proba(rows)
    assert made[:, 1] == pytest.approx(rows["ill"] * rows["rare"])
    assert made.sum(axis=1) == pytest.approx(np.ones(8))


def test_whom_the_gate_calls_well_with_certainty_is_never_called_rare():
    rows = answers(2).assign(well=1.0, ill=0.0, common=0.0, rare=1.0)
    assert gated().fit(rows, np.array([0, 1, 3, 1] * 2)).predict_proba(rows)[:, 1].tolist() == [0.0] * 8


def test_the_gate_learns_who_is_ill_and_rarity_is_learnt_among_them():
    model = gated().fit(answers(3), np.array([0, 1, 3, 0, 3, 1, 0, 0]))
    assert model.first_.fitted_labels_ == [0, 1, 1, 0, 1, 1, 0, 0]
    assert (model.second_.fitted_rows_, model.second_.fitted_labels_) == ([1, 2, 4, 5], [0, 1, 1, 0])
    assert model.classes_.tolist() == [0, 1]


def test_the_gates_target_says_well_ill_or_ill_and_rare(rows):
    state, is_rare = rows.state.copy(), rows.is_rare.copy()
    state[:4], is_rare[:4] = [HEALTHY, HEALTHY, 1, 2], [False, True, False, True]
    target = illness_and_rarity(replace(rows, state=state, is_rare=is_rare), "rare")
    assert target[:4].tolist() == [0, 0, 1, 3]
