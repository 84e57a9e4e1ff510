"""What any ranking must beat: the plain likelihood ratio of the observed findings.

    score(d) = sum over observed u of log(max(F_ud, 0.001) / mean over diseases of F_u)

F_ud is the annotated frequency of the finding or of the most frequent kind of it in the disease's own entries, 0.5
where nobody said. This is LIRICAL's idea (Robinson et al. 2020, Am J Hum Genet 107:403) without its excluded findings.
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from raretriage.benchmark.columns import Fair
from raretriage.differential.views import frequency

_FLOOR = 0.001


class Yardstick:
    """The likelihood ratio over the candidates of a ranking."""

    def __init__(self, fair: Fair, candidates: Sequence[int]) -> None:
        """
        Args:
            candidates: those that compete; the others get no score.
        """
        knowledge, ranked = fair.knowledge, fair.ranker.arrays.candidates
        self._count, self._candidates = len(ranked), np.asarray(candidates)
        self._column: dict[str, int] = {}
        cells: dict[tuple[int, int], float] = {}
        for row, index in enumerate(candidates):
            own = [e for e in ranked[index].entries if not e.startswith("ORPHA:")] or ranked[index].entries
            for annotation in (a for entry in own for a in knowledge.annotations(entry)):
                if annotation.excluded or not knowledge.is_finding(annotation.hpo_id):
                    continue
                for term in knowledge.ancestors(annotation.hpo_id):
                    at = row, self._column.setdefault(term, len(self._column))
                    cells[at] = max(cells.get(at, 0.0), frequency(annotation))
        rows, columns = zip(*cells, strict=True)
        shape = len(candidates), len(self._column)
        self._frequencies = sparse.csc_matrix((list(cells.values()), (rows, columns)), shape=shape)

    def scores(self, observed: Sequence[str]) -> np.ndarray:
        """Nats, shape (candidates of the ranking,); minus infinity for those that do not compete."""
        total = np.zeros(len(self._candidates))
        for column in (self._column[t] for t in dict.fromkeys(observed) if t in self._column):
            often = self._frequencies[:, [column]].toarray().ravel()
            total += np.log(np.maximum(often, _FLOOR) / often.mean())
        found = np.full(self._count, -np.inf)
        found[self._candidates] = total
        return found
