"""What is read out of a fitted booster."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lightgbm import LGBMClassifier
from xgboost import XGBClassifier

from raretriage.release.trees import bias_of, largest_at_most, lightgbm_trees

X = np.repeat(np.array([[-2.0, 1.0], [-1.0, 1.0], [0.5, 2.0], [3.0, 2.0]]), 10, axis=0)
Y = np.repeat([0, 0, 1, 1], 10)


@given(st.floats(-3e38, 3e38))
def test_no_float32_lies_between_a_threshold_and_what_stands_for_it(threshold: float) -> None:
    [found] = largest_at_most([threshold])
    assert found <= np.float64(threshold) < np.nextafter(found, np.float32(np.inf))


@pytest.mark.parametrize(
    "numbers", [(0.5, 0.5), (-0.25000000745058054, -0.25 - 2**-25), (0.1, np.float32(0.1) - 2**-27)]
)
def test_a_threshold_that_is_no_float32_is_rounded_down(numbers: tuple[float, float]) -> None:
    assert largest_at_most([numbers[0]]).tolist() == [numbers[1]]


def test_a_threshold_that_parts_missing_values_from_all_others_stays_above_every_number() -> None:
    assert largest_at_most([1e300]).tolist() == [np.finfo(np.float32).max]


def test_lightgbms_covers_are_its_counts_and_its_first_tree_holds_the_start() -> None:
    model = LGBMClassifier(n_estimators=1, min_child_samples=1, num_leaves=2, verbose=-1).fit(X, Y)
    bias, [tree] = lightgbm_trees(model.booster_)
    assert float(bias) == 0
    assert (tree.left, tree.right) == ([1, -1, -1], [2, 0, 0])
    assert tree.cover == [40, 20, 20]
    assert tree.value[1:] == pytest.approx(model.predict([[-2.0, 1.0], [3.0, 2.0]], raw_score=True))


def test_the_base_score_is_read_as_xgboost_writes_it() -> None:
    """A list with one probability today, the bare number before XGBoost 3."""
    booster = XGBClassifier(n_estimators=1).fit(X, Y).get_booster()
    written = json.loads(bytes(booster.save_raw(raw_format="json")))["learner"]["learner_model_param"]["base_score"]
    assert 0 < json.loads(written)[0] < 1
    assert float(bias_of("[2E-1]")) == float(bias_of("2E-1")) == pytest.approx(np.log(0.25), abs=1e-6)
