"""What a training run may be told: all of it is written down with the model."""

from dataclasses import dataclass

from raretriage.bucket import TrainingRecord
from raretriage.domain import Basis
from raretriage.training.candidates import SHORT_LIST, EstimatorKind


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Choices and provenance of one run; the same table and the same config give the same model."""

    basis: Basis
    """Whose patients the table holds; `SIMULATED` is printed on every figure."""
    lake_version: int
    git_commit: str
    seed: int = 20_240_601
    target: float = 0.95
    """Sensitivity for rare that is to be promised."""
    confidence: float = 0.95
    """Probability over calibration draws that the promise holds."""
    state_coverage: float = 0.90
    """Share of each state's patients whose own state stays in the prediction set."""
    test_share: float = 0.20
    """The newest quarters that together hold at least this share of the labelled encounters are the temporal test."""
    calibration_share: float = 0.33
    """Of the patients who are not in the temporal test."""
    folds: int = 3
    draws: int = 200
    """Bootstrap draws behind every interval."""
    kinds: tuple[EstimatorKind, ...] = SHORT_LIST
    """What is compared, the simplest first."""
    most_compared: int = 60_000
    """Encounters, of whole patients, that candidates are compared on; the heads are fitted on all. More make no
    difference to the choice, and a million encounters train in the memory of a laptop."""
    workers: int = 2
    """Fits that run at the same time, each on one thread. Two threads in one fit wait for each other actively: on a
    busy machine that took 320 s of processor time for what takes 58 s."""

    @classmethod
    def of(cls, record: TrainingRecord, *, basis: Basis, lake_version: int, git_commit: str) -> "TrainingConfig":
        """The configuration of an earlier run, as its manifest keeps it."""
        return cls(
            basis=basis,
            lake_version=lake_version,
            git_commit=git_commit,
            seed=record.seed,
            target=record.target,
            confidence=record.confidence,
            test_share=record.test_share,
            calibration_share=record.calibration_share,
            folds=record.folds,
            draws=record.draws,
        )

    @property
    def steps(self) -> int:
        """How many units `train` reports to `progress` in all."""
        cross_validated = 2 * self.folds * len(self.kinds)
        left_out_and_final = 2 * 2 * self.folds + 2
        tiers_plots_and_tracking = 3 + 1 + 1
        return cross_validated + left_out_and_final + tiers_plots_and_tracking
