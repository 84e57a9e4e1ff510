"""The exported explanation against XGBoost's own, and against the probabilities that the graph gives."""

import json

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.pipeline import Pipeline

from raretriage.bucket import TreePaths, parse_explanation
from raretriage.features import CATEGORICAL, NUMERIC, FeatureContract, ModelInput
from raretriage.release.explanation import SMALLEST_SHARE, bias_of, explanation_file
from raretriage.release.onnx import export_graph, run_graph
from raretriage.serving.shapley import MarginExplainer, MarginParts
from raretriage.training import frame
from raretriage.training.candidates import EstimatorKind, candidate

TERMS = tuple(f"HP:{number:07d}" for number in range(1, 9))
CONTRACT = FeatureContract(numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=TERMS, knowledge_version="toy-1")
INPUTS = (*NUMERIC, *CATEGORICAL, *TERMS)
UNUSED = ("spo2", "HP:0000008")
"""Inputs that never vary where the models are fitted."""
EXACT = (EstimatorKind.XGBOOST, EstimatorKind.LOGISTIC_REGRESSION)


def made_up_rows(n: int, seed: int) -> ModelInput:
    rng = np.random.default_rng(seed)
    numeric = np.round(rng.normal(size=(n, len(NUMERIC))) * 4).astype(np.float32) / 2
    numeric[rng.random(numeric.shape) < 0.3] = np.nan
    numeric[:, NUMERIC.index("spo2")] = np.nan
    categorical = np.stack(
        [rng.choice(np.array([*values, ""], dtype=object), n) for values in CATEGORICAL.values()], axis=1
    ).astype(object)
    phenotypes = rng.choice(np.array([0, 0, 1, -1], dtype=np.float32), (n, len(TERMS)))
    phenotypes[:, -1] = 0
    return ModelInput(numeric, categorical, phenotypes)


def fitted(kind: EstimatorKind, **parameters: object) -> Pipeline:
    rows = made_up_rows(400, seed=1)
    rng = np.random.default_rng(2)
    signal = np.nan_to_num(rows.numeric[:, 0]) + rows.phenotypes[:, :5].sum(axis=1) + (rows.categorical[:, 0] == "male")
    model = candidate(kind, CONTRACT, head="rare", seed=1)
    model.named_steps["estimator"].set_params(**parameters)
    return model.fit(frame(rows), (signal + rng.normal(size=400) > 1.5).astype(np.int64))


@pytest.fixture(scope="module")
def models() -> dict[EstimatorKind, Pipeline]:
    return {EstimatorKind.XGBOOST: fitted(EstimatorKind.XGBOOST, n_estimators=80)} | {
        kind: fitted(kind) for kind in (EstimatorKind.LOGISTIC_REGRESSION, EstimatorKind.RANDOM_FOREST)
    }


def file_of(model: Pipeline) -> bytes:
    data = explanation_file(model, CONTRACT, made_up_rows(400, seed=1))
    assert data is not None
    return data


def parts_of(model: Pipeline, rows: ModelInput) -> list[MarginParts]:
    explainer = MarginExplainer(file_of(model), CONTRACT)
    alone = zip(rows.numeric, rows.categorical, rows.phenotypes, strict=True)
    return [explainer.parts(ModelInput(*(np.stack([part]) for part in row))) for row in alone]


def by_xgboost(model: Pipeline, rows: ModelInput) -> tuple[np.ndarray, np.ndarray]:
    """XGBoost's own contributions by input, and its bias."""
    matrix = xgboost.DMatrix(model.named_steps["columns"].transform(frame(rows)))
    given = model.named_steps["estimator"].get_booster().predict(matrix, pred_contribs=True).astype(np.float64)
    source = parse_explanation(file_of(model)).columns.source
    return np.stack([np.bincount(source, weights=row[:-1], minlength=len(INPUTS)) for row in given]), given[:, -1]


def hard_rows() -> ModelInput:
    rows = made_up_rows(60, seed=3)
    rows.numeric[:10] = np.nan
    rows.categorical[10:20] = "a word from another hospital"
    rows.categorical[20:30] = ""
    rows.numeric[30:40] *= 1e6
    return rows


@pytest.mark.parametrize("depth", [1, 3, 12])
def test_contributions_are_those_of_xgboost(depth: int) -> None:
    model = fitted(EstimatorKind.XGBOOST, n_estimators=60, max_depth=depth)
    expected, bias = by_xgboost(model, hard_rows())
    for parts, inputs, base in zip(parts_of(model, hard_rows()), expected, bias, strict=True):
        assert np.allclose(parts.inputs, inputs, atol=1e-5)
        assert parts.base == pytest.approx(base, abs=1e-5)


def test_a_value_on_a_split_goes_the_way_it_does_in_xgboost() -> None:
    """0.7 in float32 is less than the 0.7 that XGBoost prints."""
    rows = made_up_rows(200, seed=9)
    rows.numeric[:] = np.nan
    rows.numeric[:, 0] = np.repeat(np.array([0.3, 0.7], dtype=np.float32), 100)
    model = candidate(EstimatorKind.XGBOOST, CONTRACT, head="rare", seed=1)
    model.named_steps["estimator"].set_params(n_estimators=20, colsample_bytree=1, colsample_bynode=1)
    model.fit(frame(rows), (np.arange(200) >= 100).astype(np.int64))
    expected, _ = by_xgboost(model, rows)
    assert expected[-1, 0] > 0.1
    assert np.allclose([parts.inputs for parts in parts_of(model, rows)], expected, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_contributions_are_those_of_xgboost_for_any_model_and_row(data: st.DataObject) -> None:
    """Values on a split, missing ones, branches that no training row took, trees that are one leaf."""
    value = st.sampled_from([np.nan, -1.0, 0.0, 0.3, 0.7, 2.5])
    x = data.draw(arrays.arrays(np.float32, (data.draw(st.integers(4, 30)), 4), elements=value), label="x")
    y = data.draw(arrays.arrays(np.int64, len(x), elements=st.integers(0, 1)), label="y")
    numeric = np.full((len(x), len(NUMERIC)), np.nan, dtype=np.float32)
    numeric[:, :4] = x
    rows = ModelInput(
        numeric, np.full((len(x), len(CATEGORICAL)), "", dtype=object), np.zeros((len(x), len(TERMS)), np.float32)
    )
    y[:2] = 0, 1
    model = candidate(EstimatorKind.XGBOOST, CONTRACT, head="rare", seed=data.draw(st.integers(0, 9)))
    model.named_steps["estimator"].set_params(
        n_estimators=data.draw(st.integers(1, 8)), max_depth=data.draw(st.integers(1, 6)), min_child_weight=0.01
    )
    model.fit(frame(rows), y)
    expected, bias = by_xgboost(model, rows)
    for parts, inputs, base in zip(parts_of(model, rows), expected, bias, strict=True):
        assert np.allclose(parts.inputs, inputs, atol=1e-5)
        assert parts.base == pytest.approx(base, abs=1e-5)
        assert parts.base + parts.inputs.sum() == pytest.approx(parts.margin, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", EXACT)
def test_the_parts_sum_to_the_margin_and_the_margin_is_the_graphs_probability(models, kind) -> None:
    model = models[kind]
    rows = made_up_rows(60, seed=4)
    rows.numeric[:10] = np.nan
    rows.categorical[10:20] = "a word from another hospital"
    _, probability = run_graph(export_graph(_state_head(), model, CONTRACT), rows)
    for parts, rare in zip(parts_of(model, rows), probability, strict=True):
        assert parts.base + parts.inputs.sum() == pytest.approx(parts.margin, rel=1e-9)
        assert parts.probability == pytest.approx(rare, abs=1e-6)


def _state_head() -> Pipeline:
    rows = made_up_rows(80, seed=5)
    return candidate(EstimatorKind.LOGISTIC_REGRESSION, CONTRACT, head="state", seed=1).fit(
        frame(rows), np.arange(80) % 4
    )


@pytest.mark.parametrize("kind", EXACT)
def test_an_input_that_says_nothing_adds_nothing(models, kind) -> None:
    rows = made_up_rows(20, seed=6)
    for parts in parts_of(models[kind], rows):
        assert [parts.inputs[INPUTS.index(name)] for name in UNUSED] == [0, 0]
        assert np.count_nonzero(parts.inputs) > 10


@pytest.mark.parametrize("kind", EXACT)
def test_changing_an_unused_input_changes_nothing(models, kind) -> None:
    rows = made_up_rows(5, seed=7)
    before = parts_of(models[kind], rows)
    rows.phenotypes[:, TERMS.index("HP:0000008")] = 1
    for one, other in zip(before, parts_of(models[kind], rows), strict=True):
        assert np.array_equal(one.inputs, other.inputs)


def test_a_linear_models_parts_are_weights_times_the_distance_to_the_mean(models) -> None:
    model, rows = models[EstimatorKind.LOGISTIC_REGRESSION], hard_rows()
    columns, estimator = model.named_steps["columns"], model.named_steps["estimator"]
    values = columns.transform(frame(rows)) - columns.transform(frame(made_up_rows(400, seed=1))).mean(axis=0)
    source = parse_explanation(file_of(model)).columns.source
    for parts, row in zip(parts_of(model, rows), values * estimator.coef_[0], strict=True):
        expected = np.bincount(source, weights=row, minlength=len(INPUTS))
        assert np.allclose(parts.inputs, expected, rtol=1e-9, atol=1e-9)


def test_the_average_patient_of_a_linear_model_is_explained_by_nothing(models) -> None:
    all_parts = parts_of(models[EstimatorKind.LOGISTIC_REGRESSION], made_up_rows(400, seed=1))
    assert np.allclose(np.mean([parts.inputs for parts in all_parts], axis=0), 0, atol=1e-9)
    assert np.mean([parts.margin for parts in all_parts]) == pytest.approx(all_parts[0].base)


def test_a_forest_has_no_exact_parts_and_so_no_file(models) -> None:
    assert explanation_file(models[EstimatorKind.RANDOM_FOREST], CONTRACT, made_up_rows(9, seed=1)) is None


@pytest.mark.parametrize("kind", EXACT)
def test_equal_models_give_equal_bytes(models, kind) -> None:
    again = fitted(kind, **({"n_estimators": 80} if kind is EstimatorKind.XGBOOST else {}))
    assert file_of(again) == file_of(models[kind])


def test_a_constant_model_is_its_base() -> None:
    model = fitted(EstimatorKind.XGBOOST, n_estimators=3, gamma=1e9)
    [parts] = parts_of(model, made_up_rows(1, seed=8))
    assert parts.margin == parts.base
    assert not parts.inputs.any()
    assert parts.probability == pytest.approx(model.predict_proba(frame(made_up_rows(1, seed=8)))[0, 1], abs=1e-6)


def test_the_base_score_is_read_as_xgboost_writes_it(models) -> None:
    """A list with one probability today, the bare number before XGBoost 3."""
    booster = models[EstimatorKind.XGBOOST].named_steps["estimator"].get_booster()
    written = json.loads(bytes(booster.save_raw(raw_format="json")))["learner"]["learner_model_param"]["base_score"]
    assert 0 < json.loads(written)[0] < 1
    assert float(bias_of("[2E-1]")) == float(bias_of("2E-1")) == pytest.approx(np.log(0.25), abs=1e-6)


def test_shares_are_those_of_training_rows(models) -> None:
    terms = parse_explanation(file_of(models[EstimatorKind.XGBOOST])).terms
    assert isinstance(terms, TreePaths)
    assert terms.share.min() >= np.float32(SMALLEST_SHARE)
    assert terms.share.max() <= 1
    # Below -2.5 and then from 3 on: only missing values come there.
    assert (terms.takes_missing | (terms.lower < terms.upper)).all()
