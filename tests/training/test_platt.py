"""Made-up answers that are too timid, too sure, or say nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit, logit

from raretriage.training.platt import Line, fitted_line

lines = st.builds(Line, slope=st.floats(0.05, 20), intercept=st.floats(-10, 10))


@given(line=lines, probability=arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1)))
def test_the_line_keeps_probabilities_and_their_order(line, probability):
    moved = line.moved(probability)
    assert np.all((moved >= 0) & (moved <= 1))
    assert np.all(np.diff(moved[np.argsort(probability, kind="stable")]) >= 0)


@given(probability=arrays(np.float64, 5, elements=st.floats(1e-8, 1 - 1e-8)))
def test_the_line_as_it_is_changes_nothing(probability):
    assert Line().moved(probability) == pytest.approx(probability, rel=1e-6)


@pytest.mark.parametrize(("slope", "intercept"), [(0.0, 0.0), (-1.0, 0.0), (float("nan"), 0.0), (1.0, float("inf"))])
def test_a_line_that_turns_the_order_around_cannot_be_made(slope, intercept):
    with pytest.raises(ValueError, match="order of patients"):
        Line(slope, intercept)


@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (1.4, 0.8), (0.6, -0.5)])
def test_the_line_that_answers_were_moved_off_is_found_and_moves_them_back(slope, intercept):
    rng = np.random.default_rng(0)
    true = expit(rng.normal(-2, 1.5, size=200_000))
    is_rare = rng.random(len(true)) < true
    told = expit((logit(true) - intercept) / slope)
    found = fitted_line(told, is_rare)
    assert (found.slope, found.intercept) == (pytest.approx(slope, abs=0.03), pytest.approx(intercept, abs=0.05))
    assert found.moved(told).mean() == pytest.approx(is_rare.mean(), abs=1e-4)


@pytest.mark.parametrize(
    ("probability", "is_rare"),
    [
        ([0.1, 0.9, 0.3], [False, False, False]),
        ([0.1, 0.9, 0.8], [False, True, True]),
        ([0.9, 0.1, 0.8, 0.2, 0.5, 0.5], [False, True, False, True, False, True]),
        ([0.4, 0.4, 0.4], [False, True, True]),
    ],
    ids=["one class", "told apart", "the wrong way round", "all alike"],
)
def test_where_no_line_can_be_fitted_the_answers_stay_as_they_are(probability, is_rare):
    assert fitted_line(np.array(probability), np.array(is_rare)) == Line()
