import numpy as np
import pytest

from raretriage.training import EstimatorKind
from raretriage.training.selection import FoldScores, candidate_row, choose, fold_scores

LR, RF, XGB = EstimatorKind.LOGISTIC_REGRESSION, EstimatorKind.RANDOM_FOREST, EstimatorKind.XGBOOST


@pytest.mark.parametrize(
    ("simple", "expected"),
    [(0.895, LR), (0.890, LR), (0.889, RF)],
)
def test_the_simplest_within_one_standard_error_of_the_best_is_chosen(simple, expected):
    scores = {LR: (simple, 0.05), RF: (0.8905, 0.05), XGB: (0.9, 0.01)}
    assert choose(scores) is expected


def test_the_best_is_chosen_when_the_others_are_clearly_worse():
    assert choose({LR: (0.7, 0.01), RF: (0.8, 0.01), XGB: (0.9, 0.01)}) is XGB


def test_a_simple_model_that_is_best_is_chosen():
    assert choose({LR: (0.9, 0.01), RF: (0.8, 0.01), XGB: (0.7, 0.01)}) is LR


def test_a_row_of_the_table_is_the_mean_over_folds_with_its_standard_error():
    folds = [FoldScores(auc, 0.5, 0.1, 0.9, 0.8, 0.2) for auc in (0.8, 0.9, 1.0)]
    row = candidate_row("x", folds, 1.5)
    assert row.roc_auc_rare == pytest.approx(0.9)
    assert row.roc_auc_rare_se == pytest.approx(0.1 / np.sqrt(3))
    assert (row.f1_state, row.f1_state_se, row.seconds) == (pytest.approx(0.8), pytest.approx(0.0), 1.5)


def test_fold_scores_worked_by_hand():
    state_probabilities = np.eye(4)[[0, 1, 2, 2]]
    scores = fold_scores(
        state_probabilities,
        np.array([0.9, 0.1, 0.2, 0.8]),
        np.array([0, 1, 2, 3]),
        np.array([True, False, False, True]),
    )
    assert scores.roc_auc_rare == 1.0
    assert scores.pr_auc_rare == 1.0
    assert scores.brier_rare == pytest.approx((0.01 + 0.01 + 0.04 + 0.04) / 4)
    assert scores.f1_state == pytest.approx((1 + 1 + 2 / 3 + 0) / 4)
    assert scores.brier_state == pytest.approx(2 / 4)
