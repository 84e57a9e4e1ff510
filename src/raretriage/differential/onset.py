"""When does a disease begin, and when did it in this patient?"""

from collections.abc import Mapping, Sequence

import numpy as np

from raretriage.differential.candidates import Candidate
from raretriage.differential.periods import OF_HPO, Onset
from raretriage.differential.terms import FloatArray
from raretriage.differential.views import View
from raretriage.knowledge import Knowledge

OF_ORPHANET: Mapping[str, tuple[Onset, ...]] = {
    "Antenatal": (Onset.ANTENATAL,),
    "Neonatal": (Onset.NEONATAL,),
    "Infancy": (Onset.INFANTILE,),
    "Childhood": (Onset.CHILDHOOD,),
    "Adolescent": (Onset.JUVENILE,),
    "Adult": (Onset.YOUNG_ADULT, Onset.MIDDLE_AGE),
    "Elderly": (Onset.LATE,),
}

_OF_DISEASE, _OF_FINDING, _OF_ORPHANET, _OF_MATE = 1.0, 0.15, 0.6, 0.7
"""What a statement counts: on the disease, on one of its findings, by Orphanet's table; and a mate's."""
_EVERYBODY = 0.5
"""Statements' worth of the average disease mixed in, so that nothing is impossible."""
_SPREAD = 0.8
"""How fast a statement on one period fades over the next ones, in periods."""


def onset_log_ratios(
    knowledge: Knowledge, views: Sequence[View], candidates: Sequence[Candidate]
) -> tuple[FloatArray, FloatArray]:
    """How much an onset speaks for each disease, against the average one.

    Returns:
        Two arrays of shape (periods, candidates): for an onset in that period; and for an age in that period with the
        onset unknown, which says only that it was not later.
    """
    stated = np.stack([_stated(knowledge, view) for view in views])
    counts = np.zeros((len(candidates), len(Onset)))
    for j, candidate in enumerate(candidates):
        counts[j] = stated[list(candidate.own)].sum(axis=0)
        if candidate.mate is not None and candidate.mate not in candidate.own:
            counts[j] += _OF_MATE * stated[candidate.mate]
    known = counts[counts.sum(axis=1) > 0]
    average = (known / known.sum(axis=1, keepdims=True)).mean(axis=0) if len(known) else np.ones(len(Onset))
    average = (average + 1e-3) / (average + 1e-3).sum()
    near = np.exp(-np.abs(np.subtract.outer(np.arange(len(Onset)), np.arange(len(Onset)))) / _SPREAD)
    near /= near.sum(axis=1, keepdims=True)
    shares = counts @ near + _EVERYBODY * average
    shares /= shares.sum(axis=1, keepdims=True)
    by_then = np.cumsum(shares, axis=1) / np.cumsum(average)
    return np.log(shares / average).T.astype(np.float32), np.log(by_then).T.astype(np.float32)


def _stated(knowledge: Knowledge, view: View) -> np.ndarray:
    """The statements of one entry on its onset, by period."""
    found = np.zeros(len(Onset))
    for row in knowledge.annotations(view.disease_id):
        if row.excluded:
            continue
        for term, worth in ((row.hpo_id, _OF_DISEASE), (row.onset, _OF_FINDING)):
            for period in OF_HPO.get(term, ()):
                found[period] += worth / len(OF_HPO[term])
    if view.is_orphanet:
        for word in knowledge.onset_classes(view.disease_id):
            for period in OF_ORPHANET.get(word, ()):
                found[period] += _OF_ORPHANET
    return found
