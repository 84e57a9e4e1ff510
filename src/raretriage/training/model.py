"""A trained model with everything that release writes into the manifest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sklearn.pipeline import Pipeline

from raretriage.bucket import DataVersion, GroupPromise, HelpfulFinding, Metric, StateSets
from raretriage.domain import NEONATE_UNDER_YEARS, Certificate, InputTier, Pregnancy, Refusal
from raretriage.features import FeatureContract, ModelInput
from raretriage.training.candidates import Head
from raretriage.training.dataset import LabelledRows, RowCounts
from raretriage.training.evaluation import FloatArray
from raretriage.training.platt import PlattScaled
from raretriage.training.selection import CandidateRow

Group = Literal["neonate", "pregnant"]

GROUP_PATIENTS = 59
"""With fewer patients of a group not even an error rate of 5 % could be excluded: 0.95 ** 59 < 0.05."""


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """Encounters and patients of each part, and what was left out of all."""

    rows: RowCounts
    encounters: Mapping[str, int]
    patients: Mapping[str, int]
    older_rows_left_out: int
    test_periods: tuple[str, ...]
    conflicts: Mapping[str, int]
    """Encounters whose label pulls against what is seen, by kind: `raretriage.training.conflicts`."""


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """Two fitted heads and what is known of them."""

    state: Pipeline
    """Four classes in the order of `State`."""
    rare: PlattScaled
    """Two classes: not rare, rare."""
    rare_mean: FloatArray
    """Of the rows that its estimator was fitted on: what a linear model's patients are compared with."""
    estimators: Mapping[Head, str]
    contract: FeatureContract
    certificates: Mapping[InputTier, Certificate | Refusal]
    state_sets: StateSets
    training_range: Mapping[str, tuple[float, float]]
    """Smallest and largest value of each number over the fit encounters; a number nobody has is not in it."""
    helpful_findings: Mapping[str, tuple[HelpfulFinding, ...]]
    """Of the fit patients, by age band: `raretriage.training.helpful_findings`."""
    untrained_groups: tuple[Group, ...]
    metrics: tuple[Metric, ...]
    groups: tuple[GroupPromise, ...]
    candidates: tuple[CandidateRow, ...]
    """One line a candidate, and the rule model's."""
    plots: Mapping[str, bytes]
    """PNG by file name."""
    sample: ModelInput
    """For the parity check of the exported graph."""
    data: DataVersion
    """Which encounters the heads were fitted on."""
    counts: SplitCounts
    fit_patients_sha256: str
    """Of the patients whose encounters the heads were given, not of those that a split had meant for them."""
    calibration_patients_sha256: str
    run_id: str | None
    """The tracker's, or None without one."""


def training_range(rows: LabelledRows) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of each number that any of these encounters has."""
    return {
        name: (float(np.nanmin(values)), float(np.nanmax(values)))
        for name, values in rows.columns.numbers.items()
        if not np.all(np.isnan(values))
    }


def untrained_groups(rows: LabelledRows) -> tuple[Group, ...]:
    """The groups with fewer than `GROUP_PATIENTS` patients among these encounters."""
    with np.errstate(invalid="ignore"):
        members: dict[Group, np.ndarray] = {
            "neonate": rows.columns.numbers["age_years"] < NEONATE_UNDER_YEARS,
            "pregnant": rows.columns.categories["pregnant"] == Pregnancy.YES.value,
        }
    return tuple(
        group for group, is_member in members.items() if len(np.unique(rows.patient_id[is_member])) < GROUP_PATIENTS
    )
