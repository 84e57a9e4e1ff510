"""The trees of a fitted booster in one form, whoever grew them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import xgboost

from raretriage.release.errors import CannotExplain


@dataclass(frozen=True, slots=True)
class Tree:
    """Arrays by node; node 0 is the root."""

    left: Sequence[int]
    """The child of values below `split`; negative for a leaf."""
    right: Sequence[int]
    column: Sequence[int]
    split: Sequence[float]
    """Numbers of float32, as the rows are."""
    missing_left: Sequence[bool]
    cover: Sequence[float]
    """How many training rows came here, as the library's own contributions count them."""
    value: Sequence[float]
    """Of a leaf."""


def xgboost_trees(booster: xgboost.Booster) -> tuple[npt.NDArray[np.float64], list[Tree]]:
    """The margin before any tree, and the trees."""
    learner = json.loads(bytes(booster.save_raw(raw_format="json")))["learner"]
    trees = learner["gradient_booster"]["model"]["trees"]
    return bias_of(learner["learner_model_param"]["base_score"]), [_of_xgboost(tree) for tree in trees]


def lightgbm_trees(booster: lightgbm.Booster) -> tuple[npt.NDArray[np.float64], list[Tree]]:
    """Likewise; LightGBM adds the margin it starts from to the leaves of its first tree.

    Raises:
        CannotExplain: the trees are averaged, or have splits or leaves of another form than our parameters give.
    """
    model = booster.dump_model()
    if model["average_output"]:
        raise CannotExplain("LightGBM: trees are averaged (boosting rf), not added up: train with boosting gbdt")
    return np.array(0.0), [_of_lightgbm(tree["tree_structure"]) for tree in model["tree_info"]]


def bias_of(base_score: str) -> npt.NDArray[np.float64]:
    """XGBoost's file keeps the probability, from XGBoost 3 on in a list with one entry for each target."""
    probability = np.float64(np.float32(np.ravel(json.loads(base_score))[0]))
    return np.array(np.log(probability / (1 - probability)))


def largest_at_most(thresholds: Sequence[float]) -> npt.NDArray[np.float32]:
    """The largest float32 that is at most each double: no float32 lies between the two."""
    exact = np.array(thresholds, dtype=np.float64)
    with np.errstate(over="ignore"):  # 1e300 parts missing values from all others
        nearest = exact.astype(np.float32)
    return np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _of_xgboost(tree: Mapping[str, Any]) -> Tree:
    """The file prints float32 in as few digits as tell it apart, so numbers are read as float32: a value that lies on a
    split would else go the other way."""
    number = np.array(tree["split_conditions"], dtype=np.float32).tolist()
    return Tree(
        left=tree["left_children"],
        right=tree["right_children"],
        column=tree["split_indices"],
        split=number,
        missing_left=[flag == 1 for flag in tree["default_left"]],
        cover=np.array(tree["sum_hessian"], dtype=np.float32).tolist(),
        value=number,
    )


def _of_lightgbm(root: Mapping[str, Any]) -> Tree:
    """It goes left at most at the threshold, a double; so it does below the next float32."""
    nodes, left = [root], []
    for node in nodes:  # grows while it is read
        _check_form(node)
        is_leaf = "leaf_value" in node
        left.append(-1 if is_leaf else len(nodes))
        nodes += [] if is_leaf else [node["left_child"], node["right_child"]]
    at_most = largest_at_most([node.get("threshold", 0.0) for node in nodes])
    with np.errstate(over="ignore"):  # the next after the largest is infinity
        split = np.nextafter(at_most, np.float32(np.inf))
    return Tree(
        left=left,
        right=[child + 1 for child in left],
        column=[node.get("split_feature", -1) for node in nodes],
        split=split.tolist(),
        missing_left=[_missing_goes_left(node) for node in nodes],
        cover=[node.get("internal_count", node.get("leaf_count")) for node in nodes],
        value=[node.get("leaf_value", 0.0) for node in nodes],
    )


def _missing_goes_left(node: Mapping[str, Any]) -> bool:
    """Where training met no missing value in the column, LightGBM takes a missing one for 0."""
    return bool(node["default_left"] if node.get("missing_type") == "NaN" else node.get("threshold", 0.0) >= 0)


def _check_form(node: Mapping[str, Any]) -> None:
    for field, allowed, fix in (
        ("decision_type", ("<=",), "train without categorical_feature"),
        ("missing_type", ("NaN", "None"), "train without zero_as_missing"),
        ("leaf_coeff", (), "train without linear_tree"),
    ):
        if field in node and node[field] not in allowed:
            raise CannotExplain(f"LightGBM: {field} is {node[field]}, and the explanation has no form for it: {fix}")
