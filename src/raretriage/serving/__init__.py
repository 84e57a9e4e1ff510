"""The service: the clinician's page, the JSON interface and the prediction log. Knows nothing of training."""

from raretriage.serving.answer import answer, urgent_signs
from raretriage.serving.app import create_app
from raretriage.serving.chain import GENESIS, Head, Verified, verify_log
from raretriage.serving.errors import (
    BrokenChain,
    InvalidInput,
    LogBusy,
    LogError,
    LogUnavailable,
    ModelUnusable,
    ServingError,
    ShippingConflict,
)
from raretriage.serving.feedback import Label, labels_of
from raretriage.serving.log_files import log_files, verify_folder
from raretriage.serving.scorer import Score, Scorer
from raretriage.serving.service import prepare
from raretriage.serving.wire import PredictRequest, PredictResponse

__all__ = [
    "GENESIS",
    "BrokenChain",
    "Head",
    "InvalidInput",
    "Label",
    "LogBusy",
    "LogError",
    "LogUnavailable",
    "ModelUnusable",
    "PredictRequest",
    "PredictResponse",
    "Score",
    "Scorer",
    "ServingError",
    "ShippingConflict",
    "Verified",
    "answer",
    "create_app",
    "labels_of",
    "log_files",
    "prepare",
    "urgent_signs",
    "verify_folder",
    "verify_log",
]
