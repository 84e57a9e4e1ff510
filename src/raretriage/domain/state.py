"""The clinical state, and the words that today's clients know for it."""

from enum import StrEnum


class State(StrEnum):
    """How ill the patient is. The order is the order of the model's probabilities."""

    HEALTHY = "healthy"
    MILD = "mild"
    ACUTE = "acute"
    CHRONIC = "chronic"


STATES = tuple(State)
"""In that order. Going through an enumeration takes ten times as long as through a tuple."""


class RareFlag(StrEnum):
    """Whether a rare disease must be considered; a second question, apart from the state."""

    NOT_ASSESSED = "not_assessed"
    NO = "no"
    YES = "yes"


# The wire words of `status`; existing clients compare them literally.
STATUS_LABELS: dict[State, str] = {
    State.HEALTHY: "NO ENFERMO",
    State.MILD: "ENFERMEDAD LEVE",
    State.ACUTE: "ENFERMEDAD AGUDA",
    State.CHRONIC: "ENFERMEDAD CRÓNICA",
}
UNSURE_LABEL = "NO SEGURO"
RARE_LABEL = "ENFERMEDAD HUÉRFANA"
