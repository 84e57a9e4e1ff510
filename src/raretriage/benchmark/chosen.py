"""How good is the ranking when its weights are chosen on other diseases? The honest figure for what was tried.

The diseases are dealt into folds; for each fold the weights that do best on all others rank its cases.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from raretriage.benchmark.ranking import PlacedColumn
from raretriage.differential import Ranking, best_place
from raretriage.differential.weights import WEIGHTS

LIKENESS = (0.4, 0.6, 0.8, 1.0)
ONSET = (0.2, 0.4, 0.6)
PRIOR = (0.5, 1.0, 1.5)
"""Times the weights of the prior's traits."""
FOLDS = 10
_SEED = 20261126


@dataclass(frozen=True, slots=True)
class Choice:
    """Weights of one fold."""

    likeness: float
    onset: float
    prior: float


@dataclass(frozen=True, slots=True)
class Chosen:
    places: tuple[float, ...]
    """In the order of the cases, each by weights that saw no case of its disease."""
    choices: tuple[tuple[Choice, int], ...]
    """The weights that were chosen, with the number of folds."""


def choose_in_folds(column: PlacedColumn, *, folds: int = FOLDS) -> Chosen:
    """The places with weights chosen in disease-disjoint folds, by the mean over diseases of the mean log place.

    Args:
        column: with its rankings, all candidates competing.
    """
    grid = [Choice(*weights) for weights in product(LIKENESS, ONSET, PRIOR)]
    places = np.asarray([_places(ranking, right, grid) for ranking, right in column.rankings])
    diseases = np.asarray([placed.case.cluster for placed in column.placed])
    names = np.unique(diseases)
    order = np.random.default_rng(_SEED).permutation(names)
    dealt = {str(name): i % folds for i, name in enumerate(order)}
    fold = np.asarray([dealt[d] for d in diseases])
    found = np.empty(len(places))
    choices: Counter[Choice] = Counter()
    for k in range(folds):
        inside, outside = fold == k, fold != k
        best = int(np.argmin(_mean_by_disease(np.log(places[outside]), diseases[outside])))
        found[inside] = places[inside, best]
        choices[grid[best]] += 1
    return Chosen(tuple(found.tolist()), tuple(choices.most_common()))


def _places(ranking: Ranking, right: Sequence[int], grid: Sequence[Choice]) -> list[float]:
    parts = ranking.parts
    found = []
    for choice in grid:
        scores = (
            WEIGHTS.match * parts.match
            + choice.likeness * parts.likeness
            + choice.onset * parts.onset
            + choice.prior * parts.prior
        )
        found.append(best_place(scores, right))
    return found


def _mean_by_disease(values: np.ndarray, diseases: np.ndarray) -> np.ndarray:
    """Mean over diseases of each one's mean; `values` has a row a case and a column a choice."""
    _, of, sizes = np.unique(diseases, return_inverse=True, return_counts=True)
    sums = np.zeros((len(sizes), values.shape[1]))
    np.add.at(sums, of, values)
    return np.asarray((sums / sizes[:, np.newaxis]).mean(axis=0))
