"""The learnt embedding as an ONNX graph: what the service runs.

Inputs: `findings` int64 (n,), rows of the vocabulary; `among` int64 (m,), candidates to explain. Outputs: `likeness`
float32 (candidates,), how much they point to every disease; `parts` float32 (n, m), what each finding adds to that of
each asked candidate above the average candidate's. Columns of `parts` sum to the likeness minus its mean.
"""

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from raretriage.differential.embedding import Embedding
from raretriage.differential.errors import DamagedDifferential

PARITY = 1e-5
_OPSET = 17
_IR_VERSION = 9
_SAMPLES = 200


def export_onnx(embedding: Embedding) -> bytes:
    """The graph, after its answers were compared with numpy's on random patients.

    Raises:
        DamagedDifferential: they differ by more than `PARITY`.
    """
    content: bytes = _graph(embedding).SerializeToString()
    difference = parity(content, embedding)
    if difference > PARITY:
        raise DamagedDifferential(
            f"the ONNX graph differs from the embedding by {difference:.1e}, allowed is {PARITY:g}"
        )
    return content


def parity(content: bytes, embedding: Embedding) -> float:
    """Largest difference of any likeness, or of any sum of parts, over random patients of 1 to 30 findings."""
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(_SAMPLES):
        rows = rng.integers(len(embedding.findings), size=rng.integers(1, 31))
        among = rng.integers(len(embedding.diseases), size=5)
        found, parts = session.run(["likeness", "parts"], {"findings": rows, "among": among})
        expected = embedding.likeness(list(rows))
        above = expected[among] - expected.mean()
        worst = max(worst, float(np.abs(found - expected).max()), float(np.abs(parts.sum(axis=0) - above).max()))
    return worst


def _graph(embedding: Embedding) -> onnx.ModelProto:
    def tensor(name: str, values: np.ndarray) -> onnx.TensorProto:
        return numpy_helper.from_array(values, name)

    node = helper.make_node
    nodes = [
        node("Gather", ["finding_vectors", "findings"], ["told"], axis=0),
        node("ReduceSum", ["told", "first_axis"], ["patient"], keepdims=1),
        node("ReduceL2", ["patient"], ["length"], axes=[1], keepdims=1),
        node("Add", ["length", "tiny"], ["divisor"]),
        node("Div", ["told", "divisor"], ["shares"]),
        node("Div", ["patient", "divisor"], ["direction"]),
        node("MatMul", ["direction", "disease_vectors"], ["row"]),
        node("Squeeze", ["row", "first_axis"], ["likeness"]),
        # not centred before: constants would be folded into a second copy of all vectors
        node("Gather", ["disease_vectors", "among"], ["asked"], axis=1),
        node("Sub", ["asked", "average_disease"], ["centred"]),
        node("MatMul", ["shares", "centred"], ["parts"]),
    ]
    graph = helper.make_graph(
        nodes,
        "differential",
        [
            helper.make_tensor_value_info("findings", TensorProto.INT64, ["n"]),
            helper.make_tensor_value_info("among", TensorProto.INT64, ["m"]),
        ],
        [
            helper.make_tensor_value_info("likeness", TensorProto.FLOAT, [len(embedding.diseases)]),
            helper.make_tensor_value_info("parts", TensorProto.FLOAT, ["n", "m"]),
        ],
        [
            tensor("finding_vectors", embedding.findings.astype(np.float32)),
            tensor("disease_vectors", np.ascontiguousarray(embedding.diseases.T, dtype=np.float32)),
            tensor("average_disease", embedding.diseases.mean(axis=0).astype(np.float32)[:, np.newaxis]),
            tensor("first_axis", np.asarray([0], np.int64)),
            tensor("tiny", np.asarray([1e-6], np.float32)),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    onnx.checker.check_model(model)
    return model
