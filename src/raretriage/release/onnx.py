"""The fitted pipelines as one ONNX graph, and the proof that it gives their probabilities.

Inputs and outputs are those of `raretriage.bucket.GraphContract`.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from raretriage.features import FeatureContract, ModelInput
from raretriage.release.errors import ParityError
from raretriage.release.graph_edits import GRAPH, on_line, widen_linear, widen_sums, without_sigmoid
from raretriage.training import frame
from raretriage.training.platt import PlattScaled

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto
    from sklearn.pipeline import Pipeline

FloatArray = npt.NDArray[np.float64]

OPSET = {"": 18, "ai.onnx.ml": 3}
IR_VERSION = 9
"""Of ONNX 1.14: older runtimes can still load the graph."""
UNSEEN_CATEGORY = "a value never seen in training"


def export_graph(state: "Pipeline", rare: PlattScaled, contract: FeatureContract) -> bytes:
    """One graph of both heads, preprocessing inside, no external data. Equal pipelines give equal bytes.

    Args:
        state: fitted on a `frame`; classes 0 to 3 in the order of `State`.
        rare: its pipeline fitted on a `frame`; classes 0 and 1.
        contract: says how many columns each input has.
    """
    from onnx import TensorProto, checker, helper

    heads = {"state": _converted(state, contract), "rare": _converted(rare.pipeline, contract)}
    is_margin = without_sigmoid(heads["rare"].graph)
    for model in heads.values():
        widen_linear(model.graph)
        widen_sums(model.graph)
    nodes, initializers = [], []
    for name, model in heads.items():
        rename = _renamer(name)
        for node in model.graph.node:
            node.name = rename(node.name)
            node.input[:] = [rename(value) for value in node.input]
            node.output[:] = [rename(value) for value in node.output]
            nodes.append(node)
        for initializer in model.graph.initializer:
            initializer.name = rename(initializer.name)
            initializers.append(initializer)
    state_output, rare_output = (_renamer(name)(_probabilities_of(model.graph)) for name, model in heads.items())
    nodes += [
        helper.make_node("Identity", [state_output], [GRAPH.state_probabilities], name="state_probabilities"),
    ]
    line_nodes, line_numbers = on_line(rare.line, rare_output, is_margin=is_margin)
    nodes += line_nodes
    initializers += line_numbers
    kept = _reachable(nodes, {GRAPH.state_probabilities, GRAPH.rare_probability})
    used = {value for node in kept for value in node.input}
    graph = helper.make_graph(
        kept,
        "rare-disease-triage",
        inputs=[
            helper.make_tensor_value_info(GRAPH.numeric, TensorProto.FLOAT, ["n", len(contract.numeric)]),
            helper.make_tensor_value_info(GRAPH.categorical, TensorProto.STRING, ["n", len(contract.categorical)]),
            helper.make_tensor_value_info(GRAPH.phenotypes, TensorProto.FLOAT, ["n", len(contract.vocabulary)]),
        ],
        outputs=[
            helper.make_tensor_value_info(GRAPH.state_probabilities, TensorProto.FLOAT, ["n", 4]),
            helper.make_tensor_value_info(GRAPH.rare_probability, TensorProto.FLOAT, ["n"]),
        ],
        initializer=[tensor for tensor in initializers if tensor.name in used],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSET.items()]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="raretriage", ir_version=IR_VERSION)
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def check_parity(
    onnx_bytes: bytes, state: "Pipeline", rare: PlattScaled, sample: ModelInput, tolerance: float = 1e-5
) -> float:
    """The largest difference of any probability between the graph and the fitted pipelines.

    Every hundredth row of the sample is made harder: all its numbers missing, or a category that training never saw.

    Raises:
        ParityError: a difference is above `tolerance`, or not a number; names the head, the row and the difference.
    """
    rows = _harder(sample)
    expected_state, expected_rare = state.predict_proba(frame(rows)), rare.predict_proba(frame(rows))[:, 1]
    given_state, given_rare = run_graph(onnx_bytes, rows)
    worst = 0.0
    for head, expected, given in (("state", expected_state, given_state), ("rare", expected_rare, given_rare)):
        difference = np.abs(np.asarray(expected, dtype=np.float64) - given).reshape(len(given), -1).max(axis=1)
        row = int(np.argmax(np.nan_to_num(difference, nan=np.inf)))
        if not difference[row] <= tolerance:
            raise ParityError(
                f"the {head} head of the exported graph is off by {difference[row]:.2e} in row {row} of "
                f"{len(difference)}; {tolerance:.0e} is allowed. Something in the pipeline does not export exactly"
            )
        worst = max(worst, float(difference[row]))
    return worst


def run_graph(onnx_bytes: bytes, rows: ModelInput) -> tuple[FloatArray, FloatArray]:
    """State probabilities, shape (n, 4), and rare probability, shape (n,), by ONNX Runtime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_bytes, options, providers=["CPUExecutionProvider"])
    state, rare = session.run(
        [GRAPH.state_probabilities, GRAPH.rare_probability],
        {GRAPH.numeric: rows.numeric, GRAPH.categorical: rows.categorical, GRAPH.phenotypes: rows.phenotypes},
    )
    return np.asarray(state, dtype=np.float64), np.asarray(rare, dtype=np.float64)


def _harder(sample: ModelInput) -> ModelInput:
    numeric, categorical = sample.numeric.copy(), sample.categorical.copy()
    numeric[::100] = np.nan
    categorical[50::100] = UNSEEN_CATEGORY
    return ModelInput(numeric=numeric, categorical=categorical, phenotypes=sample.phenotypes)


def _converted(pipeline: "Pipeline", contract: FeatureContract) -> "ModelProto":
    from ebm2onnx.sklearn import convert_ebm_classifier
    from interpret.glassbox import ExplainableBoostingClassifier
    from lightgbm import LGBMClassifier
    from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
    from onnxmltools.convert.xgboost.operator_converters.XGBoost import convert_xgboost
    from skl2onnx import convert_sklearn, update_registered_converter
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType
    from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    from xgboost import XGBClassifier

    for estimator, name, convert in (
        (ExplainableBoostingClassifier, "InterpretExplainableBoostingClassifier", convert_ebm_classifier),
        (XGBClassifier, "XgboostXGBClassifier", convert_xgboost),
        (
            LGBMClassifier,
            "LightGbmLGBMClassifier",
            lambda scope, operator, container: convert_lightgbm(scope, operator, _RoundedDown(container)),
        ),
    ):
        update_registered_converter(
            estimator,
            name,
            calculate_linear_classifier_output_shapes,
            convert,
            overwrite=True,
            options={"nocl": [True, False], "zipmap": [True, False, "columns"]},
        )
    return convert_sklearn(
        pipeline,
        initial_types=[
            (GRAPH.numeric, FloatTensorType([None, len(contract.numeric)])),
            (GRAPH.categorical, StringTensorType([None, len(contract.categorical)])),
            (GRAPH.phenotypes, FloatTensorType([None, len(contract.vocabulary)])),
        ],
        options={id(pipeline): {"zipmap": False}},
        target_opset=OPSET,
    )


class _RoundedDown:
    """A converter's container in which LightGBM's `x <= threshold` means the same for a float32 threshold.

    The converter rounds to the nearest: at a threshold of -0.2500000075, a patient with -0.25 went the other way.
    """

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, *given: Any, **attributes: Any) -> None:
        from raretriage.release.trees import largest_at_most

        if "nodes_values" in attributes:
            attributes["nodes_values"] = largest_at_most(attributes["nodes_values"]).tolist()
        self._container.add_node(*given, **attributes)


def _probabilities_of(graph: "GraphProto") -> str:
    """The output that is not the label."""
    return str(graph.output[1].name)


def _renamer(head: str) -> Callable[[str], str]:
    """Names of one head's values; the graph's inputs are shared, and "" stays an input left out."""
    shared = {GRAPH.numeric, GRAPH.categorical, GRAPH.phenotypes, ""}
    return lambda name: name if name in shared else f"{head}/{name}"


def _reachable(nodes: "Iterable[NodeProto]", wanted: set[str]) -> "list[NodeProto]":
    """The nodes that the wanted values need, in their order: without the labels, which nobody reads."""
    needed, kept = set(wanted), []
    for node in reversed(list(nodes)):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    return kept[::-1]
