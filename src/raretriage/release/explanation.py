"""From the fitted rare head to the arrays by which the service explains each answer without the training stack."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
from interpret.glassbox import ExplainableBoostingClassifier
from lightgbm import LGBMClassifier
from sklearn.base import ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from xgboost import XGBClassifier

from raretriage.bucket import (
    Curves,
    ExplanationFile,
    InputColumns,
    LinearTerms,
    MarginLine,
    Terms,
    dump_explanation,
)
from raretriage.features import FeatureContract
from raretriage.release.errors import CannotExplain
from raretriage.release.tree_paths import tree_paths
from raretriage.release.trees import lightgbm_trees, xgboost_trees
from raretriage.training.platt import TOLD, Line, PlattScaled

FloatArray = npt.NDArray[np.float64]


def explanation_file(rare: PlattScaled, contract: FeatureContract, mean: FloatArray) -> bytes | None:
    """The content of `explanation.npz`; equal pipelines give equal bytes.

    Args:
        rare: its pipeline fitted on a `frame`; classes 0 and 1.
        contract: of its input.
        mean: of the rows that the estimator was fitted on, shape (c,). A linear model's contributions are against it;
            trees carry the shares of their training rows with them.

    Returns:
        None for a kind of estimator whose margin has no exact contributions, such as a forest's mean of probabilities.

    Raises:
        CannotExplain: an estimator of a form that our parameters do not give.
    """
    terms_of = _TERMS_OF.get(type(rare.pipeline.named_steps["estimator"]))
    if terms_of is None:
        return None
    columns = _input_columns(rare.pipeline.named_steps["columns"], contract)
    return dump_explanation(ExplanationFile(columns, _line_of(rare.line), terms_of(rare.pipeline, mean)))


def _line_of(line: Line) -> MarginLine:
    return MarginLine(
        line_slope=np.array(line.slope),
        line_intercept=np.array(line.intercept),
        line_input=np.array(TOLD, dtype=np.int32),
    )


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


def _curves(rare: Pipeline, _mean: FloatArray) -> Curves:
    """The library keeps a column's scores as: of a missing value, of each bin, of a category that it never saw.

    Raises:
        CannotExplain: a column is a category to it, or two columns share a term.
    """
    model: ExplainableBoostingClassifier = rare.named_steps["estimator"]
    if model.term_features_ != [(column,) for column in range(model.n_features_in_)]:
        raise CannotExplain("explainable boosting: columns share a term: train with interactions 0")
    if set(model.feature_types_in_) != {"continuous"}:
        raise CannotExplain("explainable boosting: a column is taken for a category: train on numbers")
    edges = [np.asarray(bins[0], dtype=np.float64) for bins in model.bins_]
    return Curves(
        bias=np.array(float(model.intercept_[0])),
        edge=np.concatenate(edges),
        edge_column=np.repeat(np.arange(len(edges)), [len(of_column) for of_column in edges]).astype(np.int32),
        step=np.concatenate([scores[1:-1] for scores in model.term_scores_]),
        missing=np.array([scores[0] for scores in model.term_scores_]),
    )


def _linear_terms(rare: Pipeline, mean: FloatArray) -> LinearTerms:
    """In units of the imputed, unscaled columns, so that the service needs no scaler."""
    estimator: LogisticRegression = rare.named_steps["estimator"]
    numbers: Pipeline = rare.named_steps["columns"].named_transformers_["numeric"]
    scaler = numbers.named_steps["scale"]
    count = len(scaler.mean_)
    offset, scale = np.zeros(estimator.n_features_in_), np.ones(estimator.n_features_in_)
    offset[:count], scale[:count] = scaler.mean_, scaler.scale_
    fill = np.zeros(estimator.n_features_in_)
    fill[:count] = numbers.named_steps["median"].transform(np.full((1, count), np.nan))[0]
    weight = estimator.coef_[0]
    return LinearTerms(
        bias=np.array(estimator.intercept_[0] + weight @ mean),
        weight=weight / scale,
        mean=mean * scale + offset,
        fill=fill,
    )


_TERMS_OF: Mapping[type[ClassifierMixin], Callable[[Pipeline, FloatArray], Terms]] = {
    ExplainableBoostingClassifier: _curves,
    XGBClassifier: lambda rare, _mean: tree_paths(*xgboost_trees(rare.named_steps["estimator"].get_booster())),
    LGBMClassifier: lambda rare, _mean: tree_paths(*lightgbm_trees(rare.named_steps["estimator"].booster_)),
    LogisticRegression: _linear_terms,
}
