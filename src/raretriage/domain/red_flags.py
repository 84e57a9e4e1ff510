"""Findings that make a visit urgent by written rule, whatever a model says.

Adults (16 and over): a single NEWS2 parameter at 3 points, scale 1 for SpO2. Royal College of Physicians,
National Early Warning Score (NEWS) 2, London 2017: respiratory rate <= 8 or >= 25, SpO2 <= 91, systolic <= 90 or
>= 220, pulse <= 40 or >= 131, temperature <= 35.0. Children are judged on SpO2 alone until age-banded limits with
their sources are written: their pulse and breathing differ too much for the adult figures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from raretriage.domain.encounter import Presentation

ADULT_FROM_YEARS = 16
"""NEWS2 is not for children under 16 (RCP 2017)."""


class RedFlag(StrEnum):
    LOW_SPO2 = "low_spo2"
    RESPIRATORY_RATE = "respiratory_rate"
    SYSTOLIC_BP = "systolic_bp"
    HEART_RATE = "heart_rate"
    LOW_TEMPERATURE = "low_temperature"


@dataclass(frozen=True, slots=True)
class _Rule:
    flag: RedFlag
    field: str
    is_urgent: Callable[[float], bool]
    adults_only: bool


_RULES: tuple[_Rule, ...] = (
    _Rule(RedFlag.LOW_SPO2, "spo2", lambda v: v <= 91, adults_only=False),
    _Rule(RedFlag.RESPIRATORY_RATE, "respiratory_rate", lambda v: v <= 8 or v >= 25, adults_only=True),
    _Rule(RedFlag.SYSTOLIC_BP, "systolic_bp", lambda v: v <= 90 or v >= 220, adults_only=True),
    _Rule(RedFlag.HEART_RATE, "heart_rate", lambda v: v <= 40 or v >= 131, adults_only=True),
    _Rule(RedFlag.LOW_TEMPERATURE, "temperature_c", lambda v: v <= 35.0, adults_only=True),
)


def red_flags(presentation: Presentation) -> tuple[RedFlag, ...]:
    """The urgent signs of this presentation. Without an age, adult limits are used: rather one alarm too many."""
    age = presentation.age_years
    is_adult = age is None or age >= ADULT_FROM_YEARS
    return tuple(
        rule.flag
        for rule in _RULES
        if (is_adult or not rule.adults_only)
        and (value := getattr(presentation, rule.field)) is not None
        and rule.is_urgent(value)
    )
