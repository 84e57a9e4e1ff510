"""How well can two kinds of patient be told apart? ROC-AUC on diseases that the model never met, and its interval.

Folds are disjoint by disease, and only patients of one fold are compared with each other: a model that learnt nothing
gives every fold its own constant, and pooling such folds would push the figure below a half.

Intervals are 95 % percentile intervals of a bootstrap that draws whole diseases, because patients of one disease are
alike; the model is not refitted. With independent patients Hanley and McNeil's interval would be several times too
narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from xgboost import XGBClassifier

from raretriage.training import weighted
from raretriage.validity.errors import NothingToCompare
from raretriage.validity.sample import Bools, Floats, Ints, Strings

SPLIT = "left-out diseases"
LEFT_OUT_PATIENTS = "left-out patients"
FOLDS = 5
DRAWS = 400

Matrix = npt.NDArray[np.float32]

# Small on purpose: it is fitted dozens of times. A larger one finds no cheat that this one misses on the naive mix.
MODEL: dict[str, float | int | str] = {
    "n_estimators": 120,
    "max_depth": 4,
    "learning_rate": 0.1,
    "min_child_weight": 2,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "max_bin": 64,
    "tree_method": "hist",
    "n_jobs": 1,  # not nthread: the matrix would be built by all threads, which wait for each other
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval and the number of visits behind it."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Contest:
    """n visits of two kinds, dealt to folds by disease, and the bootstrap draws that all its figures share.

    Where the kinds are not kinds of disease, the group that is dealt and drawn together is the patient.

    Figures of one contest are paired: the interval of their difference is that of the differences of the draws.
    """

    is_positive: Bools
    fold: Ints
    """Shape (n,): all visits of a disease are in one fold."""
    weights: Floats
    """Shape (draws + 1, n): the first row is all ones, then how often each visit was drawn."""

    @classmethod
    def between(cls, is_positive: Bools, group: Strings, *, seed: int, draws: int = DRAWS) -> "Contest":
        """Deal the visits to folds.

        Args:
            is_positive: the two kinds, shape (n,).
            group: the disease of each visit, shape (n,).

        Raises:
            NothingToCompare: a kind has fewer diseases than there are folds.
        """
        rng = np.random.default_rng(seed)
        fold = disease_folds(is_positive, group, rng)
        return cls(is_positive, fold, weighted.cluster_weights(group, draws=draws, rng=rng))

    def scores(self, matrix: Matrix, *others: Matrix) -> list[Floats]:
        """Out-of-fold scores of the visits, shape (n,), one array a matrix.

        Every model is fitted on `matrix`; `others` are the same visits changed, and scored by the same models.
        """
        made = [np.zeros(len(self.fold)) for _ in (matrix, *others)]
        for fold in range(FOLDS):
            test = self.fold == fold
            model = XGBClassifier(**MODEL, random_state=0)
            model.fit(matrix[~test], self.is_positive[~test])
            for scores, changed in zip(made, (matrix, *others), strict=True):
                scores[test] = model.predict_proba(changed[test])[:, 1]
        return made

    def auc(self, scores: Floats) -> Floats:
        """ROC-AUC within folds for all draws, shape (draws + 1,)."""
        total, pairs = np.zeros(len(self.weights)), np.zeros(len(self.weights))
        for fold in range(FOLDS):
            test = self.fold == fold
            weights, positive = self.weights[:, test], self.is_positive[test]
            of_fold = weights[:, positive].sum(axis=1) * weights[:, ~positive].sum(axis=1)
            total += of_fold * np.nan_to_num(weighted.roc_auc(scores[test], positive, weights))
            pairs += of_fold
        return np.asarray(total / pairs)

    def estimate(self, draws: Floats) -> Estimate:
        """The figure (first) and its interval (the other draws)."""
        low, high = np.nanquantile(draws[1:], [0.025, 0.975])
        return Estimate(float(draws[0]), float(low), float(high), len(self.fold))


def disease_folds(is_positive: Bools, group: Strings, rng: np.random.Generator) -> Ints:
    """The fold of each visit, shape (n,): a disease is in one fold, and each kind is spread evenly over them.

    Raises:
        NothingToCompare: a kind has fewer diseases than there are folds.
    """
    groups, of_row, sizes = np.unique(group, return_inverse=True, return_counts=True)
    has = np.zeros((len(groups), 2), dtype=np.bool_)
    has[of_row, is_positive.astype(np.int64)] = True
    if (least := has.sum(axis=0).min()) < FOLDS:
        raise NothingToCompare(f"{least} diseases of one of the two kinds; {FOLDS} folds need as many")
    fold_of_group = np.zeros(len(groups), dtype=np.int64)
    for kind in ((True, False), (False, True), (True, True)):  # a disease that two have described is of both kinds
        members = rng.permutation(np.flatnonzero((has == kind).all(axis=1)))
        filled = np.zeros(FOLDS)
        for member in members[np.argsort(-sizes[members], kind="stable")].tolist():
            fold_of_group[member] = filled.argmin()
            filled[fold_of_group[member]] += sizes[member]
    return fold_of_group[of_row]


def stacked(columns: Sequence[Floats | Ints | Bools]) -> Matrix:
    """Arrays of shape (n,) side by side."""
    return np.stack([np.asarray(column, dtype=np.float32) for column in columns], axis=1)
