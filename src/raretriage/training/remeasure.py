"""A model's answers measured on the temporal test, with nothing fitted: by `train`, and again by `evaluate`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from raretriage.bucket import TEMPORAL, GroupPromise, Metric, StateSets
from raretriage.domain import Certificate, InputTier, Refusal
from raretriage.features import Encoder, FeatureContract, ModelInput, Ontology, mask_to_tier
from raretriage.training.baseline import ruled_states
from raretriage.training.config import TrainingConfig
from raretriage.training.dataset import LabelledRows, labelled_rows
from raretriage.training.evaluation import Figures, FloatArray, Scored, said
from raretriage.training.groups import group_metrics, group_promises
from raretriage.training.inputs import reached_tiers
from raretriage.training.splits import Split, split_of_run

ScoreRows = Callable[[ModelInput], tuple[FloatArray, FloatArray]]
"""Probabilities of the states, shape (n, 4), and of rare, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The encounters of a run, split as they were for it."""

    rows: LabelledRows
    split: Split
    encoder: Encoder

    @property
    def fit(self) -> LabelledRows:
        return self.rows.take(self.split.fit)

    @property
    def calibration(self) -> LabelledRows:
        return self.rows.take(self.split.calibration)

    @property
    def test(self) -> LabelledRows:
        return self.rows.take(self.split.test)

    def answers(self, rows: LabelledRows, tier: InputTier, score: ScoreRows) -> Scored:
        """A model's answers to these encounters, richer inputs masked."""
        state, rare = score(self.encoder.encode(mask_to_tier(rows.columns, tier)))
        return Scored(
            state_probabilities=state,
            rare_probability=rare,
            state=rows.state,
            is_rare=rows.is_rare,
            cluster=rows.patient_id,
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """What the temporal test says."""

    metrics: tuple[Metric, ...]
    groups: tuple[GroupPromise, ...]


def draw_again(encounters: pa.Table, *, contract: FeatureContract, ontology: Ontology, config: TrainingConfig) -> Drawn:
    """The split of an earlier run.

    Args:
        encounters: the lake version that the model was trained from.
        config: of the training run: which patients are in which part depends on it.
    """
    rows, _ = labelled_rows(encounters)
    return Drawn(rows, split_of_run(rows, config), Encoder(contract, ontology))


def temporal_figures(
    drawn: Drawn,
    *,
    certificates: Mapping[InputTier, Certificate | Refusal],
    state_sets: StateSets,
    score: ScoreRows,
    config: TrainingConfig,
) -> Measured:
    """Figures of every tier on the newest quarters."""
    test = drawn.test
    return measure_held_out(
        {tier: drawn.answers(test, tier, score) for tier in InputTier},
        test,
        certificates=certificates,
        state_sets=state_sets,
        draws=config.draws,
        rng=np.random.default_rng(np.random.SeedSequence(config.seed).spawn(3)[2]),
    )


def measure_held_out(
    answered: Mapping[InputTier, Scored],
    test: LabelledRows,
    *,
    certificates: Mapping[InputTier, Certificate | Refusal],
    state_sets: StateSets,
    draws: int,
    rng: np.random.Generator,
    split: str = TEMPORAL,
) -> Measured:
    """Every figure of these encounters, tier by tier, over those that reach the tier; then the groups.

    Args:
        answered: the model's answers to all of `test` at each tier.
        split: what these encounters are, as the figures say it.
    """
    ruled, reaches = ruled_states(test.columns), reached_tiers(test.columns)
    metrics: list[Metric] = []
    promises: tuple[GroupPromise, ...] = ()
    for tier, scored in answered.items():
        reached = np.flatnonzero(reaches[tier])
        if not len(reached):
            continue
        own = scored.take(reached)
        figures = Figures(own, split=split, tier=tier, draws=draws, rng=rng)
        metrics += figures.discrimination()
        metrics += figures.promise(certificates[tier])
        metrics += figures.sets(*said(own, tier, certificates[tier], state_sets))
        metrics += figures.against_rules(ruled[reached])
        if tier is InputTier.FINDINGS:
            members, certificate = test.take(reached), certificates[tier]
            metrics += group_metrics(
                own, members, certificate=certificate, state_sets=state_sets, draws=draws, rng=rng, split=split
            )
            promises = group_promises(own, members, certificate)
    return Measured(tuple(metrics), promises)
