"""What is changed in a converted head, so that the graph gives the pipelines' digits, alone and in a batch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from raretriage.bucket import GraphContract
from raretriage.training.platt import SMALLEST, TOLD, Line, log_odds

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

GRAPH = GraphContract()


def widen_linear(graph: "GraphProto") -> None:
    """Compute linear models in double and round once.

    ONNX Runtime's LinearClassifier adds in float32 and in another order for one row than for many: the same patient
    would get another probability in a batch (measured: 4e-7). In double the difference is gone before the rounding.
    """
    from onnx import TensorProto, helper

    for i, node in enumerate(graph.node):
        if node.op_type != "LinearClassifier":
            continue
        given = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        intercepts = [float(value) for value in given["intercepts"]]
        weights = np.array(given["coefficients"], dtype=np.float64).reshape(len(intercepts), -1).T
        graph.initializer.append(
            helper.make_tensor("linear_weights", TensorProto.DOUBLE, weights.shape, weights.ravel().tolist())
        )
        graph.initializer.append(
            helper.make_tensor("linear_intercepts", TensorProto.DOUBLE, [len(intercepts)], intercepts)
        )
        link = {b"SOFTMAX": "Softmax", b"LOGISTIC": "Sigmoid", b"NONE": "Identity"}[given["post_transform"]]
        wide = [
            helper.make_node("Cast", [node.input[0]], ["linear_double"], name="linear_cast", to=TensorProto.DOUBLE),
            helper.make_node("MatMul", ["linear_double", "linear_weights"], ["linear_product"], name="linear_product"),
            helper.make_node("Add", ["linear_product", "linear_intercepts"], ["linear_logits"], name="linear_logits"),
            helper.make_node(link, ["linear_logits"], ["linear_link"], name="linear_link"),
            helper.make_node("Cast", ["linear_link"], [node.output[1]], name="linear_round", to=TensorProto.FLOAT),
        ]
        rest = [*graph.node[:i], *wide, *graph.node[i + 1 :]]
        del graph.node[:]
        graph.node.extend(rest)
        return


def widen_sums(graph: "GraphProto") -> None:
    """Add up an additive model's curves in double and round once, for the same reason as in linear models."""
    from onnx import TensorProto, helper

    for node in [node for node in graph.node if node.op_type == "ReduceSum"]:
        parts, total = node.input[0], node.output[0]
        node.input[0], node.output[0] = f"{parts}_double", f"{total}_double"
        place = list(graph.node).index(node)
        widen = helper.make_node("Cast", [parts], [node.input[0]], name=f"{node.name}_cast", to=TensorProto.DOUBLE)
        narrow = helper.make_node("Cast", [node.output[0]], [total], name=f"{node.name}_round", to=TensorProto.FLOAT)
        graph.node.insert(place + 1, narrow)
        graph.node.insert(place, widen)


def without_sigmoid(graph: "GraphProto") -> bool:
    """Make a two-class head give its log-odds; False where it has none before its probabilities, as a forest.

    ONNX Runtime's sigmoid is off by 1e-7, which is a seventh of the probability 4e-7: a flat line makes 2 % of it.
    """
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.name == "post_transform" and attribute.s == b"LOGISTIC":
                attribute.s = b"NONE"
                return True
        if node.op_type == "Softmax":  # explainable boosting: of 0 and the log-odds
            node.op_type = "Identity"
            del node.attribute[:]
            return True
    return False


def on_line(line: Line, answer: str, *, is_margin: bool) -> "tuple[list[NodeProto], list[TensorProto]]":
    """`PlattScaled` in double: from a two-class head's answer to the graph's rare probability.

    Args:
        answer: the value's name, shape (n, 2).
        is_margin: its second column is log-odds, and no probability.
    """
    from onnx import TensorProto, helper

    certain = float(log_odds(np.array(1.0)))
    least, most = (-certain, certain) if is_margin else (SMALLEST, 1 - SMALLEST)
    numbers = {"least": least, "most": most, "slope": line.slope, "shift": line.intercept, "one": 1.0}
    places = {"rare_class": 1, "told_column": TOLD}
    from_probability = (
        ("Sub", ("one", "clipped"), "other"),
        ("Div", ("clipped", "other"), "odds"),
        ("Log", ("odds",), "log_odds"),
    )
    margin = "clipped" if is_margin else "log_odds"
    steps = (
        ("Clip", ("wide", "least", "most"), "clipped"),
        *(() if is_margin else from_probability),
        ("Mul", (margin, "slope"), "sloped"),
        ("Add", ("sloped", "shift"), "moved"),
        ("IsNaN", ("told",), "is_untold"),
        ("Where", ("is_untold", margin, "moved"), "logit"),
        ("Sigmoid", ("logit",), "probability"),
    )
    named = "line_{}".format

    def node(kind: str, values: Sequence[str], made: str, **attributes: int) -> "NodeProto":
        return helper.make_node(kind, values, [made], name=made, **attributes)

    nodes = [
        node("Gather", [answer, named("rare_class")], named("given"), axis=1),
        node("Gather", [GRAPH.numeric, named("told_column")], named("told"), axis=1),
        node("Cast", [named("given")], named("wide"), to=TensorProto.DOUBLE),
        *(node(kind, [named(value) for value in values], named(made)) for kind, values, made in steps),
        node("Cast", [named("probability")], GRAPH.rare_probability, to=TensorProto.FLOAT),
    ]
    return nodes, [
        *(helper.make_tensor(named(name), TensorProto.DOUBLE, [], [number]) for name, number in numbers.items()),
        *(helper.make_tensor(named(name), TensorProto.INT64, [], [place]) for name, place in places.items()),
    ]
