"""The service: the clinician's page, the JSON interface and the prediction log. Knows nothing of training."""

from raretriage.serving.answer import answer, urgent_signs
from raretriage.serving.app import create_app
from raretriage.serving.errors import (
    BrokenChain,
    InvalidInput,
    LogBusy,
    LogError,
    LogUnavailable,
    ModelUnusable,
    NotReplayable,
    ServingError,
    ShippingConflict,
)
from raretriage.serving.feedback import Label, labels_of
from raretriage.serving.log.chain import GENESIS, Head, Verified, verify_log
from raretriage.serving.log.erasure import Erased, erase
from raretriage.serving.log.files import line_in, log_files, verify_folder
from raretriage.serving.log.shipping import parts_in
from raretriage.serving.prepare import prepare
from raretriage.serving.replay import Outcome, Replayed, model_of, replay
from raretriage.serving.scorer import Score, Scorer
from raretriage.serving.wire import PredictRequest, PredictResponse

__all__ = [
    "GENESIS",
    "BrokenChain",
    "Erased",
    "Head",
    "InvalidInput",
    "Label",
    "LogBusy",
    "LogError",
    "LogUnavailable",
    "ModelUnusable",
    "NotReplayable",
    "Outcome",
    "PredictRequest",
    "PredictResponse",
    "Replayed",
    "Score",
    "Scorer",
    "ServingError",
    "ShippingConflict",
    "Verified",
    "answer",
    "create_app",
    "erase",
    "labels_of",
    "line_in",
    "log_files",
    "model_of",
    "parts_in",
    "prepare",
    "replay",
    "urgent_signs",
    "verify_folder",
    "verify_log",
]
