"""How good is the ranking when it is chosen on other diseases? The honest figure for what was tried.

The diseases are dealt into folds; for each fold the choice that does best on all others ranks its cases.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from raretriage.benchmark.ranking import Placed, PlacedColumn
from raretriage.benchmark.structures import Structure
from raretriage.differential import Patient, best_place
from raretriage.differential.ranker import Parts
from raretriage.differential.weights import WEIGHTS

LIKENESS = (0.0, 0.4, 0.8, 1.2)
"""0: nothing learnt takes part."""
ONSET = (0.0, 0.2, 0.4, 0.6)
SEX = (0.0, WEIGHTS.sex)
PRIOR = (0.0, 0.5, 1.0, 1.5)
"""Times the weights of the prior's traits."""
FOLDS = 10
_SEED = 20261126


@dataclass(frozen=True, slots=True)
class Choice:
    """What one fold ranks with."""

    structure: Structure
    likeness: float
    onset: float
    sex: float
    prior: float


@dataclass(frozen=True, slots=True)
class Chosen:
    places: tuple[float, ...]
    """In the order of the cases, each by a choice that saw no case of its disease."""
    choices: tuple[tuple[Choice, int], ...]
    """What was chosen, with the number of folds."""


def choose_in_folds(
    column: PlacedColumn,
    alternatives: Iterable[tuple[Structure, Callable[[Patient], Parts]]],
    *,
    folds: int = FOLDS,
    progress: Callable[[int], object] = lambda _: None,
) -> Chosen:
    """The places with all choices made in disease-disjoint folds, by the mean over diseases of the mean log place.

    Args:
        column: with all candidates competing.
        alternatives: of each structure, what gives the parts of a patient's scores; taken one after the other.
        progress: told after each of them.
    """
    grid: list[Choice] = []
    tried: list[np.ndarray] = []
    for structure, parts_of in alternatives:
        choices = [Choice(structure, *weights) for weights in product(LIKENESS, ONSET, SEX, PRIOR)]
        tried.append(np.asarray([_places(placed, parts_of, choices) for placed in column.placed]))
        grid += choices
        progress(1)
    places = np.concatenate(tried, axis=1)
    diseases = np.asarray([placed.case.cluster for placed in column.placed])
    names = np.unique(diseases)
    order = np.random.default_rng(_SEED).permutation(names)
    dealt = {str(name): i % folds for i, name in enumerate(order)}
    fold = np.asarray([dealt[d] for d in diseases])
    found = np.empty(len(places))
    chosen: Counter[Choice] = Counter()
    for k in range(folds):
        inside, outside = fold == k, fold != k
        best = int(np.argmin(_mean_by_disease(np.log(places[outside]), diseases[outside])))
        found[inside] = places[inside, best]
        chosen[grid[best]] += 1
    return Chosen(tuple(found.tolist()), tuple(chosen.most_common()))


def _places(placed: Placed, parts_of: Callable[[Patient], Parts], grid: Sequence[Choice]) -> list[float]:
    parts = parts_of(placed.case.patient)
    weights = np.asarray([[WEIGHTS.match, c.likeness, c.onset, c.sex, c.prior] for c in grid])
    scores = weights @ np.stack([parts.match, parts.likeness, parts.onset, parts.sex, parts.prior])
    return [best_place(row, placed.right) for row in scores]


def _mean_by_disease(values: np.ndarray, diseases: np.ndarray) -> np.ndarray:
    """Mean over diseases of each one's mean; `values` has a row a case and a column a choice."""
    _, of, sizes = np.unique(diseases, return_inverse=True, return_counts=True)
    sums = np.zeros((len(sizes), values.shape[1]))
    np.add.at(sums, of, values)
    return np.asarray((sums / sizes[:, np.newaxis]).mean(axis=0))
