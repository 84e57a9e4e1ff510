"""Input tiers: how much was known when the answer was given."""

from enum import StrEnum

from raretriage.domain.encounter import Presentation
from raretriage.domain.ranges import VITALS


class InputTier(StrEnum):
    """The richest input present. Each tier is calibrated apart."""

    FINDINGS = "findings"
    VITALS = "vitals"
    BASIC = "basic"


def tier_of(presentation: Presentation) -> InputTier:
    """Any finding, else any vital sign, else the five basic fields."""
    if presentation.phenotypes:
        return InputTier.FINDINGS
    if any(getattr(presentation, vital) is not None for vital in VITALS):
        return InputTier.VITALS
    return InputTier.BASIC
