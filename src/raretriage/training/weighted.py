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


def confusion(truth: IntArray, predicted: IntArray, weights: FloatArray, *, classes: int) -> FloatArray:
    """Shape (draws, classes, classes): true by row, predicted by column."""
    cell = np.eye(classes * classes)[truth * classes + predicted]
    return np.asarray(weights @ cell).reshape(len(weights), classes, classes)


def recall(matrix: FloatArray) -> FloatArray:
    """Recall of each class, shape (draws, classes)."""
    return _ratio(np.einsum("dcc->dc", matrix), matrix.sum(axis=2))


def macro_f1(matrix: FloatArray) -> FloatArray:
    """Mean of the classes' F1; a class that is neither there nor predicted counts 0, as in scikit-learn."""
    hits = np.einsum("dcc->dc", matrix)
    each = 2 * hits / np.maximum(matrix.sum(axis=1) + matrix.sum(axis=2), 1e-300)
    return np.asarray(each.mean(axis=1))


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


def _ratio(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.asarray(np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0))
