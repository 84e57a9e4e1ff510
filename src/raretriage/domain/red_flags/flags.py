"""The urgent signs and the rules that raise them, as other rooms see them."""

from dataclasses import dataclass
from enum import StrEnum

ESTIMATE = "estimate"
"""The source of a rule that this project chose itself."""


class RedFlag(StrEnum):
    """Codes that clients may rely on, in the order in which they are shown."""

    CARDIAC_ARREST = "cardiac_arrest"
    BREATHING = "breathing"
    CYANOSIS = "cyanosis"
    SHOCK = "shock"
    ANAPHYLAXIS = "anaphylaxis"
    REDUCED_CONSCIOUSNESS = "reduced_consciousness"
    SEIZURE_NOW = "seizure_now"
    STROKE = "stroke"
    CHEST_PAIN = "chest_pain"
    SEVERE_BLEEDING = "severe_bleeding"
    SEPSIS = "sepsis"
    MENINGITIS = "meningitis"
    SEVERE_HEADACHE = "severe_headache"
    ACUTE_ABDOMEN = "acute_abdomen"
    NO_URINE = "no_urine"
    SUICIDE_RISK = "suicide_risk"
    PREGNANCY_HYPERTENSION = "pregnancy_hypertension"
    HYPERTENSIVE_EMERGENCY = "hypertensive_emergency"
    INFANT_FEVER = "infant_fever"
    NEWS2_TOTAL = "news2_total"
    LOW_SPO2 = "low_spo2"
    RESPIRATORY_RATE = "respiratory_rate"
    SYSTOLIC_BP = "systolic_bp"
    HEART_RATE = "heart_rate"
    LOW_TEMPERATURE = "low_temperature"


@dataclass(frozen=True, slots=True)
class Alarm:
    """One rule that applies to one patient."""

    flag: RedFlag
    rule: str
    """The row: `vitals.…`, `news2.total`, `findings.HP:…` or `wording.…`."""
    source: str
    """A citation, or `ESTIMATE`."""
