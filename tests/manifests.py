"""Parts of a manifest that most tests do not care about."""

from raretriage.bucket import EVERYBODY, DataCheck, Metric, TrainingRecord
from raretriage.domain import InputTier, State


def training_record(**changes: object) -> TrainingRecord:
    """What an unremarkable run was told."""
    fields: dict[str, object] = {
        "seed": 1,
        "target": 0.95,
        "confidence": 0.95,
        "test_share": 0.2,
        "calibration_share": 0.33,
        "folds": 3,
        "draws": 60,
        "fit_patients_sha256": "0" * 64,
        "calibration_patients_sha256": "1" * 64,
        "parity": 1e-7,
    }
    return TrainingRecord.model_validate(fields | changes)


def metric(name: str, value: float, low: float, high: float, *, group: str = EVERYBODY) -> Metric:
    """A figure of the temporal test, findings tier."""
    return Metric(
        name=name, split="temporal", tier=InputTier.FINDINGS, group=group, value=value, low=low, high=high, n=5_000
    )


def passing_metrics() -> tuple[Metric, ...]:
    """With these figures a certified model passes both gates."""
    return (
        metric("roc_auc_rare", 0.95, 0.94, 0.96),
        metric("roc_auc_state_macro_ovr", 0.95, 0.94, 0.96),
        metric("f1_state_macro_minus_rules", 0.3, 0.2, 0.4),
        metric("specificity_rare", 0.93, 0.92, 0.94),
        metric("unsure_rate", 0.2, 0.19, 0.21),
        *(metric(f"unsure_rate_{state.value}", 0.2, 0.18, 0.22) for state in State),
        metric("calibration_slope_rare", 1.0, 0.9, 1.1),
    )


PASSING_CHECKS = (DataCheck(name="no leaked patient", passed=True, found="each in one part", limit="nobody"),)
