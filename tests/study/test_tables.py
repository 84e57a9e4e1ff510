import json
from dataclasses import replace

import numpy as np
import pytest

from raretriage.study.imbalance import COSTS, cost_thresholds
from raretriage.study.tables import Estimate, StudyRow, StudyTable, bootstrap, rare_figures, state_figures
from raretriage.training.evaluation import Scored


@pytest.fixture(scope="module")
def scored() -> Scored:
    rng = np.random.default_rng(2)
    state, is_rare = rng.integers(0, 4, 400), rng.random(400) < 0.2
    return Scored(
        state_probabilities=rng.dirichlet(np.ones(4), 400) * 0.6 + np.eye(4)[state] * 0.4,
        rare_probability=np.clip(rng.random(400) / 2 + is_rare / 3, 0, 1),
        state=state,
        is_rare=is_rare,
        cluster=np.array([f"p{i // 2}" for i in range(400)], dtype=object),
    )


@pytest.fixture(scope="module")
def weights(scored):
    return bootstrap(scored, draws=100, seed=1)


def test_a_variant_compared_with_itself_differs_by_nothing_in_every_draw(scored, weights):
    nothing = Estimate(0.0, 0.0, 0.0)
    assert rare_figures(scored, weights, scored)["ROC-AUC minus the first"] == nothing
    assert state_figures(scored, weights, scored)["macro-F1 minus the first"] == nothing


def test_a_difference_is_paired_and_so_narrower_than_either_figure(scored, weights):
    slightly = replace(scored, rare_probability=scored.rare_probability + 0.01 * (np.arange(400) % 2))
    figures = rare_figures(slightly, weights, scored)
    difference, own = figures["ROC-AUC minus the first"], figures["ROC-AUC"]
    assert difference.high - difference.low < (own.high - own.low) / 3
    assert difference.value == pytest.approx(own.value - rare_figures(scored, weights)["ROC-AUC"].value)


def test_a_worse_variant_is_below_the_first(scored, weights):
    worse = replace(scored, state_probabilities=np.full((400, 4), 0.25))
    assert state_figures(worse, weights, scored)["macro-F1 minus the first"].high < 0
    assert "macro-F1 minus the first" not in state_figures(worse, weights)


def test_a_patients_encounters_are_drawn_together_and_the_same_seed_draws_the_same(scored, weights):
    assert np.array_equal(weights[:, ::2], weights[:, 1::2])
    assert np.array_equal(weights, bootstrap(scored, draws=100, seed=1))
    assert not np.array_equal(weights, bootstrap(scored, draws=100, seed=2))


def test_the_price_of_95_percent_sensitivity_follows_from_the_specificity(scored, weights):
    figures = rare_figures(scored, weights)
    specificity = figures["specificity at 95 % sensitivity"].value
    assert 0 < specificity < 1
    assert figures["alerts per 1,000 at 1 %"].value == pytest.approx(9.5 + 990 * (1 - specificity))
    assert figures["alerts per 1,000 at 0.1 %"].value == pytest.approx(0.95 + 999 * (1 - specificity))


def test_a_cost_sets_the_threshold_at_one_in_one_more_than_it():
    at_the_thresholds = [1 / (1 + cost) for cost in COSTS]
    assert at_the_thresholds == [1 / 6, 1 / 21, 1 / 101]
    rare = np.array([*at_the_thresholds, *(np.nextafter(t, 0) for t in at_the_thresholds)])
    made_up = Scored(
        state_probabilities=np.full((12, 4), 0.25),
        rare_probability=np.concatenate([rare, rare]),
        state=np.zeros(12, dtype=np.int64),
        is_rare=np.arange(12) < 6,
        cluster=np.arange(12).astype(str).astype(object),
    )
    rows = dict(cost_thresholds(made_up, np.ones((3, 12))))
    assert len(rows) == len(COSTS)
    for place, (cost, (name, figures)) in enumerate(zip(COSTS, rows.items(), strict=True)):
        assert f"{cost:g} false alerts" in name
        assert figures["threshold"].value == 1 / (1 + cost)
        flagged = 1 + 2 * place  # itself, and whoever stands at or a hair under a higher threshold
        assert figures["sensitivity"].value == pytest.approx(flagged / 6)
        assert figures["specificity"].value == pytest.approx(1 - flagged / 6)
        assert figures["alerts per 1,000 at 1 %"].value == pytest.approx(1000 * flagged / 6)
        assert figures["alerts per 1,000 at 0.1 %"].value == pytest.approx(1000 * flagged / 6)


def test_what_is_not_defined_is_nan_on_the_terminal_and_null_in_json(scored, weights):
    told_apart = replace(scored, rare_probability=np.where(scored.is_rare, 0.9, 0.1))
    slope = rare_figures(told_apart, weights)["calibration slope"]
    assert str(slope) == "nan (nan to nan)"
    table = StudyTable("t", (StudyRow("a", {"slope": slope}, 1.0),), 400, "a", "rule")
    text = json.dumps(table.as_json(), allow_nan=False)
    assert json.loads(text)["rows"][0]["slope"] == [None, None, None]
    assert Estimate.of(np.array([0.5, np.nan, np.nan])).as_json() == [None, None, None]


def test_a_table_shows_every_figure_that_any_row_has_in_order():
    one = Estimate(1.0, 0.5, 1.5)
    rows = (StudyRow("a", {"x": one, "y": one}, 1.04, "why"), StudyRow("b", {"x": one, "z": one}, 2.0))
    table = StudyTable("t", rows, 9, "a", "rule", ("note",))
    assert table.figures == ("x", "y", "z")
    assert table.as_json()["rows"][0] == {
        "name": "a", "seconds": 1.0, "note": "why", "x": [1.0, 0.5, 1.5], "y": [1.0, 0.5, 1.5],
    }  # fmt: skip
