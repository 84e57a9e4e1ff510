"""From the fitted rare head to the arrays by which the service explains each answer without the training stack."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from xgboost import Booster, XGBClassifier

from raretriage.bucket import ExplanationFile, InputColumns, LinearTerms, TreePaths, dump_explanation
from raretriage.features import FeatureContract, ModelInput
from raretriage.training import frame

SMALLEST_SHARE = 1e-30
"""Instead of 0, for a branch that no training row took: a path's products can then be divided by each of its shares."""


def explanation_file(rare: Pipeline, contract: FeatureContract, typical: ModelInput) -> bytes | None:
    """The content of `explanation.npz`; equal pipelines give equal bytes.

    Args:
        rare: fitted on a `frame`; classes 0 and 1.
        contract: of its input.
        typical: rows that stand for the patients it was fitted on. A linear model's contributions are against their
            mean; trees carry the shares of their training rows with them.

    Returns:
        None for a kind of estimator whose margin has no exact contributions, such as a forest's mean of probabilities.
    """
    transformer: ColumnTransformer = rare.named_steps["columns"]
    match rare.named_steps["estimator"]:
        case XGBClassifier() as estimator:
            terms: TreePaths | LinearTerms = _tree_paths(estimator.get_booster())
        case LogisticRegression() as estimator:
            terms = _linear_terms(transformer, estimator, typical)
        case _:
            return None
    return dump_explanation(ExplanationFile(_input_columns(transformer, contract), terms))


class _Columns:
    """The estimator's columns as they are found, one after the other."""

    def __init__(self) -> None:
        self.source: list[int] = []
        self.unseen: list[float] = []
        self.known: list[tuple[int, str, int, float]] = []
        """Categorical input, category, column, number."""

    def add(self, source: int, unseen: float = 0.0) -> int:
        self.source.append(source)
        self.unseen.append(unseen)
        return len(self.source) - 1


def _input_columns(transformer: ColumnTransformer, contract: FeatureContract) -> InputColumns:
    inputs = (*contract.numeric, *contract.categorical, *contract.vocabulary)
    first_categorical = len(contract.numeric)
    columns = _Columns()
    for _, fitted, positions in transformer.transformers_:
        match fitted:
            case OrdinalEncoder():
                for position, categories in zip(positions, fitted.categories_, strict=True):
                    column = columns.add(position, unseen=float(fitted.unknown_value))
                    nth = position - first_categorical
                    columns.known += [(nth, category, column, float(i)) for i, category in enumerate(categories)]
            case OneHotEncoder():
                for position, categories in zip(positions, fitted.categories_, strict=True):
                    nth = position - first_categorical
                    columns.known += [(nth, category, columns.add(position), 1.0) for category in categories]
            case _:  # numbers and findings: imputed and scaled perhaps, but one column each
                for position in positions:
                    columns.add(position)
    category_input, category, category_column, category_number = zip(*columns.known, strict=True)
    return InputColumns(
        inputs=np.array(inputs, dtype=np.str_),
        source=np.array(columns.source, dtype=np.int32),
        unseen=np.array(columns.unseen, dtype=np.float64),
        category_input=np.array(category_input, dtype=np.int32),
        category=np.array(category, dtype=np.str_),
        category_column=np.array(category_column, dtype=np.int32),
        category_number=np.array(category_number, dtype=np.float64),
    )


def _linear_terms(transformer: ColumnTransformer, estimator: LogisticRegression, typical: ModelInput) -> LinearTerms:
    """In units of the imputed, unscaled columns, so that the service needs no scaler."""
    numbers: Pipeline = transformer.named_transformers_["numeric"]
    count = typical.numeric.shape[1]
    offset, scale = np.zeros(estimator.n_features_in_), np.ones(estimator.n_features_in_)
    offset[:count], scale[:count] = numbers.named_steps["scale"].mean_, numbers.named_steps["scale"].scale_
    fill = np.zeros(estimator.n_features_in_)
    fill[:count] = numbers.named_steps["median"].transform(np.full((1, count), np.nan))[0]
    mean = np.asarray(transformer.transform(frame(typical)), dtype=np.float64).mean(axis=0)
    weight = estimator.coef_[0]
    return LinearTerms(
        bias=np.array(estimator.intercept_[0] + weight @ mean),
        weight=weight / scale,
        mean=mean * scale + offset,
        fill=fill,
    )


class _Condition(NamedTuple):
    """All of a path's splits on one column."""

    column: int
    lower: float = -np.inf
    upper: float = np.inf
    takes_missing: bool = True


class _Step(NamedTuple):
    condition: _Condition
    share: float


_Path = Mapping[int, _Step]
"""By column."""


def _tree_paths(booster: Booster) -> TreePaths:
    learner = json.loads(bytes(booster.save_raw(raw_format="json")))["learner"]
    trees = learner["gradient_booster"]["model"]["trees"]
    leaves = [leaf for tree in trees for leaf in _leaves(tree)]
    steps = [step for _, path in leaves for step in path.values()]
    position: dict[_Condition, int] = {}
    condition = [position.setdefault(step.condition, len(position)) for step in steps]
    return TreePaths(
        bias=bias_of(learner["learner_model_param"]["base_score"]),
        leaf_value=np.array([value for value, _ in leaves], dtype=np.float64),
        path_length=np.array([len(path) for _, path in leaves], dtype=np.int32),
        condition=np.array(condition, dtype=np.int32),
        share=np.array([step.share for step in steps], dtype=np.float32),
        condition_column=np.array([c.column for c in position], dtype=np.int32),
        lower=np.array([c.lower for c in position], dtype=np.float32),
        upper=np.array([c.upper for c in position], dtype=np.float32),
        takes_missing=np.array([c.takes_missing for c in position], dtype=np.bool_),
    )


def bias_of(base_score: str) -> npt.NDArray[np.float64]:
    """The file keeps the probability, from XGBoost 3 on in a list with one entry for each target."""
    probability = np.float64(np.float32(np.ravel(json.loads(base_score))[0]))
    return np.array(np.log(probability / (1 - probability)))


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[float, _Path]]:
    """Each leaf's value and the path to it.

    The file prints float32 in as few digits as tell it apart, so numbers are read as float32: a value that lies on a
    split would else go the other way.
    """
    left, right = tree["left_children"], tree["right_children"]
    column, missing_left = tree["split_indices"], tree["default_left"]
    number = np.array(tree["split_conditions"], dtype=np.float32).tolist()
    cover = np.array(tree["sum_hessian"], dtype=np.float32).tolist()
    waiting: list[tuple[int, _Path]] = [(0, {})]
    while waiting:
        node, path = waiting.pop()
        if left[node] < 0:
            yield number[node], path
            continue
        condition, share = path.get(column[node], _Step(_Condition(column[node]), 1.0))
        split, is_left = number[node], bool(missing_left[node])
        below = condition._replace(upper=min(condition.upper, split), takes_missing=condition.takes_missing and is_left)
        above = condition._replace(
            lower=max(condition.lower, split), takes_missing=condition.takes_missing and not is_left
        )
        for child, narrower in ((right[node], above), (left[node], below)):
            part = share * cover[child] / cover[node] if cover[node] else 0.0
            waiting.append((child, {**path, column[node]: _Step(narrower, max(part, SMALLEST_SHARE))}))
