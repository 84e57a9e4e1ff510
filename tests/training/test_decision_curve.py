import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.training.decision_curve import decision_curve, move_prevalence, net_benefit


def test_net_benefit_by_hand() -> None:
    """100 patients, 10 rare; at 20 % one false alert costs a quarter of a true one: (8 - 20 / 4) / 100."""
    found = net_benefit(np.array([0.8]), np.array([20 / 90]), np.array([0.2]), 0.1)
    assert found[0] == pytest.approx(0.03)


def test_the_curve_counts_who_is_at_or_above_the_threshold_probability() -> None:
    scores, is_rare = np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, True, False, True])
    curve = decision_curve(scores, is_rare, np.array([0.2, 0.3]), certified_threshold=0.4)
    assert curve.prevalence == 0.5
    assert curve.model == pytest.approx([0.5 - 0.25 * 0.25, 0.25 - 0.25 * 3 / 7])
    assert curve.treat_all == pytest.approx([0.5 - 0.5 * 0.25, 0.5 - 0.5 * 3 / 7])
    assert curve.certified == pytest.approx([0.25, 0.25])


def test_evaluating_everybody_is_worth_nothing_at_the_prevalence() -> None:
    curve = decision_curve(np.array([0.2, 0.9]), np.array([False, True]), np.array([0.01]), prevalence=0.01)
    assert curve.treat_all[0] == pytest.approx(0)


def test_at_another_prevalence_a_calibrated_probability_stays_calibrated() -> None:
    """Of 1,000 with 0.5, half are rare; with a ninth of the rare there, one in ten is."""
    assert move_prevalence(np.array([0.5]), 1 / 9)[0] == pytest.approx(0.1)


@given(st.lists(st.floats(0, 1), min_size=1), st.floats(1e-4, 1e4))
def test_moving_the_prevalence_keeps_the_order_and_the_ends(scores: list[float], odds_ratio: float) -> None:
    given_scores = np.sort(np.array([0.0, *scores, 1.0]))
    moved = move_prevalence(given_scores, odds_ratio)
    assert np.all(np.diff(moved) >= -1e-12)
    assert (moved[0], moved[-1]) == (0, 1)
    assert move_prevalence(moved, 1 / odds_ratio) == pytest.approx(given_scores, abs=1e-6)
