import numpy as np
import pytest

from raretriage.cohort.catalogue import STATES
from raretriage.cohort.labels import CRISIS_DAYS, CRISIS_SEVERITY, label
from raretriage.domain import State


def labelled(*, ill: bool = True, state: str = "chronic", rare: bool = False, severity: float = 0.2, days: float = 90):
    got_state, got_rare = label(
        np.array([ill]),
        np.array([STATES.index(State(state))]),
        np.array([rare]),
        np.array([severity]),
        np.array([days]),
    )
    return STATES[int(got_state[0])].value, bool(got_rare[0])


@pytest.mark.parametrize("state", ["mild", "acute", "chronic"])
@pytest.mark.parametrize("rare", [True, False])
def test_the_cause_of_the_visit_gives_state_and_rarity(state: str, rare: bool) -> None:
    assert labelled(state=state, rare=rare) == (state, rare)


def test_no_disease_is_healthy_and_never_rare() -> None:
    assert labelled(ill=False, state="acute", rare=True, severity=0.9, days=1) == ("healthy", False)


def test_a_rare_patient_in_crisis_is_acute_and_still_rare() -> None:
    assert labelled(rare=True, severity=0.9, days=2) == ("acute", True)


@pytest.mark.parametrize(
    ("severity", "days", "state"),
    [
        (CRISIS_SEVERITY, CRISIS_DAYS, "acute"),
        (CRISIS_SEVERITY - 0.01, CRISIS_DAYS, "chronic"),
        (CRISIS_SEVERITY, CRISIS_DAYS + 1, "chronic"),
    ],
)
def test_a_crisis_is_severe_and_recent(severity: float, days: float, state: str) -> None:
    assert labelled(severity=severity, days=days)[0] == state


def test_a_mild_disease_stays_mild_however_recent_and_severe() -> None:
    assert labelled(state="mild", severity=0.99, days=1)[0] == "mild"
