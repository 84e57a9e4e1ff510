import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score, roc_auc_score

from raretriage.training import weighted

rows = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=2, max_size=60)


@given(rows)
def test_ranking_scores_agree_with_scikit_learn_under_any_weights(drawn):
    scores = np.array([score / 5 for score, _, _ in drawn])
    positive = np.array([is_positive for _, is_positive, _ in drawn])
    weight = np.array([times for _, _, times in drawn], dtype=np.float64)
    if not (weight[positive].sum() and weight[~positive].sum()):
        return
    auc = weighted.roc_auc(scores, positive, weight[None, :])[0]
    assert auc == pytest.approx(roc_auc_score(positive, scores, sample_weight=weight))
    precision = weighted.average_precision(scores, positive, weight[None, :])[0]
    assert precision == pytest.approx(average_precision_score(positive, scores, sample_weight=weight))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 3)), min_size=1, max_size=60))
def test_confusion_and_macro_f1_agree_with_scikit_learn(drawn):
    truth, predicted, times = (np.array(column) for column in zip(*drawn, strict=True))
    weight = times.astype(np.float64)
    matrix = weighted.confusion(truth, predicted, weight[None, :], classes=4)
    assert np.array_equal(matrix[0], confusion_matrix(truth, predicted, labels=range(4), sample_weight=weight))
    expected = f1_score(truth, predicted, labels=range(4), average="macro", sample_weight=weight, zero_division=0)
    assert weighted.macro_f1(matrix)[0] == pytest.approx(expected)


def test_a_patients_rows_are_drawn_together():
    cluster = np.array(["a", "a", "b", "c", "c", "c"], dtype=object)
    weights = weighted.cluster_weights(cluster, draws=50, rng=np.random.default_rng(1))
    assert np.all(weights[0] == 1)
    assert np.all(weights[:, 0] == weights[:, 1])
    assert np.all(weights[:, 3] == weights[:, 5])
    assert np.all(weights[1:, [0, 2, 3]].sum(axis=1) == 3)  # as many patients as there are
    assert len(np.unique(weights[1:, 0])) > 1


def test_a_score_without_positives_is_not_a_number():
    nobody = np.zeros(3, dtype=bool)
    assert np.isnan(weighted.roc_auc(np.array([0.1, 0.2, 0.3]), nobody, np.ones((1, 3)))[0])
    assert np.isnan(weighted.average_precision(np.array([0.1, 0.2, 0.3]), nobody, np.ones((1, 3)))[0])


def test_recall_worked_by_hand():
    matrix = np.array([[[3.0, 1.0], [0.0, 0.0]]])
    recall = weighted.recall(matrix)[0]
    assert recall[0] == 0.75
    assert np.isnan(recall[1])
