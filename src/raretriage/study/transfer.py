"""Few labelled cases: does a representation learnt from the knowledge alone help?

Every disease of the annotations is a row of the findings that it shows; the leading directions of that table (a latent
semantic analysis) place findings that occur together near each other. A patient is the sum of the findings' places.
The simulated patients are drawn from profiles that rest on the same annotations, so the figure flatters the transfer.
"""

from collections.abc import Mapping
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from raretriage.features import FeatureContract
from raretriage.knowledge import Knowledge
from raretriage.study.bench import Classifier, Variant
from raretriage.training.candidates import EstimatorKind, Head, candidate, columns, numbers_of

LABELLED = 500
"""Encounters that the rows of this table may learn from."""
DIRECTIONS = 64
UNSTATED_FREQUENCY = 0.5

FloatArray = npt.NDArray[np.float64]


def few_labels(knowledge: Knowledge, contract: FeatureContract, *, seed: int) -> tuple[Variant, ...]:
    """The same few encounters, with and without what the knowledge says of the findings."""
    places = term_places(knowledge, contract.vocabulary, seed=seed)

    def plain(c: FeatureContract, head: Head, s: int) -> Classifier:
        return FewLabels(candidate(EstimatorKind.LOGISTIC_REGRESSION, c, head=head, seed=s), LABELLED, s)

    def transferred(c: FeatureContract, _head: Head, s: int) -> Classifier:
        return FewLabels(_projected(c, places), LABELLED, s)

    def boosted(c: FeatureContract, head: Head, s: int) -> Classifier:
        return FewLabels(candidate(EstimatorKind.LIGHTGBM, c, head=head, seed=s), LABELLED, s)

    return (
        Variant(f"logistic regression, {LABELLED} cases", plain),
        Variant(f"transfer from the knowledge, {LABELLED} cases", transferred, note=f"{DIRECTIONS} directions"),
        Variant(f"lightgbm, {LABELLED} cases", boosted),
    )


def term_places(knowledge: Knowledge, vocabulary: tuple[str, ...], *, seed: int) -> FloatArray:
    """Where each finding of the vocabulary lies, shape (len(vocabulary), k), k at most `DIRECTIONS`."""
    position = {term: place for place, term in enumerate(vocabulary)}
    rows: list[int] = []
    cells: list[int] = []
    weights: list[float] = []
    for row, disease in enumerate(knowledge.diseases):
        for place, weight in _profile(knowledge, disease.id, position).items():
            rows.append(row)
            cells.append(place)
            weights.append(weight)
    table = csr_array((weights, (rows, cells)), shape=(len(knowledge.diseases), len(vocabulary)))
    seen = np.bincount(cells, minlength=len(vocabulary))
    # A finding that half of all diseases have tells less than one that few have.
    rarity = np.log((1 + len(knowledge.diseases)) / (1 + seen))
    weighted = table * rarity[None, :]
    svd = TruncatedSVD(min(DIRECTIONS, len(vocabulary) - 1), random_state=seed).fit(weighted)
    return np.asarray(svd.components_.T * rarity[:, None], dtype=np.float64)


def _profile(knowledge: Knowledge, disease: str, position: Mapping[str, int]) -> dict[int, float]:
    found: dict[int, float] = {}
    for annotation in knowledge.annotations(disease):
        if annotation.excluded or (term := knowledge.find(annotation.hpo_id)) is None:
            continue
        interval = annotation.interval
        weight = UNSTATED_FREQUENCY if interval is None else (interval.low + interval.high) / 2
        for ancestor in knowledge.ancestors(term):
            if (place := position.get(ancestor)) is not None:
                found[place] = max(weight, found.get(place, 0.0))
    return found


def _projected(contract: FeatureContract, places: FloatArray) -> Pipeline:
    first = len(contract.numeric) + len(contract.categorical)
    findings = list(range(first, first + len(contract.vocabulary)))
    scale = np.sqrt((places**2).mean())

    def project(found: pd.DataFrame) -> FloatArray:
        return np.asarray(np.asarray(found, dtype=np.float64) @ (places / scale))

    rest = columns(contract.model_copy(update={"vocabulary": ()}), numbers_of(EstimatorKind.LOGISTIC_REGRESSION))
    joined = ColumnTransformer(
        [("rest", rest, list(range(first))), ("findings", FunctionTransformer(project), findings)], sparse_threshold=0
    )
    return Pipeline([("columns", joined), ("estimator", LogisticRegression(C=0.05, max_iter=500))])


class FewLabels(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A model that is told the label of `cases` rows alone: one of each class, the others drawn at random.

    Without the one, a hospital of which few patients are rare might show it none.
    """

    def __init__(self, model: BaseEstimator, cases: int, seed: int) -> None:
        self.model = model
        self.cases = cases
        self.seed = seed

    def fit(self, rows: pd.DataFrame, y: npt.NDArray[np.int64]) -> Self:
        drawn = np.random.default_rng(self.seed).permutation(len(y))
        self.classes_, first = np.unique(y[drawn], return_index=True)
        chosen = np.concatenate([drawn[first], np.delete(drawn, first)])[: self.cases]
        self.model_ = clone(self.model).fit(rows.iloc[chosen], y[chosen])
        return self

    def predict_proba(self, rows: pd.DataFrame) -> FloatArray:
        """Shape (n, classes)."""
        return np.asarray(self.model_.predict_proba(rows), dtype=np.float64)
