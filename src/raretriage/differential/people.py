"""Whom does a disease meet? Its sex, and how many people have it."""

from collections.abc import Sequence
from math import log, sqrt

import numpy as np

from raretriage.differential.candidates import Candidate
from raretriage.differential.terms import FloatArray
from raretriage.differential.views import View
from raretriage.knowledge import Knowledge, load_sex_table, male_share

_NEVER_CERTAIN = 0.02
"""Share of patients of the sex that a disease is said not to have: mosaics, and catalogues that err. Estimate."""
_LOWEST_PER_100000 = 0.01
"""Where a class begins at nobody. Estimate: one in ten million."""
_UNCOUNTED_PER_100000 = 0.05
"""Of a disease that nobody counted: the middle of the lowest class of Orphanet's, which most have. Estimate."""


def sex_log_ratios(knowledge: Knowledge, views: Sequence[View], candidates: Sequence[Candidate]) -> FloatArray:
    """log(share of its patients who are of a sex / one half), female then male, shape (2, candidates).

    By `raretriage.knowledge.male_share`: mode of inheritance, annotated sex, findings that only one sex can have.
    """
    table = load_sex_table(knowledge)
    male = np.empty(len(candidates))
    for j, candidate in enumerate(candidates):
        rows = [row for i in candidate.own for row in knowledge.annotations(views[i].disease_id)]
        male[j], _ = male_share(knowledge, candidate.name, rows, table)
    male = np.clip(male, _NEVER_CERTAIN, 1 - _NEVER_CERTAIN)
    return np.log(2 * np.stack([1 - male, male])).astype(np.float32)


def log_prevalence(knowledge: Knowledge, candidates: Sequence[Candidate]) -> FloatArray:
    """log of the prevalence against the average candidate's, shape (candidates,)."""
    found = np.asarray([log(_per_100000(knowledge, candidate)) for candidate in candidates])
    return np.asarray(found - found.mean(), np.float32)


def _per_100000(knowledge: Knowledge, candidate: Candidate) -> float:
    """The geometric middle of the highest figure that an entry has."""
    figures = [figure for entry in candidate.entries if (figure := knowledge.prevalence(entry)) is not None]
    middles = [
        sqrt(max(f.low_per_100000, _LOWEST_PER_100000) * max(f.high_per_100000, _LOWEST_PER_100000)) for f in figures
    ]
    return max(middles, default=_UNCOUNTED_PER_100000)
