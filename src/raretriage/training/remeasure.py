"""Measure a model's answers again on the temporal test, with nothing fitted: what `raretriage evaluate` does."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from raretriage.bucket import Metric, StateSets
from raretriage.domain import Certificate, InputTier, Refusal
from raretriage.features import Encoder, FeatureContract, ModelInput, Ontology, mask_to_tier
from raretriage.training.baseline import ruled_states
from raretriage.training.config import TrainingConfig
from raretriage.training.dataset import labelled_rows
from raretriage.training.evaluation import TEMPORAL, Figures, FloatArray, Scored, said
from raretriage.training.inputs import tier_inputs
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
    reaches = tier_inputs(test.columns, encoder).reaches
    rng = np.random.default_rng(draw_seed)
    ruled = ruled_states(test.columns)
    metrics: list[Metric] = []
    for tier in InputTier:
        reached = np.flatnonzero(reaches[tier])
        if not len(reached):
            continue
        state, rare = score(encoder.encode(mask_to_tier(test.columns, tier)))
        scored = Scored(
            state_probabilities=state,
            rare_probability=rare,
            state=test.state,
            is_rare=test.is_rare,
            cluster=test.patient_id,
        ).take(reached)
        figures = Figures(scored, split=TEMPORAL, tier=tier, draws=config.draws, rng=rng)
        metrics += figures.discrimination()
        metrics += figures.promise(certificates[tier])
        metrics += figures.sets(*said(scored, tier, certificates[tier], state_sets))
        metrics += figures.against_rules(ruled[reached])
    return tuple(metrics)
