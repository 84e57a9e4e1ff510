"""The exported explanation against those of XGBoost and LightGBM themselves, and against the graph's probabilities."""

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.pipeline import Pipeline
from xgboost import XGBClassifier

from raretriage.bucket import TreePaths, parse_explanation
from raretriage.features import CATEGORICAL, NUMERIC, FeatureContract, ModelInput
from raretriage.release import CannotExplain
from raretriage.release.explanation import explanation_file
from raretriage.release.onnx import export_graph, run_graph
from raretriage.release.tree_paths import SMALLEST_SHARE
from raretriage.release.trees import Tree, lightgbm_trees, xgboost_trees
from raretriage.serving.shapley import MarginExplainer, MarginParts
from raretriage.training import frame
from raretriage.training.candidates import EstimatorKind, candidate
from raretriage.training.platt import Line, PlattScaled

TERMS = tuple(f"HP:{number:07d}" for number in range(1, 9))
CONTRACT = FeatureContract(numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=TERMS, knowledge_version="toy-1")
INPUTS = (*NUMERIC, *CATEGORICAL, *TERMS)
UNUSED = ("spo2", "HP:0000008")
"""Inputs that never vary where the models are fitted."""
TREES = (EstimatorKind.XGBOOST, EstimatorKind.LIGHTGBM)
EXACT = (*TREES, EstimatorKind.LOGISTIC_REGRESSION, EstimatorKind.EXPLAINABLE_BOOSTING)
EXACTLY = {EstimatorKind.XGBOOST: 1e-5, EstimatorKind.LIGHTGBM: 1e-9}
"""XGBoost adds its contributions up in float32, LightGBM in double."""
LINE = Line(slope=1.3, intercept=-0.4)
SMALL = {EstimatorKind.XGBOOST: {"n_estimators": 80}, EstimatorKind.LIGHTGBM: {"n_estimators": 80}}


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
    return {kind: fitted(kind, **SMALL.get(kind, {})) for kind in EstimatorKind}


def file_of(model: Pipeline) -> bytes:
    mean = model[:-1].transform(frame(made_up_rows(400, seed=1))).mean(axis=0)
    data = explanation_file(PlattScaled(model, LINE), CONTRACT, mean)
    assert data is not None
    return data


def parts_of(model: Pipeline, rows: ModelInput) -> list[MarginParts]:
    explainer = MarginExplainer(file_of(model), CONTRACT)
    alone = zip(rows.numeric, rows.categorical, rows.phenotypes, strict=True)
    return [explainer.parts(ModelInput(*(np.stack([part]) for part in row))) for row in alone]


def by_library(model: Pipeline, rows: ModelInput) -> tuple[np.ndarray, np.ndarray]:
    """The library's own contributions by input and its bias, on the line."""
    values, estimator = model[:-1].transform(frame(rows)), model.named_steps["estimator"]
    if isinstance(estimator, XGBClassifier):
        given = estimator.get_booster().predict(xgboost.DMatrix(values), pred_contribs=True).astype(np.float64)
    else:
        given = estimator.predict(values, pred_contrib=True)
    source = parse_explanation(file_of(model)).columns.source
    by_input = np.stack([np.bincount(source, weights=row[:-1], minlength=len(INPUTS)) for row in given])
    return slope_of(rows)[:, np.newaxis] * by_input, np.where(is_told(rows), on_line(given[:, -1]), given[:, -1])


def is_told(rows: ModelInput) -> np.ndarray:
    """The line is of patients of whom a finding is told."""
    return ~np.isnan(rows.numeric[:, NUMERIC.index("systems_involved")])


def slope_of(rows: ModelInput) -> np.ndarray:
    return np.where(is_told(rows), LINE.slope, 1.0)


def on_line(margin: np.ndarray) -> np.ndarray:
    return LINE.slope * margin + LINE.intercept


def trees_of(model: Pipeline) -> list[Tree]:
    estimator = model.named_steps["estimator"]
    if isinstance(estimator, XGBClassifier):
        return xgboost_trees(estimator.get_booster())[1]
    return lightgbm_trees(estimator.booster_)[1]


def hard_rows() -> ModelInput:
    rows = made_up_rows(60, seed=3)
    rows.numeric[:10] = np.nan
    rows.categorical[10:20] = "a word from another hospital"
    rows.categorical[20:30] = ""
    rows.numeric[30:40] *= 1e6
    return rows


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        *((EstimatorKind.XGBOOST, {"max_depth": depth}) for depth in (1, 3, 12)),
        *((EstimatorKind.LIGHTGBM, {"num_leaves": leaves}) for leaves in (2, 15, 63)),
    ],
)
def test_contributions_are_those_of_the_library(kind: EstimatorKind, size: dict[str, int]) -> None:
    model = fitted(kind, n_estimators=60, **size)
    expected, bias = by_library(model, hard_rows())
    for parts, inputs, base in zip(parts_of(model, hard_rows()), expected, bias, strict=True):
        assert np.allclose(parts.inputs, inputs, rtol=0, atol=EXACTLY[kind])
        assert parts.base == pytest.approx(base, abs=EXACTLY[kind])


def tenths(n: int, seed: int) -> ModelInput:
    """Between two of these lies no float32 in the middle: 0.35 is above or below what LightGBM makes of 0.3 and 0.4."""
    rows = made_up_rows(n, seed)
    return ModelInput((np.round(rows.numeric * 10) / np.float32(10)), rows.categorical, rows.phenotypes)


@pytest.mark.parametrize("kind", TREES)
def test_a_value_on_a_split_and_beside_it_goes_the_way_it_does_in_the_library_and_in_the_graph(kind) -> None:
    rows = tenths(400, seed=9)
    rows.numeric[:, 0] = np.random.default_rng(1).integers(-30, 30, 400).astype(np.float32) / np.float32(10)
    model = candidate(kind, CONTRACT, head="rare", seed=1)
    model.named_steps["estimator"].set_params(n_estimators=20, colsample_bytree=1)
    model.fit(frame(rows), (rows.numeric[:, 0] + np.sin(9 * rows.numeric[:, 0]) > 0).astype(np.int64))
    splits = sorted(
        {
            split
            for tree in trees_of(model)
            for split, column, left in zip(tree.split, tree.column, tree.left, strict=True)
            # LightGBM itself takes -1e-35 for 0.
            if left > 0 and column == 0 and abs(split) > 1e-30
        }
    )
    assert len(splits) > 9
    on = np.float32(splits)
    below = np.nextafter(on, np.float32(-np.inf))
    values = np.concatenate([on, below, np.nextafter(on, np.float32(np.inf)), np.nextafter(below, np.float32(-np.inf))])
    asked = made_up_rows(len(values), seed=2)
    asked.numeric[:, 0] = values
    expected, _ = by_library(model, asked)
    parts = parts_of(model, asked)
    assert np.allclose([one.inputs for one in parts], expected, rtol=0, atol=EXACTLY[kind])
    _, probability = run_graph(export_graph(_state_head(), PlattScaled(model, LINE), CONTRACT), asked)
    assert np.allclose([one.probability for one in parts], probability, rtol=0, atol=1e-6)


_VALUES = st.sampled_from([np.nan, -1.0, 0.0, 0.3, 0.7, 2.5])
_GROWN = {
    EstimatorKind.XGBOOST: {"max_depth": st.integers(1, 6), "min_child_weight": st.just(0.01)},
    EstimatorKind.LIGHTGBM: {
        "num_leaves": st.integers(2, 12),
        "min_child_samples": st.just(1),
        "min_child_weight": st.just(0.0),
        "min_data_in_bin": st.just(1),
    },
}


@pytest.mark.parametrize("kind", TREES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_contributions_are_those_of_the_library_for_any_model_and_row(kind: EstimatorKind, data: st.DataObject) -> None:
    """Values on a split, missing ones, also where training had none, branches that no training row took, trees that are
    one leaf."""

    def rows_of(columns: list[st.SearchStrategy[float]], least: int) -> ModelInput:
        x = data.draw(st.lists(st.tuples(*columns), min_size=least, max_size=30))
        numeric = np.full((len(x), len(NUMERIC)), np.nan, dtype=np.float32)
        numeric[:, :4] = x
        return ModelInput(
            numeric, np.full((len(x), len(CATEGORICAL)), "", dtype=object), np.zeros((len(x), len(TERMS)), np.float32)
        )

    rows = rows_of([_VALUES, _VALUES, *2 * [_VALUES.filter(lambda value: value == value)]], least=4)
    asked = rows_of(4 * [_VALUES], least=1)
    y = data.draw(arrays.arrays(np.int64, len(rows.numeric), elements=st.integers(0, 1)), label="y")
    y[:2] = 0, 1
    model = candidate(kind, CONTRACT, head="rare", seed=data.draw(st.integers(0, 9)))
    model.named_steps["estimator"].set_params(
        n_estimators=data.draw(st.integers(1, 8)), **{name: data.draw(how) for name, how in _GROWN[kind].items()}
    )
    model.fit(frame(rows), y)
    expected, bias = by_library(model, asked)
    for parts, inputs, base in zip(parts_of(model, asked), expected, bias, strict=True):
        assert np.allclose(parts.inputs, inputs, rtol=0, atol=EXACTLY[kind])
        assert parts.base == pytest.approx(base, abs=EXACTLY[kind])
        assert parts.base + parts.inputs.sum() == pytest.approx(parts.margin, rel=1e-9, abs=1e-9)


def test_where_training_had_no_missing_value_lightgbm_takes_one_for_zero() -> None:
    rows = made_up_rows(400, seed=1)
    rows.numeric[:, 0] = np.nan_to_num(rows.numeric[:, 0], nan=2.0)
    model = candidate(EstimatorKind.LIGHTGBM, CONTRACT, head="rare", seed=1)
    model.named_steps["estimator"].set_params(n_estimators=20, colsample_bytree=1)
    model.fit(frame(rows), (abs(rows.numeric[:, 0]) > 1).astype(np.int64))
    missing, zero = made_up_rows(5, seed=2), made_up_rows(5, seed=2)
    missing.numeric[:, 0], zero.numeric[:, 0] = np.nan, 0
    expected, _ = by_library(model, missing)
    assert abs(expected[:, 0]).min() > 0.1
    for as_missing, as_zero, inputs in zip(parts_of(model, missing), parts_of(model, zero), expected, strict=True):
        assert as_missing.inputs == pytest.approx(inputs, abs=1e-9)
        assert as_missing.inputs[0] == as_zero.inputs[0]


@pytest.mark.parametrize("kind", EXACT)
def test_the_parts_sum_to_the_margin_and_the_margin_is_the_graphs_probability(models, kind) -> None:
    model = models[kind]
    rows = made_up_rows(60, seed=4)
    rows.numeric[:10] = np.nan
    rows.categorical[10:20] = "a word from another hospital"
    _, probability = run_graph(export_graph(_state_head(), PlattScaled(model, LINE), CONTRACT), rows)
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


def test_parts_of_explainable_boosting_are_the_librarys_own_terms(models) -> None:
    model, rows = models[EstimatorKind.EXPLAINABLE_BOOSTING], hard_rows()
    terms = model.named_steps["estimator"].eval_terms(model[:-1].transform(frame(rows)))
    source = parse_explanation(file_of(model)).columns.source
    for parts, row in zip(parts_of(model, rows), slope_of(rows)[:, np.newaxis] * terms, strict=True):
        expected = np.bincount(source, weights=row, minlength=len(INPUTS))
        assert np.allclose(parts.inputs, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("changed", "named"), [({"interactions": 1}, "share a term"), ({"feature_types": ["nominal"] * 51}, "category")]
)
def test_explainable_boosting_of_another_form_is_refused(changed, named) -> None:
    with pytest.raises(CannotExplain, match=named):
        file_of(fitted(EstimatorKind.EXPLAINABLE_BOOSTING, max_rounds=5, **changed))


def test_a_linear_models_parts_are_weights_times_the_distance_to_the_mean(models) -> None:
    model, rows = models[EstimatorKind.LOGISTIC_REGRESSION], hard_rows()
    columns, estimator = model.named_steps["columns"], model.named_steps["estimator"]
    values = columns.transform(frame(rows)) - columns.transform(frame(made_up_rows(400, seed=1))).mean(axis=0)
    source = parse_explanation(file_of(model)).columns.source
    for parts, row in zip(
        parts_of(model, rows), slope_of(rows)[:, np.newaxis] * values * estimator.coef_[0], strict=True
    ):
        expected = np.bincount(source, weights=row, minlength=len(INPUTS))
        assert np.allclose(parts.inputs, expected, rtol=1e-9, atol=1e-9)


def test_the_average_patient_of_a_linear_model_is_explained_by_nothing(models) -> None:
    rows = made_up_rows(400, seed=1)
    off_line = np.array([p.inputs for p in parts_of(models[EstimatorKind.LOGISTIC_REGRESSION], rows)])
    assert np.allclose((off_line / slope_of(rows)[:, np.newaxis]).mean(axis=0), 0, atol=1e-9)


def test_a_forest_has_no_exact_parts_and_so_no_file(models) -> None:
    assert explanation_file(PlattScaled(models[EstimatorKind.RANDOM_FOREST]), CONTRACT, np.zeros(9)) is None


@pytest.mark.parametrize(
    ("parameters", "when_fitted", "named"),
    [
        ({"zero_as_missing": True}, {}, "missing_type is Zero"),
        ({"linear_tree": True}, {}, "leaf_coeff"),
        ({"boosting_type": "rf"}, {}, "averaged"),
        ({}, {"estimator__categorical_feature": [0]}, "decision_type is =="),
    ],
)
def test_trees_of_another_form_are_refused_by_name(parameters: dict, when_fitted: dict, named: str) -> None:
    rows = made_up_rows(400, seed=1)
    rows.numeric[:, 0] = np.arange(400) % 4
    model = candidate(EstimatorKind.LIGHTGBM, CONTRACT, head="rare", seed=1)
    model.named_steps["estimator"].set_params(
        n_estimators=3, colsample_bytree=1, feature_fraction_bynode=1, **parameters
    )
    model.fit(frame(rows), np.arange(400) % 2, **when_fitted)
    with pytest.raises(CannotExplain, match=named):
        file_of(model)


@pytest.mark.parametrize("kind", EXACT)
def test_equal_models_give_equal_bytes(models, kind) -> None:
    again = fitted(kind, **SMALL.get(kind, {}))
    assert file_of(again) == file_of(models[kind])


@pytest.mark.parametrize(
    ("kind", "never"), [(EstimatorKind.XGBOOST, {"gamma": 1e9}), (EstimatorKind.LIGHTGBM, {"min_split_gain": 1e9})]
)
def test_a_constant_model_is_its_base(kind: EstimatorKind, never: dict[str, float]) -> None:
    model = fitted(kind, n_estimators=3, **never)
    [parts] = parts_of(model, made_up_rows(1, seed=8))
    assert parts.margin == parts.base
    assert not parts.inputs.any()
    told = PlattScaled(model, LINE).predict_proba(frame(made_up_rows(1, seed=8)))
    assert parts.probability == pytest.approx(told[0, 1], abs=1e-6)


@pytest.mark.parametrize("kind", TREES)
def test_shares_are_those_of_training_rows(models, kind) -> None:
    terms = parse_explanation(file_of(models[kind])).terms
    assert isinstance(terms, TreePaths)
    assert terms.share.min() >= SMALLEST_SHARE
    assert terms.share.max() <= 1
    # Below -2.5 and then from 3 on: only missing values come there.
    assert (terms.takes_missing | (terms.lower < terms.upper)).all()
