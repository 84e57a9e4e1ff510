"""How well does a finding fit a disease? The soft best match, for every finding and every candidate at once.

For a finding u and an entry with findings s of frequency w_s

    P(u) = (sum_s w_s exp(beta (IC(MICA(u, s)) + e [u = s])) / size) ^ (1 / beta),   size = sum_s w_s over its median

where MICA is the most informative common ancestor, IC its information content, and e what the very same finding counts
above its kin. A large beta makes it the best match, the size keeps long profiles from fitting everything. A candidate's
P is the weighted mean over its sources, its level log(floor + P). Resnik's best match (Pesquita et al. 2009, PLoS
Comput Biol 5:e1000443) is its limit without size.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy import sparse

from raretriage.differential.candidates import Candidate
from raretriage.differential.terms import FloatArray, Terms
from raretriage.differential.weights import WEIGHTS, Weights

_CHUNK = 256


class Kin(StrEnum):
    """By whose findings a disease is known."""

    OWN = "own"
    MATE = "mate"
    """And those of the Orphanet entry that fits best."""
    ALL = "all"
    """And those of its siblings by gene and series."""


def mixture(candidates: Sequence[Candidate], views: int, kin: Kin = Kin.ALL) -> sparse.csr_matrix:
    """The weights of the sources, shape (views, candidates); columns sum to 1."""
    cells = [(i, j, w) for j, candidate in enumerate(candidates) for i, w in _sources(candidate, kin).items()]
    rows, columns, values = zip(*cells, strict=True)
    return sparse.csr_matrix(
        (np.asarray(values, np.float32), (rows, columns)), shape=(views, len(candidates)), dtype=np.float32
    )


def _sources(candidate: Candidate, kin: Kin) -> Mapping[int, float]:
    if kin is Kin.ALL:
        return candidate.sources
    kept = {*candidate.own, candidate.mate} if kin is Kin.MATE else {*candidate.own}
    weights = {i: w for i, w in candidate.sources.items() if i in kept}
    total = sum(weights.values())
    return {i: w / total for i, w in weights.items()}


def levels(
    terms: Terms,
    profiles: sparse.csr_matrix,
    mixed: sparse.csr_matrix,
    *,
    weights: Weights = WEIGHTS,
) -> npt.NDArray[np.float32]:
    """log(floor + P) of every finding and candidate.

    Args:
        profiles: frequencies, shape (views, terms).
        mixed: of `mixture`, shape (views, candidates).

    Returns:
        Shape (terms, candidates).
    """
    rows = np.arange(len(terms.ids))
    used = np.flatnonzero(np.diff(profiles.tocsc().indptr))
    frequencies = profiles[:, used].tocsr()
    sizes = np.asarray(frequencies.sum(axis=1)).ravel()
    sizes = np.maximum(sizes / np.median(sizes[sizes > 0]), np.finfo(np.float32).tiny)
    by_view = sparse.diags(1 / sizes).astype(np.float32) @ frequencies
    shared = _SharedContent(terms, used)
    found = np.empty((len(rows), mixed.shape[1]), np.float32)
    to_candidates = mixed.T.tocsr()
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        same = np.float32(weights.exact) * (chunk[:, np.newaxis] == used)
        kernel = np.exp(weights.steepness * (shared.of(chunk) + same))
        fits = (by_view @ kernel.T) ** np.float32(1 / weights.steepness)
        found[start : start + _CHUNK] = np.log(weights.floor + (to_candidates @ fits).T)
    return found


class _SharedContent:
    """IC(MICA(u, s)) for a finding u and all annotated findings s."""

    def __init__(self, terms: Terms, used: npt.NDArray[np.intp]) -> None:
        self._content = terms.content
        self._ancestors = terms.ancestors
        self._below = terms.ancestors[used].T.tocsr()
        self._columns = len(used)

    def of(self, rows: npt.NDArray[np.intp]) -> FloatArray:
        """Shape (rows, used)."""
        found = np.zeros((len(rows), self._columns), np.float32)
        for k, row in enumerate(rows):
            above = self._ancestors.indices[self._ancestors.indptr[row] : self._ancestors.indptr[row + 1]]
            # the most informative last, so that it stays
            for a in above[np.argsort(self._content[above], kind="stable")]:
                found[k, self._below.indices[self._below.indptr[a] : self._below.indptr[a + 1]]] = self._content[a]
        return found
