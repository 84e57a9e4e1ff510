"""From encounters of the lake to a trained, certified and measured model."""

from raretriage.training.candidates import EstimatorKind, frame
from raretriage.training.certificate import (
    THRESHOLD_GRID,
    certify_threshold,
    positives_needed,
    price_at,
    require_positives,
    sensitivity_lower_bound,
)
from raretriage.training.config import TrainingConfig
from raretriage.training.errors import (
    CannotCertify,
    CertificateError,
    LeakedPatient,
    MayOverlap,
    NotEnoughData,
    TrainingError,
)
from raretriage.training.evaluation import K_FOLD, LEFT_OUT_DISEASES
from raretriage.training.model import SplitCounts, TrainedModel
from raretriage.training.record import candidates_csv
from raretriage.training.selection import CandidateRow
from raretriage.training.tracking import MlflowTracker, RunRecord, Tracker
from raretriage.training.train import train

__all__ = [
    "K_FOLD",
    "LEFT_OUT_DISEASES",
    "THRESHOLD_GRID",
    "CandidateRow",
    "CannotCertify",
    "CertificateError",
    "EstimatorKind",
    "LeakedPatient",
    "MayOverlap",
    "MlflowTracker",
    "NotEnoughData",
    "RunRecord",
    "SplitCounts",
    "Tracker",
    "TrainedModel",
    "TrainingConfig",
    "TrainingError",
    "candidates_csv",
    "certify_threshold",
    "frame",
    "positives_needed",
    "price_at",
    "require_positives",
    "sensitivity_lower_bound",
    "train",
]
