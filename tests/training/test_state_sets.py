import numpy as np
import pytest
from crepes import ConformalClassifier
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from raretriage.domain import State
from raretriage.training import NotEnoughData
from raretriage.training.state_sets import lowest_kept, state_bounds


def answers(rng: np.random.Generator, state: np.ndarray, sharpness: float = 2.0) -> np.ndarray:
    logits = rng.normal(size=(len(state), 4)) + sharpness * np.eye(4)[state]
    exponent = np.exp(logits)
    return exponent / exponent.sum(axis=1, keepdims=True)


def test_each_state_keeps_nine_in_ten_of_its_own_on_average_over_draws():
    rng = np.random.default_rng(11)
    draws, calibration, tested = 300, 60, 200
    kept = np.zeros(4)
    for _ in range(draws):
        state = np.repeat(np.arange(4), calibration)
        bounds = state_bounds(answers(rng, state), state, coverage=0.9)
        new = np.repeat(np.arange(4), tested)
        probabilities = answers(rng, new)
        is_kept = probabilities[np.arange(len(new)), new] >= np.array([bounds[s] for s in State])[new]
        kept += is_kept.reshape(4, tested).mean(axis=1)
    mean = kept / draws
    assert np.all(mean >= 0.9 - 0.01)  # 3 standard errors of 300 draws
    assert np.all(mean <= 0.9 + 1 / (calibration + 1) + 0.01)  # the bound is not needlessly low


def test_a_shift_of_class_frequencies_leaves_the_coverage_of_each_state():
    rng = np.random.default_rng(12)
    state = np.repeat(np.arange(4), [2_000, 500, 300, 200])
    bounds = state_bounds(answers(rng, state), state, coverage=0.9)
    new = np.repeat(np.arange(4), [200, 300, 500, 2_000])
    probabilities = answers(rng, new)
    for position, name in enumerate(State):
        own = new == position
        kept = int(np.sum(probabilities[own, position] >= bounds[name]))
        # The bound itself rests on at least 200 patients: two points of coverage, and the binomial margin of the test.
        assert kept >= binom.ppf(0.001, own.sum(), 0.87)


@pytest.mark.parametrize(
    ("n", "expected_rank"), [(8, 0), (9, 1), (10, 1), (18, 1), (19, 2), (20, 2), (99, 10), (100, 10)]
)
def test_the_bound_is_the_finite_sample_rank(n, expected_rank):
    values = np.arange(1, n + 1) / (n + 1)
    assert lowest_kept(values, 0.9) == (values[expected_rank - 1] if expected_rank else 0.0)


def test_each_state_has_its_own_bound():
    state = np.repeat(np.arange(4), 99)
    probabilities = np.full((len(state), 4), 0.25)
    probabilities[state == 2, 2] = 0.7
    bounds = state_bounds(probabilities, state, coverage=0.9)
    assert bounds == {State.HEALTHY: 0.25, State.MILD: 0.25, State.ACUTE: 0.7, State.CHRONIC: 0.25}


def test_a_state_without_calibration_patients_is_named():
    with pytest.raises(NotEnoughData, match="chronic"):
        state_bounds(np.full((3, 4), 0.25), np.array([0, 1, 2]), coverage=0.9)


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=200), coverage=st.floats(0.5, 0.99))
def test_at_most_the_allowed_share_of_calibration_patients_lose_their_state(values, coverage):
    own = np.sort(np.array(values))
    bound = lowest_kept(own, coverage)
    assert np.sum(own < bound) <= (1 - coverage) * (len(own) + 1)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), patients=st.integers(4, 300), digits=st.sampled_from([2, 12]))
def test_crepes_mondrian_classifier_keeps_the_same_states(seed, patients, digits):
    """Class-conditional, not smoothed; with two digits there are ties.

    One difference: crepes keeps a state whose p-value is exactly 0.1, which can only be where 0.1 (n + 1) is whole. To
    exclude it is valid too (a p-value of at most 0.1 has a probability of at most 0.1), and tells more. Asked for a
    hair less than 0.9, crepes excludes it as well, and all sets are the same.
    """
    rng = np.random.default_rng(seed)
    state = np.concatenate([np.arange(4), rng.integers(0, 4, patients)])
    known, new = answers(rng, state).round(digits), answers(rng, rng.integers(0, 4, 200)).round(digits)
    bounds = state_bounds(known, state, coverage=0.9)
    theirs = ConformalClassifier().fit(1 - known[np.arange(len(state)), state], bins=state)
    for position, name in enumerate(State):
        kept = theirs.predict_set(1 - new, bins=np.full(len(new), position), confidence=0.9 - 1e-9, smoothing=False)
        assert np.array_equal(kept[:, position] == 1, new[:, position] >= bounds[name])
