"""The vocabulary of the project: what a patient, a finding, a state and a decision are. No I/O."""

from raretriage.domain.certificate import Basis, Certificate, Price, Refusal
from raretriage.domain.decision import Decision, UnsureReason, decide
from raretriage.domain.encounter import (
    HPO_ID_PATTERN,
    NEONATE_UNDER_YEARS,
    PERIOD_PATTERN,
    Diagnosis,
    Encounter,
    FindingStatus,
    LabelSource,
    Phenotype,
    Pregnancy,
    Presentation,
    Pseudonym,
    Sex,
    VisitType,
)
from raretriage.domain.feedback import OverrideReason, Verdict
from raretriage.domain.ranges import RANGES, VITALS, Range, fever_from_temperature
from raretriage.domain.red_flags import ESTIMATE, Alarm, RedFlag, VitalRule, alarms, red_flags, vital_rules
from raretriage.domain.state import RARE_LABEL, STATES, STATUS_LABELS, UNSURE_LABEL, RareFlag, State
from raretriage.domain.tiers import InputTier, tier_of

__all__ = [
    "ESTIMATE",
    "HPO_ID_PATTERN",
    "NEONATE_UNDER_YEARS",
    "PERIOD_PATTERN",
    "RANGES",
    "RARE_LABEL",
    "STATES",
    "STATUS_LABELS",
    "UNSURE_LABEL",
    "VITALS",
    "Alarm",
    "Basis",
    "Certificate",
    "Decision",
    "Diagnosis",
    "Encounter",
    "FindingStatus",
    "InputTier",
    "LabelSource",
    "OverrideReason",
    "Phenotype",
    "Pregnancy",
    "Presentation",
    "Price",
    "Pseudonym",
    "Range",
    "RareFlag",
    "RedFlag",
    "Refusal",
    "Sex",
    "State",
    "UnsureReason",
    "Verdict",
    "VisitType",
    "VitalRule",
    "alarms",
    "decide",
    "fever_from_temperature",
    "red_flags",
    "tier_of",
    "vital_rules",
]
