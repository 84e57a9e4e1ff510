"""What must hold before any figure of a run means something: each thing looked at again, apart from the training.

- No patient who was fitted on, or calibrated on, is measured on. The run wrote down whom its heads were given; the
  split is drawn again and compared with that.
- The model sees no finding that rare patients alone have.
- The certificates follow from the calibration patients, by the exported graph.
"""

from collections.abc import Iterator, Mapping

from raretriage.bucket import DataCheck, TrainingRecord
from raretriage.domain import Certificate, InputTier, Refusal
from raretriage.features import fit_vocabulary
from raretriage.training.calibration import certify
from raretriage.training.config import TrainingConfig
from raretriage.training.errors import LeakedPatient
from raretriage.training.inputs import reached_tiers
from raretriage.training.remeasure import Drawn, ScoreRows
from raretriage.training.splits import is_split_of, patients_sha256, require_disjoint

NO_LEAK, SHARED_WORDS = "no leaked patient", "no rare-only finding in the vocabulary"
FIT_CHECKS = frozenset({NO_LEAK, SHARED_WORDS})
"""What stays true of a model whatever is promised for it later."""
THRESHOLD_TOLERANCE = 0.02
"""Relative. The graph rounds to float32, which may move a patient over a step of the grid, the steps being 2.6 %."""


def check_run(
    drawn: Drawn,
    record: TrainingRecord,
    certificates: Mapping[InputTier, Certificate | Refusal],
    *,
    score: ScoreRows,
    config: TrainingConfig,
) -> tuple[DataCheck, ...]:
    """All checks.

    Args:
        drawn: the encounters, split again.
        record: what the run wrote down.
        certificates: what the run promises.
        score: the exported graph.
    """
    return (
        *check_fit(drawn, record),
        _calibrated(drawn, record),
        *_certificates(drawn, certificates, score, config),
    )


def check_fit(drawn: Drawn, record: TrainingRecord) -> tuple[DataCheck, ...]:
    """What can still be checked of a run whose promises rest on other patients than its own."""
    return _leaks(drawn, record), _vocabulary(drawn)


def _leaks(drawn: Drawn, record: TrainingRecord) -> DataCheck:
    split, patient = drawn.split, drawn.rows.patient_id
    found = "each patient in one part"
    try:
        require_disjoint(patient, fit=split.fit, calibration=split.calibration, test=split.test)
    except LeakedPatient as leak:
        found = str(leak)
    is_same = is_split_of(drawn.rows, split, record)
    return DataCheck(
        name=NO_LEAK,
        passed=is_same and found == "each patient in one part",
        found=found if is_same else "the heads were fitted on other patients than the split's",
        limit="fitted on the fit patients and nobody else",
    )


def _calibrated(drawn: Drawn, record: TrainingRecord) -> DataCheck:
    is_same = patients_sha256(drawn.rows.patient_id[drawn.split.calibration]) == record.calibration_patients_sha256
    return DataCheck(
        name="calibrated on calibration patients",
        passed=is_same,
        found="the split's calibration patients" if is_same else "other patients than the split's",
        limit="patients of no fit",
    )


def _vocabulary(drawn: Drawn) -> DataCheck:
    fit = drawn.fit
    shared = fit_vocabulary(fit.columns, patient_id=fit.patient_id, is_rare=fit.is_rare)
    own = sorted(set(drawn.encoder.contract.vocabulary) - set(shared))
    return DataCheck(
        name=SHARED_WORDS,
        passed=not own,
        found=f"{len(own)} of {len(drawn.encoder.contract.vocabulary)}" + (f", e.g. {own[0]}" if own else ""),
        limit="0",
    )


def _certificates(
    drawn: Drawn,
    certificates: Mapping[InputTier, Certificate | Refusal],
    score: ScoreRows,
    config: TrainingConfig,
) -> Iterator[DataCheck]:
    calibration = drawn.calibration
    reaches = reached_tiers(calibration.columns)
    for tier, given in certificates.items():
        again = certify(drawn.answers(calibration, tier, score), reaches[tier], tier, config)
        yield DataCheck(
            name=f"certificate of {tier.value} follows from its patients",
            passed=_same(given, again),
            found=_said(given),
            limit=_said(again),
        )


def _same(one: Certificate | Refusal, other: Certificate | Refusal) -> bool:
    if isinstance(one, Certificate) and isinstance(other, Certificate):
        return abs(one.threshold - other.threshold) <= THRESHOLD_TOLERANCE * other.threshold
    return type(one) is type(other)


def _said(promise: Certificate | Refusal) -> str:
    return f"threshold {promise.threshold:.4g}" if isinstance(promise, Certificate) else "none"
