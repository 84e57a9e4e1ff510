"""Everything `training` can raise.

TrainingError
├── NotEnoughData      a label, a state, a date or a group that a model needs is not in the table
├── LeakedPatient      a patient is in two parts of a split; a fault of the code, never of the data
├── MayOverlap         nobody can tell whether patients to calibrate on were fitted on: a refusal
└── CertificateError
    └── CannotCertify  no promise can be made about rare patients: a refusal, not a fault
"""


class TrainingError(Exception):
    """No model can be made of these encounters."""


class NotEnoughData(TrainingError):
    """The table lacks what a model needs; the message says what, and how many were there."""


class LeakedPatient(TrainingError):
    """One patient would be both learnt from and measured on."""


class MayOverlap(TrainingError):
    """Patients to calibrate on may be some that the model was fitted on, and a promise would be worth nothing."""


class CertificateError(TrainingError):
    """About the promise on rare patients."""


class CannotCertify(CertificateError):
    """The target cannot be promised.

    `code` says why in one word that a page can translate: `too_few_positives`, `target_not_met`, `too_costly` or
    `no_negatives`. `positives` is the number of rare patients that were there.
    """

    def __init__(self, code: str, detail: str, *, positives: int) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.positives = positives
