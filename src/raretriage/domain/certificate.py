"""What is promised about rare patients, for whom, and at which price."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from raretriage.domain.tiers import InputTier

Share = Annotated[float, Field(ge=0, le=1)]


class Basis(StrEnum):
    """On whose patients the promise was calibrated. A simulated basis is said wherever the number is shown."""

    SIMULATED = "simulated"
    LOCAL = "local"


class Price(BaseModel):
    """What the threshold costs where `prevalence` of the patients have a rare disease."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prevalence: Share
    alerts_per_1000: Annotated[float, Field(ge=0, le=1000)]
    number_needed_to_evaluate: Annotated[float, Field(ge=1)]
    """Flagged patients for each rare one among them (1 / positive predictive value)."""
    net_benefit: float
    """True alerts minus false ones weighted by the odds prevalence / (1 - prevalence), per patient.

    Source: Vickers & Elkin 2006, Med Decis Making 26:565, with the threshold probability at the prevalence.
    """


class Certificate(BaseModel):
    """With probability `confidence` over calibration draws, sensitivity for rare is at least `target`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: InputTier
    basis: Basis
    target: Share
    confidence: Share
    threshold: Share
    """A patient is flagged when the rare probability is at or above this."""
    positives: Annotated[int, Field(ge=1)]
    misses: Annotated[int, Field(ge=0)]
    sensitivity_lower_bound: Share
    negatives: Annotated[int, Field(ge=1)]
    specificity: Share
    prices: tuple[Price, ...]


class Refusal(BaseModel):
    """Why no promise is made in a tier: rare is `not_assessed` there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: InputTier
    basis: Basis
    reason: str
    positives: Annotated[int, Field(ge=0)]
