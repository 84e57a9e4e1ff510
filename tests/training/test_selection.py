import numpy as np
import pytest

from raretriage.training.selection import FoldScores, candidate_row, choose, fold_scores

LR, RF, XGB = "logistic_regression", "random_forest", "xgboost"


@pytest.mark.parametrize(("shortfall", "expected"), [(-0.5, LR), (0.5, LR), (1.0, LR), (1.01, RF), (9.0, RF)])
def test_a_simpler_model_is_chosen_up_to_one_standard_error_below_the_best(shortfall, expected):
    """Differences of -1, 0 and 1 over three folds have the standard error 1 / sqrt(3)."""
    below = np.array([-1.0, 0.0, 1.0]) + shortfall / np.sqrt(3) - 1e-12
    assert choose({LR: list(5 - below), RF: [5.0, 5.0, 5.0]}) == expected


def test_folds_that_are_hard_for_all_do_not_hide_a_better_model():
    assert choose({LR: [0.70, 0.80, 0.90], RF: [0.60, 0.70, 0.80], XGB: [0.72, 0.81, 0.92]}) == XGB


def test_a_simple_model_that_is_best_is_chosen():
    assert choose({LR: [0.9, 0.9], RF: [0.8, 0.8], XGB: [0.7, 0.7]}) == LR


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
