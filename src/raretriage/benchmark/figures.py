"""From places to figures, per case and as the mean over diseases, with intervals by disease."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

TOP = (1, 3, 5, 10, 50)
DRAWS = 1_000
_SEED = 20261126
_LEVEL = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the 95 % interval of a bootstrap that draws whole diseases."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    n: int
    diseases: int
    by_case: Mapping[str, Estimate]
    """`top1` ... `top50`, shares; `mrr`, the mean of 1 / place."""
    by_disease: Mapping[str, Estimate]
    """The same as the mean over diseases of each one's mean."""
    median_rank: float


def figures(places: Sequence[float], clusters: Sequence[str], *, draws: int = DRAWS) -> Figures:
    """All figures of one list of places.

    Args:
        places: 1 is the best.
        clusters: each case's disease.
        draws: of the bootstrap.
    """
    place = np.asarray(places, float)
    drawn = _Clusters(clusters, draws)
    measured: dict[str, np.ndarray] = {f"top{k}": (place <= k).astype(float) for k in TOP} | {"mrr": 1 / place}
    return Figures(
        n=len(place),
        diseases=drawn.count,
        by_case={name: drawn.by_case(values) for name, values in measured.items()},
        by_disease={name: drawn.by_disease(values) for name, values in measured.items()},
        median_rank=float(np.median(place)),
    )


def differences(
    places: Sequence[float], others: Sequence[float], clusters: Sequence[str], *, draws: int = DRAWS
) -> dict[str, tuple[Estimate, Estimate]]:
    """By how much one method is above another on the same cases: per case, and as the mean over diseases.

    Paired: both methods are judged on the same drawn diseases.
    """
    drawn = _Clusters(clusters, draws)
    one, other = np.asarray(places, float), np.asarray(others, float)
    measured: dict[str, Callable[[np.ndarray], np.ndarray]] = {f"top{k}": _within(k) for k in TOP}
    measured["mrr"] = lambda place: 1 / place
    return {
        name: (drawn.by_case(of(one) - of(other)), drawn.by_disease(of(one) - of(other)))
        for name, of in measured.items()
    }


def _within(k: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda place: (place <= k).astype(float)


class _Clusters:
    """The same drawn diseases for every figure."""

    def __init__(self, clusters: Sequence[str], draws: int) -> None:
        names, self._of = np.unique(np.asarray(clusters), return_inverse=True)
        self.count = len(names)
        self._sizes = np.bincount(self._of, minlength=self.count).astype(float)
        rng = np.random.default_rng(_SEED)
        self._weights = rng.multinomial(self.count, np.full(self.count, 1 / self.count), size=draws).astype(float)

    def by_case(self, values: np.ndarray) -> Estimate:
        sums = np.bincount(self._of, weights=values, minlength=self.count)
        return self._estimate(float(values.mean()), (self._weights @ sums) / (self._weights @ self._sizes))

    def by_disease(self, values: np.ndarray) -> Estimate:
        means = np.bincount(self._of, weights=values, minlength=self.count) / self._sizes
        return self._estimate(float(means.mean()), (self._weights @ means) / self.count)

    def _estimate(self, value: float, drawn: np.ndarray) -> Estimate:
        low, high = np.percentile(drawn, _LEVEL)
        return Estimate(value, float(low), float(high))
