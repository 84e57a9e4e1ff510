"""A model's answers measured on the temporal test, with nothing fitted: by `train`, and again by `evaluate`."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from raretriage.bucket import Metric, StateSets
from raretriage.domain import Certificate, InputTier, Refusal
from raretriage.features import Encoder, FeatureContract, ModelInput, Ontology, mask_to_tier
from raretriage.training.baseline import ruled_states
from raretriage.training.config import TrainingConfig
from raretriage.training.dataset import LabelledRows, labelled_rows
from raretriage.training.evaluation import TEMPORAL, Figures, FloatArray, Scored, said
from raretriage.training.inputs import TierInputs, tier_inputs
from raretriage.training.splits import split_by_patient

ScoreRows = Callable[[ModelInput], tuple[FloatArray, FloatArray]]
"""Probabilities of the states, shape (n, 4), and of rare, shape (n,)."""


def temporal_figures(
    encounters: pa.Table,
    *,
    contract: FeatureContract,
    ontology: Ontology,
    certificates: Mapping[InputTier, Certificate | Refusal],
    state_sets: StateSets,
    score: ScoreRows,
    config: TrainingConfig,
) -> tuple[Metric, ...]:
    """Figures of every tier on the newest quarters.

    Args:
        encounters: the lake version that the model was trained from.
        config: of the training run: which quarters are the test depends on it.
    """
    split_seed, _, draw_seed = np.random.SeedSequence(config.seed).spawn(3)
    rows, _ = labelled_rows(encounters)
    split = split_by_patient(
        rows,
        test_share=config.test_share,
        calibration_share=config.calibration_share,
        rng=np.random.default_rng(split_seed),
    )
    test = rows.take(split.test)
    encoder = Encoder(contract, ontology)
    answered = {}
    for tier in InputTier:
        state, rare = score(encoder.encode(mask_to_tier(test.columns, tier)))
        answered[tier] = Scored(
            state_probabilities=state,
            rare_probability=rare,
            state=test.state,
            is_rare=test.is_rare,
            cluster=test.patient_id,
        )
    made = temporal_metrics(
        answered,
        test,
        tier_inputs(test.columns, encoder),
        certificates=certificates,
        state_sets=state_sets,
        draws=config.draws,
        rng=np.random.default_rng(draw_seed),
    )
    return tuple(made)


def temporal_metrics(
    answered: Mapping[InputTier, Scored],
    test: LabelledRows,
    inputs: TierInputs,
    *,
    certificates: Mapping[InputTier, Certificate | Refusal],
    state_sets: StateSets,
    draws: int,
    rng: np.random.Generator,
) -> list[Metric]:
    """Every figure of the temporal test, tier by tier, over the encounters that reach the tier.

    Args:
        answered: the model's answers to all of `test` at each tier.
    """
    ruled = ruled_states(test.columns)
    metrics: list[Metric] = []
    for tier, scored in answered.items():
        reached = np.flatnonzero(inputs.reaches[tier])
        if not len(reached):
            continue
        own = scored.take(reached)
        figures = Figures(own, split=TEMPORAL, tier=tier, draws=draws, rng=rng)
        metrics += figures.discrimination()
        metrics += figures.promise(certificates[tier])
        metrics += figures.sets(*said(own, tier, certificates[tier], state_sets))
        metrics += figures.against_rules(ruled[reached])
    return metrics
