"""What should be asked or examined next? The findings whose answer would tell the leading diseases best apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from raretriage.differential.evidence import Explainer
from raretriage.differential.ranker import Patient, Ranking
from raretriage.knowledge import Knowledge

LEADING = 20
"""Diseases, the best placed, that questions are usually to tell apart."""
_UNHEARD_OF = 0.02
"""Chance of a finding in a patient whose disease is not known for it."""
_NEVER_CERTAIN = 0.98


@dataclass(frozen=True, slots=True)
class Question:
    """A finding to ask for."""

    hpo_id: str
    information_gain: float
    """Bits by which the answer is expected to narrow the leading diseases down."""
    speaks_for: str
    """The leading disease that a 'yes' would speak for most."""


def next_questions(
    patient: Patient,
    ranking: Ranking,
    explainer: Explainer,
    *,
    leading: Sequence[int],
    limit: int = 5,
) -> tuple[Question, ...]:
    """The best questions, the best first; what is told or too vague, or kin of a chosen one, is none.

    Expected information gain: entropy of the leading diseases' posterior minus its mean after the answer (Lindley 1956,
    Ann Math Stat 27:986), each finding taken alone. Fewer than `limit` where fewer tell anything.

    Args:
        leading: candidates to tell apart.
    """
    knowledge = explainer.knowledge
    families = [explainer.family(i) for i in leading]
    told = set(patient.observed) | set(patient.excluded)
    implied = {a for t in patient.observed if knowledge.find(t) for a in knowledge.ancestors(t)}
    ruled_out = set(patient.excluded)
    annotated = frozenset[str]().union(*(family.own for family in families)) - told - implied
    asked = [t for t in sorted(annotated) if not explainer.is_vague(t) and ruled_out.isdisjoint(knowledge.ancestors(t))]
    if len(leading) < 2 or not asked:
        return ()
    rows = np.asarray([explainer.ranker.row(t) for t in asked])
    known = [family.share_of(rows, otherwise=_UNHEARD_OF) for family in families]
    chance = np.clip(np.stack(known, axis=1), _UNHEARD_OF, _NEVER_CERTAIN)
    weight = ranking.posterior()[list(leading)]
    gain = _gain(weight / weight.sum(), chance)
    chosen: list[Question] = []
    for row in np.argsort(-gain, kind="stable"):
        if len(chosen) == limit or gain[row] <= 0:
            break
        finding = asked[row]
        if not any(_is_kin(knowledge, finding, other.hpo_id) for other in chosen):
            best = leading[int(np.argmax(chance[row] * weight))]
            speaks_for = explainer.ranker.arrays.candidates[best].id
            chosen.append(Question(finding, float(gain[row]), speaks_for))
    return tuple(chosen)


def _gain(weight: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Bits, shape (findings,); `weight` sums to 1, `chance` has shape (findings, diseases)."""
    yes = chance * weight
    no = (1 - chance) * weight
    after = _entropy(yes) + _entropy(no)
    return np.asarray(_entropy(weight[np.newaxis, :])[0] - after)


def _entropy(joint: np.ndarray) -> np.ndarray:
    """Of each row, its sum times the entropy of the row divided by that sum."""
    total = joint.sum(axis=1, keepdims=True)
    shares = np.where(total > 0, joint / np.where(total > 0, total, 1), 0)
    logs = np.log2(np.where(shares > 0, shares, 1))
    return np.asarray(-(total[:, 0] * (shares * logs).sum(axis=1)))


def _is_kin(knowledge: Knowledge, one: str, other: str) -> bool:
    return one in knowledge.ancestors(other) or other in knowledge.ancestors(one)
