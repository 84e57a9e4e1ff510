"""What a clinician says of an answer."""

from enum import StrEnum


class Verdict(StrEnum):
    """How the clinician takes the answer."""

    CONFIRMED = "confirmed"
    """It was right."""
    CORRECTED = "corrected"
    """It was wrong, and what is right is told: this becomes a label."""
    OVERRIDDEN = "overridden"
    """Another way was taken, for a reason; what is right is not known (yet)."""


class OverrideReason(StrEnum):
    """Why another way was taken. Codes and no text: a text might name the patient."""

    KNOWN_DIAGNOSIS = "known_diagnosis"
    """The patient's disease was known before."""
    OTHER_EXPLANATION = "other_explanation"
    WRONG_DATA = "wrong_data"
    """What was entered was not the patient's."""
    ALREADY_REFERRED = "already_referred"
    PATIENT_DECLINED = "patient_declined"
    OTHER = "other"
