"""Scores of weighted rows, for many weightings at once: how a bootstrap by patient becomes one pass of numpy.

`weights` has shape (draws, n): row 0 is all ones, so the figure itself, and every other row a bootstrap draw that
counts each cluster's rows as often as the cluster was drawn. Every score has shape (draws,), NaN where it is not
defined (no positive in the draw, say).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_NO_LINE = (float("nan"), float("nan"))


def cluster_weights(cluster: npt.NDArray[np.object_], *, draws: int, rng: np.random.Generator) -> FloatArray:
    """Weights of a cluster bootstrap, shape (draws + 1, n). `cluster` names the patient of each row, shape (n,)."""
    clusters, of_row = np.unique(cluster, return_inverse=True)
    count = len(clusters)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    return np.concatenate([np.ones((1, len(cluster))), drawn[:, of_row].astype(np.float64)])


@dataclass(frozen=True, slots=True)
class Ranked:
    """Weight of positives and of negatives at each distinct score, ascending; both have shape (draws, k).

    Made once, it gives every figure that rests on the order of the scores.
    """

    positive: FloatArray
    negative: FloatArray

    @classmethod
    def of(cls, scores: FloatArray, is_positive: BoolArray, weights: FloatArray) -> "Ranked":
        order = np.argsort(scores, kind="stable")
        starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf) > 0)
        sorted_weights = weights[:, order]
        positive = np.add.reduceat(sorted_weights * is_positive[order], starts, axis=1)
        return cls(positive, np.add.reduceat(sorted_weights, starts, axis=1) - positive)

    def at_prevalence(self, prevalence: float) -> "Ranked":
        """As if `prevalence` of the rows were positive."""
        return Ranked(
            self.positive * _ratio(prevalence, self.positive.sum(axis=1, keepdims=True)),
            self.negative * _ratio(1 - prevalence, self.negative.sum(axis=1, keepdims=True)),
        )

    def roc_auc(self) -> FloatArray:
        """Probability that a positive scores above a negative, ties counted half."""
        below = np.cumsum(self.negative, axis=1) - self.negative
        pairs = self.positive.sum(axis=1) * self.negative.sum(axis=1)
        return _ratio((self.positive * (below + self.negative / 2)).sum(axis=1), pairs)

    def average_precision(self) -> FloatArray:
        """Area under the precision-recall curve as the step sum that scikit-learn calls average precision."""
        flagged_positive = np.cumsum(self.positive[:, ::-1], axis=1)
        flagged = flagged_positive + np.cumsum(self.negative[:, ::-1], axis=1)
        precision = flagged_positive / np.maximum(flagged, 1e-300)
        return _ratio((self.positive[:, ::-1] * precision).sum(axis=1), self.positive.sum(axis=1))

    def specificity_at(self, sensitivity: float) -> FloatArray:
        """Specificity at the highest threshold that flags at least `sensitivity` of the positives."""
        flagged, alarmed = np.cumsum(self.positive[:, ::-1], axis=1), np.cumsum(self.negative[:, ::-1], axis=1)
        # Sums of weights: a tolerance keeps 0.95 of 20 from asking for a twentieth.
        place = np.argmax(flagged >= (sensitivity - 1e-12) * flagged[:, -1:], axis=1)
        specificity = 1 - _ratio(alarmed[np.arange(len(alarmed)), place], alarmed[:, -1])
        return np.where(flagged[:, -1] > 0, specificity, np.nan)


def roc_auc(scores: FloatArray, is_positive: BoolArray, weights: FloatArray) -> FloatArray:
    """`Ranked.roc_auc` of scores of which nothing else is asked."""
    return Ranked.of(scores, is_positive, weights).roc_auc()


def average_precision(scores: FloatArray, is_positive: BoolArray, weights: FloatArray) -> FloatArray:
    """`Ranked.average_precision` of scores of which nothing else is asked."""
    return Ranked.of(scores, is_positive, weights).average_precision()


def calibration_line(
    probability: FloatArray, is_positive: BoolArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Slope and intercept of the logistic regression of the outcome on the logit of the probability.

    A slope under 1: probabilities too extreme; over 1: too timid. NaN where an outcome is absent.

    Source: Cox 1958, Biometrika 45:562; Van Calster et al. 2019, BMC Med 17:230.
    """
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    logit, truth = np.log(clipped / (1 - clipped)), is_positive.astype(np.float64)
    start = _line(logit, truth, weights[0], (1.0, 0.0))
    lines = [start, *(_line(logit, truth, row, start) for row in weights[1:])]
    return np.array([slope for slope, _ in lines]), np.array([intercept for _, intercept in lines])


def _line(x: FloatArray, y: FloatArray, weight: FloatArray, start: tuple[float, float]) -> tuple[float, float]:
    """Newton's method on the slope and the intercept; NaN where it does not end, as when the classes are told apart."""
    line: FloatArray = np.array(start)
    if not np.isfinite(line).all() or not 0 < float(weight @ y) < float(weight.sum()):
        return _NO_LINE
    for _ in range(25):
        step = _newton_step(line, x, y, weight)
        if step is None:
            return _NO_LINE
        if np.abs(step).max() < 1e-6:
            return float(line[0] + step[0]), float(line[1] + step[1])
        line = line + _uphill(step, line, x, y, weight)
    return _NO_LINE


def _newton_step(line: FloatArray, x: FloatArray, y: FloatArray, weight: FloatArray) -> FloatArray | None:
    fitted = expit(line[0] * x + line[1])
    residual, curve = weight * (y - fitted), weight * fitted * (1 - fitted)
    by_slope, by_intercept = residual @ x, residual.sum()
    xx, x1, one = curve @ (x * x), curve @ x, curve.sum()
    determinant = xx * one - x1 * x1
    if not determinant > 1e-12 * xx * one:  # all of one probability, or told apart without fault
        return None
    return np.asarray([by_slope * one - by_intercept * x1, by_intercept * xx - by_slope * x1] / determinant)


def _uphill(step: FloatArray, line: FloatArray, x: FloatArray, y: FloatArray, weight: FloatArray) -> FloatArray:
    """The step, halved until the likelihood does not fall: a whole one may go past the top and never come back."""

    def log_likelihood(at: FloatArray) -> float:
        margin = at[0] * x + at[1]
        return float(weight @ (y * margin - np.logaddexp(0, margin)))

    if np.abs(step).max() < 0.1:  # as every step of a bootstrap draw is: too short to go past anything
        return step
    before = log_likelihood(line)
    while log_likelihood(line + step) < before and np.abs(step).max() > 1e-6:
        step = step / 2
    return step


def at_prevalence(weights: FloatArray, is_positive: BoolArray, prevalence: float) -> FloatArray:
    """The same draws as if `prevalence` of the rows were positive."""
    positive = weights[:, is_positive].sum(axis=1, keepdims=True)
    negative = weights[:, ~is_positive].sum(axis=1, keepdims=True)
    factor = np.where(is_positive, _ratio(prevalence, positive), _ratio(1 - prevalence, negative))
    return np.where((positive > 0) & (negative > 0), weights * factor, np.nan)


def f1(matrix: FloatArray) -> FloatArray:
    """F1 of each class, shape (draws, classes)."""
    hits = np.einsum("dcc->dc", matrix)
    return np.asarray(2 * hits / np.maximum(matrix.sum(axis=1) + matrix.sum(axis=2), 1e-300))


def confusion(truth: IntArray, predicted: IntArray, weights: FloatArray, *, classes: int) -> FloatArray:
    """Shape (draws, classes, classes): true by row, predicted by column."""
    cell = np.eye(classes * classes)[truth * classes + predicted]
    return np.asarray(weights @ cell).reshape(len(weights), classes, classes)


def recall(matrix: FloatArray) -> FloatArray:
    """Recall of each class, shape (draws, classes)."""
    return _ratio(np.einsum("dcc->dc", matrix), matrix.sum(axis=2))


def macro_f1(matrix: FloatArray) -> FloatArray:
    """Mean of the classes' F1; a class that is neither there nor predicted counts 0, as in scikit-learn."""
    return np.asarray(f1(matrix).mean(axis=1))


def mean(values: FloatArray | BoolArray, weights: FloatArray) -> FloatArray:
    """Weighted mean of a value a row."""
    return _ratio(weights @ values.astype(np.float64), weights.sum(axis=1))


def _ratio(part: FloatArray | float, whole: FloatArray) -> FloatArray:
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0))
