import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score, roc_auc_score, roc_curve

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


@given(rows)
def test_the_ranking_gives_what_scikit_learn_gives_on_rows_repeated_as_often_as_they_weigh(drawn):
    scores, positive, times = unpacked(drawn)
    again, truth = np.repeat(scores, times), np.repeat(positive, times)
    assume(truth.any() and not truth.all())
    ranked = weighted.Ranked.of(scores, positive, times[None, :].astype(np.float64))
    assert ranked.roc_auc()[0] == pytest.approx(roc_auc_score(truth, again))
    assert ranked.average_precision()[0] == pytest.approx(average_precision_score(truth, again))


@given(rows, st.sampled_from([0.05, 0.5, 0.8, 0.95, 1.0]))
def test_specificity_at_a_sensitivity_is_that_of_the_first_point_of_scikit_learns_curve_that_reaches_it(drawn, wanted):
    scores, positive, times = unpacked(drawn)
    again, truth = np.repeat(scores, times), np.repeat(positive, times)
    assume(truth.any() and not truth.all())
    false_alarms, hits, _ = roc_curve(truth, again, drop_intermediate=False)
    expected = 1 - false_alarms[1:][hits[1:] >= wanted - 1e-9][0]  # the first point flags nobody
    ranked = weighted.Ranked.of(scores, positive, times[None, :].astype(np.float64))
    assert ranked.specificity_at(wanted)[0] == pytest.approx(expected)


@pytest.mark.parametrize(("wanted", "specificity"), [(0.95, 0.75), (0.951, 0.25), (1.0, 0.25)])
def test_19_of_20_positives_are_95_percent_and_a_hair_more_asks_for_the_twentieth(wanted, specificity):
    scores = np.array([0.9] * 19 + [0.2] + [0.95, 0.3, 0.25, 0.1])
    positive = np.arange(24) < 20
    ranked = weighted.Ranked.of(scores, positive, np.ones((1, 24)))
    assert ranked.specificity_at(wanted)[0] == specificity


@given(rows, st.sampled_from([0.5, 0.01, 0.001]))
def test_at_a_prevalence_each_class_weighs_as_told_and_the_order_within_it_stays(drawn, prevalence):
    scores, positive, times = unpacked(drawn)
    weights = times[None, :].astype(np.float64)
    assume(weights[:, positive].sum() and weights[:, ~positive].sum())
    lifelike = weighted.at_prevalence(weights, positive, prevalence)
    assert weighted.mean(positive, lifelike)[0] == pytest.approx(prevalence)
    ranked = weighted.Ranked.of(scores, positive, weights).at_prevalence(prevalence)
    expected = average_precision_score(positive, scores, sample_weight=lifelike[0])
    assert ranked.average_precision()[0] == pytest.approx(expected)
    assert ranked.roc_auc()[0] == pytest.approx(roc_auc_score(positive, scores, sample_weight=weights[0]))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_f1_of_each_class_is_scikit_learns_on_repeated_rows(drawn):
    truth, predicted, times = (np.array(column) for column in zip(*drawn, strict=True))
    matrix = weighted.confusion(truth, predicted, times[None, :].astype(np.float64), classes=4)
    again = np.repeat(truth, times), np.repeat(predicted, times)
    assume(len(again[0]))
    expected = f1_score(*again, labels=range(4), average=None, zero_division=0)
    assert weighted.f1(matrix)[0] == pytest.approx(expected)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0.02, 0.98), st.booleans(), st.integers(0, 3)), min_size=12, max_size=60))
def test_the_calibration_line_is_scikit_learns_logistic_regression_without_penalty(drawn):
    probability, positive, times = unpacked(drawn, scale=1)
    again, truth = np.repeat(probability, times), np.repeat(positive, times)
    assume(overlap(again, truth))
    weights = np.stack([np.ones(len(times)), times.astype(np.float64)])
    slope, intercept = weighted.calibration_line(probability, positive, weights)
    logit = np.log(again / (1 - again))[:, None]
    fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000, solver="newton-cholesky").fit(logit, truth)
    assert slope[1] == pytest.approx(fitted.coef_[0, 0], rel=1e-3, abs=1e-4)
    assert intercept[1] == pytest.approx(fitted.intercept_[0], rel=1e-3, abs=1e-4)


def unpacked(drawn, scale: float = 5):
    scores, positive, times = zip(*drawn, strict=True)
    return np.array(scores) / scale, np.array(positive), np.array(times)


def overlap(scores, truth) -> bool:
    """Neither class lies wholly above the other, with room to spare: the line is then finite."""
    if not truth.any() or truth.all():
        return False
    inner = [np.sort(scores[truth == is_positive])[[0, -1]] for is_positive in (True, False)]
    return min(inner[0][1] - inner[1][0], inner[1][1] - inner[0][0]) > 0.2


def test_calibrated_probabilities_lie_on_the_line_of_slope_1_through_0():
    rng = np.random.default_rng(3)
    probability = rng.uniform(0.01, 0.99, 40_000)
    positive = rng.random(40_000) < probability
    slope, intercept = weighted.calibration_line(probability, positive, np.ones((1, 40_000)))
    assert (slope[0], intercept[0]) == pytest.approx((1, 0), abs=0.05)


def test_too_extreme_probabilities_have_a_slope_under_1_and_too_timid_ones_over_it():
    rng = np.random.default_rng(4)
    truly = rng.uniform(0.01, 0.99, 20_000)
    positive = rng.random(20_000) < truly
    logit = np.log(truly / (1 - truly))
    slopes = [
        weighted.calibration_line(1 / (1 + np.exp(-factor * logit)), positive, np.ones((1, 20_000)))[0][0]
        for factor in (2.0, 0.5)
    ]
    assert slopes == pytest.approx([0.5, 2.0], rel=0.05)


@pytest.mark.parametrize(
    ("probability", "positive"),
    [
        ([0.2, 0.4, 0.9], [False, False, False]),
        ([0.2, 0.4, 0.9], [True, True, True]),
        ([0.3, 0.3, 0.3], [True, False, True]),
        ([0.1, 0.2, 0.8, 0.9], [False, False, True, True]),
        ([0.0, 0.0, 1.0, 1.0], [False, False, True, True]),
    ],
    ids=["no positive", "no negative", "one probability", "told apart", "told apart with certainty"],
)
def test_where_no_line_is_defined_it_is_not_a_number_and_nothing_is_warned_of(probability, positive):
    weights = np.ones((3, len(positive)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        slope, intercept = weighted.calibration_line(np.array(probability), np.array(positive), weights)
    assert np.isnan(slope).all()
    assert np.isnan(intercept).all()


def test_a_draw_without_a_line_leaves_the_others_alone():
    probability, positive = np.array([0.2, 0.4, 0.6, 0.8]), np.array([False, True, False, True])
    weights = np.array([[1.0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 1, 1]])
    slope, _ = weighted.calibration_line(probability, positive, weights)
    assert np.isnan(slope[1])
    assert slope[2] == pytest.approx(slope[0])


@pytest.mark.parametrize("is_positive", [True, False])
def test_nothing_is_said_for_a_prevalence_or_a_sensitivity_when_a_class_is_absent(is_positive):
    scores, everybody = np.array([0.1, 0.2, 0.3]), np.full(3, is_positive)
    ranked = weighted.Ranked.of(scores, everybody, np.ones((1, 3)))
    assert np.isnan(ranked.specificity_at(0.95)[0])
    assert np.isnan(ranked.at_prevalence(0.01).average_precision()[0])
    assert np.isnan(weighted.mean(scores, weighted.at_prevalence(np.ones((1, 3)), everybody, 0.01))[0])
