"""Which findings can be ranked by, and how much does each one say?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from raretriage.differential.views import View
from raretriage.knowledge import Knowledge

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Terms:
    """The findings that are annotated to a disease, and all that these are a kind of."""

    ids: tuple[str, ...]
    row_of: Mapping[str, int]
    """Every finding of the release -> its row; one that nothing is annotated with has that of its nearest ancestor."""
    ancestors: sparse.csr_matrix
    """Ones, shape (n, n): row is a kind of column, itself included; the root of all findings is left out."""
    content: FloatArray
    """Information content, shape (n,): -log of the share of entries with the finding or a kind of it (Resnik 1995)."""

    def profiles(self, views: Sequence[View]) -> sparse.csr_matrix:
        """The views as frequencies, shape (views, n)."""
        cells = [(i, self.row_of[t], f) for i, view in enumerate(views) for t, f in view.findings.items()]
        rows, columns, values = zip(*cells, strict=True)
        return sparse.csr_matrix(
            (np.asarray(values, np.float32), (rows, columns)), shape=(len(views), len(self.ids)), dtype=np.float32
        )


def terms_of(knowledge: Knowledge, views: Sequence[View]) -> Terms:
    """The vocabulary of the ranking.

    Args:
        views: whose findings it must hold. The information content is that of the entries of OMIM among them, which are
            one disease each, or of all where there is none.
    """
    root = {t.id for t in knowledge.ontology.current_terms() if not knowledge.is_finding(t.id)}
    above = {t: knowledge.ancestors(t) - root for view in views for t in view.findings}
    ids = tuple(sorted(frozenset[str]().union(*above.values())))
    index = {t: i for i, t in enumerate(ids)}
    counted = [v for v in views if v.disease_id.startswith("OMIM:")] or views
    counts = np.zeros(len(ids))
    for view in counted:
        counts[[index[a] for a in frozenset[str]().union(*(above[t] for t in view.findings))]] += 1
    content = -np.log(np.maximum(counts, 1) / len(counted)).astype(np.float32)
    return Terms(
        ids=ids,
        row_of=_rows(knowledge, index, content),
        ancestors=_ancestors(knowledge, index),
        content=content,
    )


def _ancestors(knowledge: Knowledge, index: Mapping[str, int]) -> sparse.csr_matrix:
    cells = [(i, index[a]) for t, i in index.items() for a in knowledge.ancestors(t) if a in index]
    rows, columns = zip(*cells, strict=True)
    return sparse.csr_matrix((np.ones(len(cells), np.float32), (rows, columns)), shape=(len(index), len(index)))


def _rows(knowledge: Knowledge, index: Mapping[str, int], content: FloatArray) -> dict[str, int]:
    """As `Terms.row_of`; "nearest" is the most informative."""

    def nearest(ancestors: Iterable[str]) -> int | None:
        known = [index[a] for a in ancestors if a in index]
        return max(known, key=lambda i: (content[i], -i), default=None)

    found = {t.id: index.get(t.id, nearest(knowledge.ancestors(t.id))) for t in knowledge.ontology.current_terms()}
    return {t: row for t, row in found.items() if row is not None}
