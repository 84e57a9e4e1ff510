"""Parts of a manifest that most tests do not care about."""

from raretriage.bucket import TrainingRecord


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
