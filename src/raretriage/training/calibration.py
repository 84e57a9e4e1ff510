"""From calibration patients to what is promised: certificates and state sets, one of each a tier.

Encounters of one patient resemble each other, and a bound that counts them as independent promises too much. So a
patient counts once: with the first visit labelled rare, or, without one, with the first visit. A promise of 95 %
reads 'of 100 patients with a rare disease, 95 are flagged at the first visit that is known to be for it'. For the
state sets a patient counts once in each state. Each tier is calibrated on the same patients with the richer inputs
masked; whoever lacks what a tier is named for is not among that tier's patients.
"""

import numpy as np
from sklearn.pipeline import Pipeline

from raretriage.bucket import StateSets
from raretriage.domain import Certificate, InputTier, Refusal
from raretriage.training.candidates import probabilities
from raretriage.training.certificate import certify_threshold
from raretriage.training.config import TrainingConfig
from raretriage.training.dataset import BoolArray, IntArray, LabelledRows, one_row_each
from raretriage.training.errors import CannotCertify
from raretriage.training.evaluation import Scored
from raretriage.training.inputs import TierInputs
from raretriage.training.platt import PlattScaled
from raretriage.training.state_sets import state_bounds


def answers(state: Pipeline, rare: PlattScaled, rows: LabelledRows, inputs: TierInputs, tier: InputTier) -> Scored:
    """The models' answers to all these encounters at one tier."""
    frame = inputs.frames[tier]
    return Scored(
        state_probabilities=probabilities(state, frame),
        rare_probability=probabilities(rare, frame)[:, 1],
        state=rows.state,
        is_rare=rows.is_rare,
        cluster=rows.patient_id,
    )


def certify(scored: Scored, reaches: BoolArray, tier: InputTier, config: TrainingConfig) -> Certificate | Refusal:
    """The promise of one tier, or why there is none."""
    one_each = scored.take(one_row_a_patient(scored, reaches))
    try:
        return certify_threshold(
            one_each.rare_probability,
            one_each.is_rare,
            target=config.target,
            confidence=config.confidence,
            tier=tier,
            basis=config.basis,
        )
    except CannotCertify as refusal:
        return Refusal(tier=tier, basis=config.basis, reason=str(refusal), positives=refusal.positives)


def one_row_a_patient(scored: Scored, reaches: BoolArray) -> IntArray:
    """Each patient's first rare row that reaches the tier, else the first row that does, for the never-rare."""
    return one_row_each(scored.cluster, scored.is_rare, reaches)


def sets_of_states(scored: dict[InputTier, Scored], inputs: TierInputs, *, coverage: float) -> StateSets:
    """The bounds of every tier and state.

    Raises:
        NotEnoughData: no calibration patient of a tier has one of the states.
    """
    bounds = {}
    for tier, answered in scored.items():
        rows = np.flatnonzero(inputs.reaches[tier])
        key = np.array([f"{answered.state[row]}|{answered.cluster[row]}" for row in rows])
        _, first = np.unique(key, return_index=True)
        own = answered.take(rows[first])
        bounds[tier] = state_bounds(own.state_probabilities, own.state, coverage=coverage)
    return StateSets(coverage=coverage, bounds=bounds)
