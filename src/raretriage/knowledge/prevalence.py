"""How common is a disease? One figure, with what kind it is and where it was counted."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was counted. Incidence and numbers of published cases are neither, and never stand in for one."""

    POINT = "point"
    """Living people who have it, of all people."""
    BIRTH = "birth"
    """Newborns who have it, of all newborns."""


@dataclass(frozen=True, slots=True)
class Prevalence:
    """An interval of people in 100,000, both ends included; equal ends where a mean is known."""

    low_per_100000: float
    high_per_100000: float
    kind: Kind
    geography: str
    """As Orphanet writes it: `Worldwide`, `Europe`, `Japan`."""
