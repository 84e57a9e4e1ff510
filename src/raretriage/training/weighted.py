"""Scores of weighted rows, for many weightings at once: how a bootstrap by patient becomes one pass of numpy.

`weights` has shape (draws, n): row 0 is all ones, so the figure itself, and every other row a bootstrap draw that
counts each cluster's rows as often as the cluster was drawn. Every score has shape (draws,), NaN where it is not
defined (no positive in the draw, say).
"""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def cluster_weights(cluster: npt.NDArray[np.object_], *, draws: int, rng: np.random.Generator) -> FloatArray:
    """Weights of a cluster bootstrap, shape (draws + 1, n). `cluster` names the patient of each row, shape (n,)."""
    clusters, of_row = np.unique(cluster, return_inverse=True)
    count = len(clusters)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    return np.concatenate([np.ones((1, len(cluster))), drawn[:, of_row].astype(np.float64)])


def roc_auc(scores: FloatArray, is_positive: BoolArray, weights: FloatArray) -> FloatArray:
    """Probability that a positive scores above a negative, ties counted half."""
    positive, negative = _by_score(scores, is_positive, weights)
    below = np.cumsum(negative, axis=1) - negative
    return _ratio((positive * (below + negative / 2)).sum(axis=1), positive.sum(axis=1) * negative.sum(axis=1))


def average_precision(scores: FloatArray, is_positive: BoolArray, weights: FloatArray) -> FloatArray:
    """Area under the precision-recall curve as the step sum that scikit-learn calls average precision."""
    positive, negative = (side[:, ::-1] for side in _by_score(scores, is_positive, weights))
    flagged_positive, flagged = np.cumsum(positive, axis=1), np.cumsum(positive + negative, axis=1)
    precision = flagged_positive / np.maximum(flagged, 1e-300)
    return _ratio((positive * precision).sum(axis=1), positive.sum(axis=1))


def specificity_at(scores: FloatArray, is_positive: BoolArray, weights: FloatArray, sensitivity: float) -> FloatArray:
    """Specificity at the highest threshold that flags at least `sensitivity` of the positives."""
    positive, negative = (side[:, ::-1] for side in _by_score(scores, is_positive, weights))
    flagged, alarmed = np.cumsum(positive, axis=1), np.cumsum(negative, axis=1)
    # Sums of weights: a tolerance keeps 0.95 of 20 from asking for a twentieth.
    enough = flagged >= sensitivity * flagged[:, -1:] - 1e-9
    place = np.argmax(enough, axis=1)
    return 1 - _ratio(alarmed[np.arange(len(alarmed)), place], alarmed[:, -1])


def calibration_line(
    probability: FloatArray, is_positive: BoolArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Slope and intercept of the logistic regression of the outcome on the logit of the probability.

    A slope under 1: probabilities too extreme; over 1: too timid. NaN where an outcome is absent.

    Source: Cox 1958, Biometrika 45:562; Van Calster et al. 2019, BMC Med 17:230.
    """
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    logit, truth = np.log(clipped / (1 - clipped)), is_positive.astype(np.float64)
    lines = [_line(logit, truth, row) for row in weights]
    return np.array([slope for slope, _ in lines]), np.array([intercept for _, intercept in lines])


def _line(x: FloatArray, y: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """Newton's method on two parameters, from slope 1 and intercept 0."""
    positives = float(weight @ y)
    if not 0 < positives < float(weight.sum()):
        return float("nan"), float("nan")
    slope, intercept = 1.0, 0.0
    for _ in range(25):
        fitted = 1 / (1 + np.exp(-(slope * x + intercept)))
        residual, curve = weight * (y - fitted), weight * fitted * (1 - fitted)
        gradient = np.array([residual @ x, residual.sum()])
        hessian = np.array([[curve @ (x * x), curve @ x], [curve @ x, curve.sum()]])
        if np.linalg.cond(hessian) > 1e12:
            return float("nan"), float("nan")
        step = np.linalg.solve(hessian, gradient)
        slope, intercept = slope + step[0], intercept + step[1]
        if np.abs(step).max() < 1e-8:
            break
    return float(slope), float(intercept)


def at_prevalence(weights: FloatArray, is_positive: BoolArray, prevalence: float) -> FloatArray:
    """The same draws as if `prevalence` of the rows were positive."""
    positive = weights[:, is_positive].sum(axis=1, keepdims=True)
    negative = weights[:, ~is_positive].sum(axis=1, keepdims=True)
    factor = np.where(is_positive, _ratio(prevalence, positive), _ratio(1 - prevalence, negative))
    return np.asarray(weights * factor)


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


def _by_score(scores: FloatArray, is_positive: BoolArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weight of positives and of negatives at each distinct score, ascending."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf) > 0)
    sorted_weights = weights[:, order]
    positive = np.add.reduceat(sorted_weights * is_positive[order], starts, axis=1)
    return positive, np.add.reduceat(sorted_weights, starts, axis=1) - positive


def _ratio(part: FloatArray | float, whole: FloatArray) -> FloatArray:
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0))
