"""Which kind of model answers: candidates on the same folds, in one table, chosen by a written rule.

Rule, for each head apart: take the best mean score over the folds, or a simpler candidate that falls short of it by no
more than one standard error (the one-standard-error rule of Breiman et al. 1984, Classification and Regression
Trees). The error is that of the difference on the same folds: how hard a fold is tells nothing between candidates.
The rare head is judged by ROC-AUC, the state head by macro-F1.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raretriage.domain import State
from raretriage.training import weighted

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FoldScores:
    """One candidate on one fold; NaN where it does not answer."""

    roc_auc_rare: float
    pr_auc_rare: float
    brier_rare: float
    roc_auc_state: float
    f1_state: float
    brier_state: float


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One line of the table of candidates: means over the folds, all at the findings tier."""

    name: str
    roc_auc_rare: float
    roc_auc_rare_se: float
    """Standard error of the mean over the folds."""
    pr_auc_rare: float
    brier_rare: float
    roc_auc_state: float
    f1_state: float
    f1_state_se: float
    brier_state: float
    seconds: float
    """Processor time to fit both heads on all folds."""


def fold_scores(state_probabilities: FloatArray, rare: FloatArray, state: IntArray, is_rare: BoolArray) -> FoldScores:
    """Scores of a candidate on the fold's test rows. Shapes (n, 4), (n,), (n,), (n,)."""
    ones = np.ones((1, len(state)))
    predicted = state_probabilities.argmax(axis=1)
    return FoldScores(
        roc_auc_rare=float(weighted.roc_auc(rare, is_rare, ones)[0]),
        pr_auc_rare=float(weighted.average_precision(rare, is_rare, ones)[0]),
        brier_rare=float(np.mean((rare - is_rare) ** 2)),
        roc_auc_state=float(macro_roc_auc(state_probabilities, state, ones)[0]),
        f1_state=float(weighted.macro_f1(weighted.confusion(state, predicted, ones, classes=len(State)))[0]),
        brier_state=float(np.mean(brier_of_states(state_probabilities, state))),
    )


def macro_roc_auc(state_probabilities: FloatArray, state: IntArray, weights: FloatArray) -> FloatArray:
    """Mean over the states of each one's ROC-AUC against the rest, shape (draws,)."""
    each = [
        weighted.roc_auc(state_probabilities[:, position], state == position, weights) for position in range(len(State))
    ]
    return np.asarray(np.mean(each, axis=0))


def brier_of_states(state_probabilities: FloatArray, state: IntArray) -> FloatArray:
    """Squared distance from the true state, shape (n,), 0 to 2 (Brier 1950, Mon Weather Rev 78:1)."""
    return np.asarray(((state_probabilities - np.eye(len(State))[state]) ** 2).sum(axis=1))


def candidate_row(name: str, folds: Sequence[FoldScores], seconds: float) -> CandidateRow:
    def mean(field: str) -> float:
        return float(np.mean([getattr(fold, field) for fold in folds]))

    def standard_error(field: str) -> float:
        return float(np.std([getattr(fold, field) for fold in folds], ddof=1) / math.sqrt(len(folds)))

    return CandidateRow(
        name=name,
        roc_auc_rare=mean("roc_auc_rare"),
        roc_auc_rare_se=standard_error("roc_auc_rare"),
        pr_auc_rare=mean("pr_auc_rare"),
        brier_rare=mean("brier_rare"),
        roc_auc_state=mean("roc_auc_state"),
        f1_state=mean("f1_state"),
        f1_state_se=standard_error("f1_state"),
        brier_state=mean("brier_state"),
        seconds=seconds,
    )


def choose(scores: Mapping[str, Sequence[float]]) -> str:
    """The simplest candidate that is as good as the best.

    Args:
        scores: by candidate, the simplest first; one score a fold, folds in the same order.

    >>> choose({"logistic_regression": [0.89, 0.91, 0.90], "xgboost": [0.90, 0.90, 0.91]})
    'logistic_regression'
    """
    best = max(scores, key=lambda name: float(np.mean(scores[name])))
    return next(name for name in scores if _is_as_good(scores[name], scores[best]))


def _is_as_good(scores: Sequence[float], best: Sequence[float]) -> bool:
    shortfall = np.asarray(best) - np.asarray(scores)
    return bool(shortfall.mean() <= shortfall.std(ddof=1) / math.sqrt(len(shortfall)))
