"""The exported file itself: what it takes, what it gives, and that it gives the pipelines' probabilities."""

import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from sklearn.pipeline import Pipeline

from raretriage.features import CATEGORICAL, NUMERIC, FeatureContract, ModelInput
from raretriage.release import ParityError
from raretriage.release.onnx import check_parity, export_graph, run_graph
from raretriage.training import frame
from raretriage.training.candidates import EstimatorKind, candidate
from raretriage.training.platt import Line, PlattScaled

TERMS = tuple(f"HP:{number:07d}" for number in range(1, 31))
CONTRACT = FeatureContract(numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=TERMS, knowledge_version="toy-1")
PAIRS = [
    (EstimatorKind.LOGISTIC_REGRESSION, EstimatorKind.RANDOM_FOREST),
    (EstimatorKind.RANDOM_FOREST, EstimatorKind.XGBOOST),
    (EstimatorKind.XGBOOST, EstimatorKind.LOGISTIC_REGRESSION),
    (EstimatorKind.XGBOOST, EstimatorKind.XGBOOST),
    (EstimatorKind.LIGHTGBM, EstimatorKind.LIGHTGBM),
    (EstimatorKind.EXPLAINABLE_BOOSTING, EstimatorKind.EXPLAINABLE_BOOSTING),
]


def made_up_rows(n: int, seed: int) -> ModelInput:
    rng = np.random.default_rng(seed)
    scale = np.array([1, 30, 3_000])[np.arange(len(NUMERIC)) % 3]
    numeric = (rng.normal(size=(n, len(NUMERIC))) * scale).astype(np.float32)
    numeric[rng.random(numeric.shape) < 0.001] *= 500  # outliers far beyond anything that was fitted on
    numeric[rng.random(numeric.shape) < 0.3] = np.nan
    numeric[:, NUMERIC.index("spo2")] = np.nan  # a vital sign that nobody measures
    categorical = np.stack(
        [rng.choice(np.array([*values, ""], dtype=object), n) for values in CATEGORICAL.values()], axis=1
    ).astype(object)
    phenotypes = rng.choice(np.array([0, 0, 0, 1, -1], dtype=np.float32), (n, len(TERMS)))
    return ModelInput(numeric, categorical, phenotypes)


@pytest.fixture(scope="module")
def heads() -> dict[tuple[str, EstimatorKind], Pipeline | PlattScaled]:
    rows = made_up_rows(1_500, seed=1)
    rng = np.random.default_rng(2)
    signal = np.nan_to_num(rows.numeric[:, 0] / np.nanstd(rows.numeric[:, 0])) + rows.phenotypes[:, :5].sum(axis=1)
    state = np.digitize(signal + rng.normal(size=1_500), [-1, 0, 1])
    rare = (signal + rng.normal(size=1_500) > 1.5).astype(np.int64)
    made: dict[tuple[str, EstimatorKind], Pipeline | PlattScaled] = {}
    for kind in EstimatorKind:
        made["state", kind] = candidate(kind, CONTRACT, head="state", seed=1).fit(frame(rows), state)
        unscaled = candidate(kind, CONTRACT, head="rare", seed=1).fit(frame(rows), rare)
        made["rare", kind] = PlattScaled(unscaled, Line(slope=1.2, intercept=0.3))
    return made


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: f"{pair[0].value}-{pair[1].value}")
def exported(request, heads) -> tuple[bytes, Pipeline, PlattScaled]:
    state, rare = heads["state", request.param[0]], heads["rare", request.param[1]]
    return export_graph(state, rare, CONTRACT), state, rare


def session(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def feed(rows: ModelInput, start: int, stop: int) -> dict[str, np.ndarray]:
    part = slice(start, stop)
    return {"numeric": rows.numeric[part], "categorical": rows.categorical[part], "phenotypes": rows.phenotypes[part]}


def test_parity_on_ten_thousand_rows(exported):
    assert check_parity(*exported, made_up_rows(10_000, seed=3)) <= 1e-5


def test_inputs_and_outputs_are_those_of_the_contract(exported):
    loaded = session(exported[0])
    assert [(i.name, i.type, i.shape) for i in loaded.get_inputs()] == [
        ("numeric", "tensor(float)", ["n", len(NUMERIC)]),
        ("categorical", "tensor(string)", ["n", len(CATEGORICAL)]),
        ("phenotypes", "tensor(float)", ["n", len(TERMS)]),
    ]
    assert [(o.name, o.type, o.shape) for o in loaded.get_outputs()] == [
        ("state_probabilities", "tensor(float)", ["n", 4]),
        ("rare_probability", "tensor(float)", ["n"]),
    ]


def test_states_come_in_order_and_sum_to_one(exported):
    graph, state, rare = exported
    rows = made_up_rows(200, seed=4)
    given_state, given_rare = run_graph(graph, rows)
    assert given_state.shape == (200, 4)
    assert given_rare.shape == (200,)
    assert np.allclose(given_state.sum(axis=1), 1, atol=1e-5)
    assert np.array_equal(given_state.argmax(axis=1), state.predict(frame(rows)))
    assert np.allclose(given_rare, rare.predict_proba(frame(rows))[:, 1], atol=1e-5)


def test_one_patient_gets_the_same_bits_alone_and_among_many(exported):
    rows = made_up_rows(300, seed=5)
    loaded = session(exported[0])
    together = loaded.run(None, feed(rows, 0, 300))
    for i in range(300):
        alone = loaded.run(None, feed(rows, i, i + 1))
        assert np.array_equal(alone[0][0], together[0][i])
        assert alone[1][0] == together[1][i]


def test_rows_with_hardly_anything_known_are_answered_as_the_pipelines_do(exported):
    graph, state, rare = exported
    rows = made_up_rows(50, seed=6)
    rows.numeric[:] = np.nan
    rows.categorical[:] = ""
    rows.phenotypes[:] = 0
    rows.categorical[10:20] = "a word from another hospital"
    rows.numeric[30:, 0] = 1e6
    given_state, given_rare = run_graph(graph, rows)
    assert np.allclose(given_state, state.predict_proba(frame(rows)), atol=1e-5)
    assert np.allclose(given_rare, rare.predict_proba(frame(rows))[:, 1], atol=1e-5)


def test_a_number_between_lightgbms_threshold_and_the_nearest_float32_goes_as_in_the_pipeline():
    """-0.25 is above -0.2500000075, the middle of -0.3 and -0.2 in float32, and is also the float32 nearest to it."""
    rows = made_up_rows(100, seed=1)
    rows.numeric[:, 0] = np.repeat(np.array([-0.3, -0.2], dtype=np.float32), 50)
    model = candidate(EstimatorKind.LIGHTGBM, CONTRACT, head="rare", seed=1)
    model.named_steps["estimator"].set_params(n_estimators=5, colsample_bytree=1, feature_fraction_bynode=1)
    model.fit(frame(rows), np.repeat([0, 1], 50))
    rows.numeric[:, 0] = -0.25
    rare = model.predict_proba(frame(rows))[:, 1]
    assert rare.min() > 0.5
    assert np.allclose(
        run_graph(export_graph(model_of_states(rows), PlattScaled(model), CONTRACT), rows)[1], rare, atol=1e-6
    )


def model_of_states(rows: ModelInput) -> Pipeline:
    model = candidate(EstimatorKind.LOGISTIC_REGRESSION, CONTRACT, head="state", seed=1)
    return model.fit(frame(rows), np.arange(len(rows.numeric)) % 4)


@pytest.mark.parametrize("slope", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("kind", EstimatorKind)
def test_a_flat_or_a_steep_line_keeps_parity_also_where_the_head_is_certain(kind, slope):
    """Fitted to signal alone, so that it is; ONNX Runtime's own sigmoid would be off by 5e-4 after a flat line."""
    rows = made_up_rows(1_500, seed=1)
    model = candidate(kind, CONTRACT, head="rare", seed=1)
    model.fit(frame(rows), (rows.phenotypes[:, :3].sum(axis=1) > 0.5).astype(np.int64))
    rare = PlattScaled(model, Line(slope=slope, intercept=-0.1))
    state = model_of_states(rows)
    assert check_parity(export_graph(state, rare, CONTRACT), state, rare, made_up_rows(3_000, seed=13)) <= 1e-5
    is_linear_or_forest = kind in {EstimatorKind.LOGISTIC_REGRESSION, EstimatorKind.RANDOM_FOREST}
    assert is_linear_or_forest or model.predict_proba(frame(rows)).min() < 1e-3


def test_the_line_is_of_patients_of_whom_a_finding_is_told(heads):
    rare, rows = heads["rare", EstimatorKind.LIGHTGBM], made_up_rows(200, seed=12)
    is_told = ~np.isnan(rows.numeric[:, NUMERIC.index("systems_involved")])
    assert 50 < is_told.sum() < 150
    unscaled = rare.pipeline.predict_proba(frame(rows))[:, 1]
    expected = np.where(is_told, rare.line.moved(unscaled), unscaled)
    graph = export_graph(heads["state", EstimatorKind.LIGHTGBM], rare, CONTRACT)
    assert np.allclose(run_graph(graph, rows)[1], expected, atol=1e-6)
    assert not np.allclose(unscaled, expected, atol=1e-2)


def test_the_file_is_whole_and_the_same_every_time(exported):
    graph, state, rare = exported
    assert export_graph(state, rare, CONTRACT) == graph
    model = onnx.load_from_string(graph)
    onnx.checker.check_model(model, full_check=True)
    assert not any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer)
    assert not any("label" in output.name for output in model.graph.output)


def test_the_file_answers_where_only_numpy_and_onnx_runtime_are(exported, tmp_path):
    (tmp_path / "model.onnx").write_bytes(exported[0])
    code = f"""
import sys
import numpy as np, onnxruntime
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
state, rare = session.run(None, {{
    "numeric": np.full((2, {len(NUMERIC)}), np.nan, np.float32),
    "categorical": np.full((2, {len(CATEGORICAL)}), "", object),
    "phenotypes": np.zeros((2, {len(TERMS)}), np.float32)}})
assert state.shape == (2, 4) and rare.shape == (2,)
assert not {{"sklearn", "xgboost", "skl2onnx", "pandas", "onnx"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


@pytest.mark.parametrize(("head", "position"), [("state", 0), ("rare", 1)])
def test_a_graph_of_other_pipelines_fails_parity_with_head_and_row(heads, head, position):
    right = [heads["state", EstimatorKind.XGBOOST], heads["rare", EstimatorKind.XGBOOST]]
    wrong = list(right)
    wrong[position] = heads[head, EstimatorKind.RANDOM_FOREST]
    graph = export_graph(*wrong, CONTRACT)
    with pytest.raises(ParityError, match=rf"the {head} head of the exported graph is off by .* in row \d+ of 500"):
        check_parity(graph, *right, made_up_rows(500, seed=7))


def test_parity_fails_beyond_the_tolerance_and_holds_within_it(heads):
    state, rare = heads["state", EstimatorKind.XGBOOST], heads["rare", EstimatorKind.XGBOOST]
    graph, rows = export_graph(state, rare, CONTRACT), made_up_rows(500, seed=8)
    worst = check_parity(graph, state, rare, rows)
    assert worst > 0
    assert check_parity(graph, state, rare, rows, tolerance=worst) == worst
    with pytest.raises(ParityError):
        check_parity(graph, state, rare, rows, tolerance=worst / 2)


def test_parity_tries_rows_harder_than_the_sample(heads):
    """A graph that answers known categories alone right must not pass: the check adds unknown ones itself."""
    state, rare = heads["state", EstimatorKind.XGBOOST], heads["rare", EstimatorKind.XGBOOST]
    graph = onnx.load_from_string(export_graph(state, rare, CONTRACT))
    encoders = [node for node in graph.graph.node if node.op_type == "LabelEncoder"]
    assert encoders
    for node in encoders:  # what stands for a category that training never saw
        for attribute in node.attribute:
            if attribute.name == "default_int64":
                attribute.i = 2
    rows = made_up_rows(1_000, seed=9)
    rows.categorical[rows.categorical == ""] = "unknown"
    for column, values in enumerate(CATEGORICAL.values()):
        unknown = ~np.isin(rows.categorical[:, column], values)
        rows.categorical[unknown, column] = values[0]
    broken = graph.SerializeToString()
    given, _ = run_graph(broken, rows)
    assert np.allclose(given, state.predict_proba(frame(rows)), atol=1e-5)
    with pytest.raises(ParityError):
        check_parity(broken, state, rare, rows)
