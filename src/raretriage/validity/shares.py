"""A share with its interval, its n and its clusters: cases of one disease resemble each other."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raretriage.training import weighted

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
StringArray = npt.NDArray[np.object_]

DRAWS = 1_000
FEWEST_CLUSTERS = 5
"""With fewer, a bootstrap by cluster says little of how far the figure may move: no interval then."""


@dataclass(frozen=True, slots=True)
class Share:
    """A mean with its 95 % percentile interval of a bootstrap by cluster; no interval with few clusters."""

    value: float
    low: float | None
    high: float | None
    n: int
    clusters: int


def pooled(values: FloatArray | BoolArray, cluster: StringArray, rng: np.random.Generator) -> Share:
    """Every row counts the same, so a disease with many cases counts much."""
    weights = weighted.cluster_weights(cluster, draws=DRAWS, rng=rng)
    return _share(weighted.mean(values, weights), len(values), len(np.unique(cluster)))


def macro(values: FloatArray | BoolArray, cluster: StringArray, rng: np.random.Generator) -> Share:
    """Every cluster counts the same: the mean of the clusters' means."""
    names, of_row = np.unique(cluster, return_inverse=True)
    own = np.bincount(of_row, weights=values.astype(np.float64)) / np.bincount(of_row)
    weights = weighted.cluster_weights(names.astype(object), draws=DRAWS, rng=rng)
    return _share(weighted.mean(own, weights), len(values), len(names))


def _share(draws: FloatArray, n: int, clusters: int) -> Share:
    if clusters < FEWEST_CLUSTERS:
        return Share(float(draws[0]), None, None, n, clusters)
    low, high = np.nanquantile(draws[1:], [0.025, 0.975])
    return Share(float(draws[0]), float(low), float(high), n, clusters)
