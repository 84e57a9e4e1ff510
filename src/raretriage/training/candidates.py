"""The kinds of model that may be served, each as one scikit-learn Pipeline that exports to ONNX exactly.

What may stand in a pipeline was measured against ONNX Runtime (probabilities, float32): median imputation, ordinal
and one-hot encoding, scaling before a linear model, trees on unscaled numbers are exact to 1e-6; a StandardScaler or
a product before trees, isotonic calibration, FunctionTransformer, add_indicator and string imputers are not. So
products and indicators are columns that `features` makes.

No class weights: the probabilities then mean what they say at the cohort's own frequencies, and the rare threshold
comes from the certificate, not from 0.5. What class weights, resampling and other kinds of model would give is
measured by `raretriage.study`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from xgboost import XGBClassifier

from raretriage.features import CATEGORICAL, ORDERED, FeatureContract, ModelInput


class EstimatorKind(StrEnum):
    """In the order of simplicity: of two that are as good, the first is taken."""

    LOGISTIC_REGRESSION = "logistic_regression"
    EXPLAINABLE_BOOSTING = "explainable_boosting"
    RANDOM_FOREST = "random_forest"
    XGBOOST = "xgboost"
    LIGHTGBM = "lightgbm"


SHORT_LIST: tuple[EstimatorKind, ...] = (
    EstimatorKind.LOGISTIC_REGRESSION,
    EstimatorKind.RANDOM_FOREST,
    EstimatorKind.LIGHTGBM,
)
"""What a training run compares by default; XGBoost was not better than LightGBM in `raretriage study`, and takes twice
its time."""

Head = Literal["state", "rare"]
HEADS: tuple[Head, ...] = ("state", "rare")

PARAMETERS: dict[EstimatorKind, dict[str, float | int | str]] = {
    EstimatorKind.LOGISTIC_REGRESSION: {"C": 0.3, "solver": "lbfgs", "max_iter": 300, "tol": 3e-3},
    # One bag and few rounds: hundreds of columns on two cores. Without interactions it is a curve a column.
    EstimatorKind.EXPLAINABLE_BOOSTING: {
        "interactions": 0,
        "outer_bags": 1,
        "max_rounds": 400,
        "learning_rate": 0.05,
        "max_bins": 64,
    },
    EstimatorKind.RANDOM_FOREST: {
        "n_estimators": 50,
        "max_depth": 14,
        "min_samples_leaf": 5,
        "max_features": "sqrt",
        "max_samples": 0.7,
    },
    EstimatorKind.XGBOOST: {
        "n_estimators": 250,
        "max_depth": 4,
        "learning_rate": 0.06,
        "min_child_weight": 2,
        "subsample": 0.7,
        "colsample_bytree": 0.3,
        "max_bin": 128,
        "tree_method": "hist",
    },
    EstimatorKind.LIGHTGBM: {
        "n_estimators": 150,
        "num_leaves": 31,
        "learning_rate": 0.12,
        "min_child_samples": 5,
        "subsample": 0.8,
        "subsample_freq": 1,
        "colsample_bytree": 0.2,
        "max_bin": 127,
        "deterministic": True,
        "force_col_wise": True,
    },
}
"""Estimates, small enough for a laptop. Six settings of XGBoost were compared once, on folds of the demonstration's fit
patients (rare ROC-AUC 0.870 to 0.879), and fourteen of LightGBM's state head (macro-F1 0.866 to 0.884, of which the
fastest with 0.878 is in use); no calibration or test patient was looked at."""

# The rare are many small groups, a few patients a disease: deep trees with pure leaves, of few columns each, tell them
# apart. Seven settings were compared by three folds on a simulated cohort of another seed (991), none of whose patients
# is in any reported figure: ROC-AUC 0.913 against 0.906 with six levels, 0.904 with three.
RARE_XGBOOST: dict[str, float | int | str] = {
    "n_estimators": 500,
    "max_depth": 12,
    "learning_rate": 0.04,
    "min_child_weight": 1,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "colsample_bynode": 0.1,
}
RARE_LIGHTGBM: dict[str, float | int | str] = {
    "n_estimators": 400,
    "num_leaves": 63,
    "learning_rate": 0.06,
    "min_child_samples": 5,
    "colsample_bytree": 0.3,
    "feature_fraction_bynode": 0.3,
}
_OF_RARE_HEAD: Mapping[EstimatorKind, dict[str, float | int | str]] = {
    EstimatorKind.XGBOOST: RARE_XGBOOST,
    EstimatorKind.LIGHTGBM: RARE_LIGHTGBM,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something to compare: a name, and how an unfitted model for a head is made."""

    name: str
    build: Callable[[FeatureContract, Head, int], Pipeline]
    """From the contract, the head and a seed. What it makes takes a `frame`."""
    parameters: Callable[[Head], Mapping[str, float | int | str]] = lambda _head: {}


class Answering(Protocol):
    """A fitted head, on a line or not."""

    def predict_proba(self, rows: pd.DataFrame) -> Any: ...


def of_kind(kind: EstimatorKind) -> Candidate:
    """A kind with its own parameters."""
    return Candidate(
        kind.value,
        lambda contract, head, seed: candidate(kind, contract, head=head, seed=seed),
        partial(parameters_of, kind),
    )


def parameters_of(kind: EstimatorKind, head: Head) -> dict[str, float | int | str]:
    """What a head's candidate is fitted with."""
    return PARAMETERS[kind] | (_OF_RARE_HEAD.get(kind, {}) if head == "rare" else {})


def candidate(kind: EstimatorKind, contract: FeatureContract, *, head: Head, seed: int) -> Pipeline:
    """An unfitted pipeline for a head; it takes a `frame`. One thread, so the same digits every time."""
    return Pipeline(
        [
            ("columns", columns(contract, numbers_of(kind))),
            ("estimator", estimator(kind, parameters_of(kind, head), seed)),
        ]
    )


def frame(rows: ModelInput) -> pd.DataFrame:
    """Model input as the pipelines take it: numeric, categorical and phenotype columns side by side, by position.

    The order of the exported graph's inputs: the converter joins them in the same way. Numbers are widened, so that the
    pipelines are the exact side of the comparison: scaled in float32, a patient with symptoms for a century was off
    by 2e-5 in the pipeline, not in the graph. Findings are -1, 0 or 1, and a byte each: of a million encounters, half a
    gigabyte instead of two.
    """
    numeric = pd.DataFrame(rows.numeric.astype(np.float64))
    return pd.concat(
        [numeric, pd.DataFrame(rows.categorical, dtype=object), pd.DataFrame(rows.phenotypes.astype(np.int8))],
        axis=1,
        ignore_index=True,
    )


def probabilities(model: Answering, rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Class probabilities, shape (n, classes): four states in the order of `State`, or (not rare, rare)."""
    return np.asarray(model.predict_proba(rows), dtype=np.float64)


def columns(contract: FeatureContract, numbers: Pipeline | SimpleImputer | str) -> ColumnTransformer:
    """From a `frame` to one matrix: `numbers` treated as told, bands by their order, the rest one-hot."""
    first_categorical = len(contract.numeric)
    first_phenotype = first_categorical + len(contract.categorical)
    position = {name: first_categorical + i for i, name in enumerate(contract.categorical)}
    nominal = [name for name in contract.categorical if name not in ORDERED]
    ordinal = OrdinalEncoder(
        categories=_categories(ORDERED), handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.float32
    )
    one_hot = OneHotEncoder(
        categories=_categories(nominal), handle_unknown="ignore", sparse_output=False, dtype=np.float32
    )
    return ColumnTransformer(
        [
            ("numeric", numbers, list(range(first_categorical))),
            ("ordinal", ordinal, [position[name] for name in ORDERED]),
            ("one_hot", one_hot, [position[name] for name in nominal]),
            ("phenotypes", "passthrough", list(range(first_phenotype, first_phenotype + len(contract.vocabulary)))),
        ],
        sparse_threshold=0,
    )


def numbers_of(kind: EstimatorKind) -> Pipeline | SimpleImputer | str:
    """What a kind needs done to the numbers."""
    # keep_empty_features: a hospital that never measures a vital sign still gives the graph that column.
    median = SimpleImputer(strategy="median", keep_empty_features=True)
    match kind:
        case EstimatorKind.LOGISTIC_REGRESSION:
            return Pipeline([("median", median), ("scale", StandardScaler())])
        case EstimatorKind.RANDOM_FOREST:
            return median
        case EstimatorKind.EXPLAINABLE_BOOSTING | EstimatorKind.XGBOOST | EstimatorKind.LIGHTGBM:
            return "passthrough"  # they learn what a missing value means


def estimator(kind: EstimatorKind, parameters: Mapping[str, float | int | str], seed: int) -> ClassifierMixin:
    """The unfitted last step, on one thread."""
    match kind:
        case EstimatorKind.LOGISTIC_REGRESSION:
            return LogisticRegression(**parameters, random_state=seed)
        case EstimatorKind.EXPLAINABLE_BOOSTING:
            from interpret.glassbox import ExplainableBoostingClassifier  # two seconds, for a kind that few train

            return ExplainableBoostingClassifier(**parameters, random_state=seed, n_jobs=1)
        case EstimatorKind.RANDOM_FOREST:
            return RandomForestClassifier(**parameters, random_state=seed, n_jobs=1)
        case EstimatorKind.XGBOOST:
            # Not nthread, which the trees heed and the building of the matrix does not: 0.2 s of waiting a fit.
            return XGBClassifier(**parameters, random_state=seed, n_jobs=1)
        case EstimatorKind.LIGHTGBM:
            return LGBMClassifier(**parameters, random_state=seed, n_jobs=1, verbose=-1)


def _categories(names: Sequence[str]) -> list[list[str]]:
    return [list(CATEGORICAL[name]) for name in names]
