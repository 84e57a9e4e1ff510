import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapie.risk_control import BinaryClassificationController
from scipy.stats import beta, binom, binomtest

from raretriage.domain import Basis, InputTier
from raretriage.training import (
    THRESHOLD_GRID,
    CannotCertify,
    certify_threshold,
    positives_needed,
    price_at,
    require_positives,
    sensitivity_lower_bound,
)
from raretriage.training.certificate import sensitivity_upper_bound

GRID = np.array([0.0, 0.2, 0.4, 0.6, 0.8])


def patients(rare: list[float], other: list[float]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([*rare, *other]), np.array([True] * len(rare) + [False] * len(other))


def test_the_promise_holds_in_at_least_95_of_100_draws_of_calibration_patients():
    """Known truth: rare scores are Beta(4, 2), so the true sensitivity of every threshold is known."""
    draws, positives = 500, 200
    rng = np.random.default_rng(20_240_601)
    is_rare = np.arange(positives + 300) < positives
    broken = 0
    for _ in range(draws):
        scores = np.concatenate([rng.beta(4, 2, positives), rng.beta(2, 10, 300)])
        certificate = certify_threshold(scores, is_rare)
        broken += beta.sf(certificate.threshold, 4, 2) < 0.95
    # Binomial margin: with exactly 5 % broken promises, more than this is seen in 1 of 100 such tests.
    assert broken <= binom.ppf(0.99, draws, 0.05)


def test_certified_thresholds_are_not_needlessly_low():
    rng = np.random.default_rng(5)
    scores = np.concatenate([rng.beta(4, 2, 1_000), rng.beta(2, 10, 1_000)])
    certificate = certify_threshold(scores, np.arange(2_000) < 1_000)
    assert beta.sf(certificate.threshold, 4, 2) < 0.98


def test_58_rare_patients_cannot_be_certified_and_59_can():
    scores, is_rare = patients([0.9] * 58, [0.1] * 100)
    with pytest.raises(CannotCertify, match="58 rare patients; at least 59") as refusal:
        certify_threshold(scores, is_rare, GRID)
    assert (refusal.value.code, refusal.value.positives) == ("too_few_positives", 58)
    scores, is_rare = patients([0.9] * 59, [0.1] * 100)
    certificate = certify_threshold(scores, is_rare, GRID)
    assert (certificate.threshold, certificate.positives, certificate.misses) == (0.8, 59, 0)


@pytest.mark.parametrize(("target", "confidence", "needed"), [(0.95, 0.95, 59), (0.90, 0.95, 29), (0.99, 0.95, 299)])
def test_positives_needed_is_the_smallest_number_that_a_faultless_threshold_certifies(target, confidence, needed):
    assert positives_needed(target, confidence) == needed
    assert sensitivity_lower_bound(needed, 0, confidence) >= target > sensitivity_lower_bound(needed - 1, 0, confidence)
    require_positives(needed, target=target, confidence=confidence)
    with pytest.raises(CannotCertify):
        require_positives(needed - 1, target=target, confidence=confidence)


def test_one_more_miss_lowers_the_threshold():
    """93 positives bear one miss (bound 0.9500), and 124 two; Clopper-Pearson, one-sided 95 %."""
    assert sensitivity_lower_bound(93, 1, 0.95) >= 0.95 > sensitivity_lower_bound(92, 1, 0.95)
    bearable = certify_threshold(*patients([0.3] + [0.9] * 92, [0.1] * 50), GRID)
    assert (bearable.threshold, bearable.misses) == (0.8, 1)
    too_many = certify_threshold(*patients([0.3] * 2 + [0.9] * 91, [0.1] * 50), GRID)
    assert (too_many.threshold, too_many.misses) == (0.2, 0)


def test_a_patient_exactly_at_the_threshold_is_flagged():
    certificate = certify_threshold(*patients([0.6] * 59, [0.6] * 10 + [0.59] * 90), GRID)
    assert (certificate.threshold, certificate.misses) == (0.6, 0)
    assert certificate.specificity == 0.9


def test_specificity_of_half_is_certified_and_less_is_too_costly():
    half = certify_threshold(*patients([0.5] * 59, [0.1] * 50 + [0.9] * 50), GRID)
    assert half.specificity == 0.5
    with pytest.raises(CannotCertify, match="51% of the not rare") as refusal:
        certify_threshold(*patients([0.5] * 59, [0.1] * 49 + [0.9] * 51), GRID)
    assert refusal.value.code == "too_costly"


def test_nothing_passes_when_even_the_lowest_threshold_misses_too_many():
    with pytest.raises(CannotCertify) as refusal:
        certify_threshold(*patients([0.1] * 10 + [0.9] * 60, [0.05] * 100), GRID[1:])
    assert refusal.value.code == "target_not_met"


def test_without_patients_who_are_not_rare_the_price_is_unknown():
    with pytest.raises(CannotCertify) as refusal:
        certify_threshold(*patients([0.9] * 59, []), GRID)
    assert refusal.value.code == "no_negatives"


def test_the_certificate_says_for_whom_and_on_what_it_holds():
    scores, is_rare = patients([0.9] * 59, [0.1] * 10)
    certificate = certify_threshold(scores, is_rare, GRID, tier=InputTier.VITALS, basis=Basis.LOCAL)
    assert (certificate.tier, certificate.basis) == (InputTier.VITALS, Basis.LOCAL)
    assert (certificate.target, certificate.confidence, certificate.negatives) == (0.95, 0.95, 10)
    assert certificate.sensitivity_lower_bound == pytest.approx(0.05 ** (1 / 59))  # Clopper-Pearson without a miss
    assert [price.prevalence for price in certificate.prices] == [0.1, 0.01, 0.001]


def test_price_worked_by_hand():
    """1,000 patients, 100 rare: 90 found, 180 of 900 flagged falsely."""
    price = price_at(0.1, 0.9, 0.8)
    assert price.alerts_per_1000 == pytest.approx(270)
    assert price.number_needed_to_evaluate == pytest.approx(3)
    assert price.net_benefit == pytest.approx(0.09 - 0.18 * 0.1 / 0.9)


@pytest.mark.parametrize(
    ("scores", "is_rare", "grid"),
    [
        ([0.5, 0.5], [True], GRID),
        ([0.5, math.nan], [True, False], GRID),
        ([0.5, 1.01], [True, False], GRID),
        ([0.5, -0.01], [True, False], GRID),
        ([0.5, 0.5], [True, False], [0.5, 0.4]),
        ([0.5, 0.5], [True, False], [0.5, 0.5]),
        ([0.5, 0.5], [True, False], []),
    ],
)
def test_unusable_arguments_are_faults_not_refusals(scores, is_rare, grid):
    with pytest.raises(ValueError, match="must"):
        certify_threshold(np.array(scores), np.array(is_rare), np.array(grid))


@pytest.mark.parametrize("wrong", [{"target": 1.0}, {"target": 0.0}, {"confidence": 1.0}, {"confidence": 0.0}])
def test_certainty_cannot_be_promised(wrong):
    with pytest.raises(ValueError, match="between 0 and 1"):
        certify_threshold(np.array([0.5]), np.array([True]), GRID, **wrong)


def test_the_grid_starts_where_everybody_is_flagged_and_ascends():
    assert THRESHOLD_GRID[0] == 0
    assert np.all(np.diff(THRESHOLD_GRID) > 0)
    assert THRESHOLD_GRID[-1] <= 1


scores_of = st.lists(st.floats(0, 1), min_size=59, max_size=120)


@given(rare=scores_of, other=st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_whatever_is_certified_keeps_its_word_on_the_patients_it_was_made_from(rare, other):
    scores, is_rare = patients(rare, other)
    try:
        certificate = certify_threshold(scores, is_rare)
    except CannotCertify:
        return
    flagged = scores >= certificate.threshold
    assert certificate.misses == int(np.sum(~flagged[is_rare]))
    assert certificate.specificity == pytest.approx(np.mean(~flagged[~is_rare]))
    assert certificate.sensitivity_lower_bound >= certificate.target
    assert certificate.threshold in THRESHOLD_GRID
    above = THRESHOLD_GRID[certificate.threshold < THRESHOLD_GRID]
    if len(above):
        misses = int(np.sum(scores[is_rare] < above[0]))
        assert sensitivity_lower_bound(len(rare), misses, 0.95) < 0.95


@given(rare=scores_of, seed=st.integers(0, 100))
def test_the_order_of_patients_does_not_matter(rare, seed):
    scores, is_rare = patients([0.5 + value / 2 for value in rare], [0.1] * 20)
    order = np.random.default_rng(seed).permutation(len(scores))
    assert certify_threshold(scores, is_rare) == certify_threshold(scores[order], is_rare[order])


@given(positives=st.integers(1, 300), missed=st.integers(0, 300))
def test_the_bound_is_below_the_observed_sensitivity_and_falls_with_every_miss(positives, missed):
    misses = min(missed, positives)
    bound = sensitivity_lower_bound(positives, misses, 0.95)
    assert 0 <= bound < 1
    assert bound <= (positives - misses) / positives
    if misses:
        assert bound < sensitivity_lower_bound(positives, misses - 1, 0.95)


@given(positives=st.integers(1, 300), missed=st.integers(0, 300), confidence=st.sampled_from([0.9, 0.95, 0.9975]))
def test_both_bounds_are_scipys_exact_one_sided_interval(positives, missed, confidence):
    hits = positives - min(missed, positives)
    greater = binomtest(hits, positives, alternative="greater").proportion_ci(confidence, method="exact")
    less = binomtest(hits, positives, alternative="less").proportion_ci(confidence, method="exact")
    assert sensitivity_lower_bound(positives, positives - hits, confidence) == pytest.approx(greater.low)
    assert sensitivity_upper_bound(positives, positives - hits, confidence) == pytest.approx(less.high)


def test_without_a_miss_nothing_bounds_sensitivity_from_above_and_with_all_missed_little_is_left():
    assert sensitivity_upper_bound(100, 0, 0.95) == 1.0
    assert sensitivity_upper_bound(100, 100, 0.95) == pytest.approx(1 - 0.05 ** (1 / 100))


def thresholds_of_mapie(scores, is_rare, grid) -> list[float]:
    """Every threshold that MAPIE certifies on the same grid, in the same order, at the same level."""
    controller = BinaryClassificationController(
        predict_function=lambda rows: np.column_stack([1 - rows[:, 0], rows[:, 0]]),
        risk="recall",
        target_level=0.95,
        confidence_level=0.95,
        list_predict_params=grid,
        fwer_method="fixed_sequence",
    )
    controller.calibrate(scores[:, None], is_rare.astype(int))
    return [float(threshold) for threshold in controller.valid_predict_params]


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), positives=st.integers(60, 400) | st.sampled_from([64, 128, 256]))
def test_mapie_certifies_the_same_threshold(seed, positives):
    """Where n is a power of two, exactly; else it may stop earlier, never later.

    MAPIE 1.6 finds the misses again as ceil(n (1 - recall)), which for 1 of 98 is ceil(1.000000000000001) = 2.
    """
    rng = np.random.default_rng(seed)
    scores = np.concatenate([rng.beta(4, 2, positives), rng.beta(1, 40, 200)])
    is_rare = np.arange(len(scores)) < positives
    ours = certify_threshold(scores, is_rare).threshold
    theirs = thresholds_of_mapie(scores, is_rare, THRESHOLD_GRID)[-1]
    assert theirs == ours if positives in {64, 128, 256} else theirs <= ours
