"""First whether the patient is ill, then how: two models that answer as one."""

from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone

FloatArray = npt.NDArray[np.float64]


class TwoStageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """P(class) = P(not ill) for the first class, and P(ill) P(class | ill) for every other.

    Args:
        first: unfitted, for class 0 against the rest.
        second: unfitted, for the other classes among those who are not of class 0.
    """

    def __init__(self, first: BaseEstimator, second: BaseEstimator) -> None:
        self.first = first
        self.second = second

    def fit(self, rows: pd.DataFrame, y: npt.NDArray[np.int64]) -> Self:
        """Fit both; every class must be there."""
        self.classes_ = np.unique(y)
        is_ill = y != self.classes_[0]
        self.first_ = clone(self.first).fit(rows, is_ill.astype(np.int64))
        self.second_ = clone(self.second).fit(rows[is_ill], y[is_ill])
        return self

    def predict_proba(self, rows: pd.DataFrame) -> FloatArray:
        """Shape (n, classes)."""
        ill = self.first_.predict_proba(rows)[:, 1:]
        return np.concatenate([1 - ill, ill * self.second_.predict_proba(rows)], axis=1)


class GatedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """P(rare) = P(ill) P(rare | ill), the first learnt from who is ill at all.

    The target is twice rarity plus illness: 0 well, 1 ill and not rare, 3 ill and rare.
    """

    def __init__(self, first: BaseEstimator, second: BaseEstimator) -> None:
        self.first = first
        self.second = second

    def fit(self, rows: pd.DataFrame, y: npt.NDArray[np.int64]) -> Self:
        self.classes_ = np.array([0, 1])
        is_ill = y % 2 == 1
        self.first_ = clone(self.first).fit(rows, is_ill.astype(np.int64))
        self.second_ = clone(self.second).fit(rows[is_ill], (y[is_ill] >= 2).astype(np.int64))
        return self

    def predict_proba(self, rows: pd.DataFrame) -> FloatArray:
        """Shape (n, 2): not rare, rare."""
        rare = self.first_.predict_proba(rows)[:, 1] * self.second_.predict_proba(rows)[:, 1]
        return np.stack([1 - rare, rare], axis=1)
