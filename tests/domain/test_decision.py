"""The table of the design, row by row."""

import pytest

from raretriage.domain import InputTier, RareFlag, State, UnsureReason, decide

H, M, A, C = State.HEALTHY, State.MILD, State.ACUTE, State.CHRONIC


@pytest.mark.parametrize(
    ("states", "rare", "status", "state", "reasons", "review"),
    [
        ([A], RareFlag.NO, "ENFERMEDAD AGUDA", A, (), False),
        ([H], RareFlag.NO, "NO ENFERMO", H, (), False),
        ([C], RareFlag.YES, "ENFERMEDAD CRÓNICA", C, (), True),
        ([H], RareFlag.YES, "NO SEGURO", None, (UnsureReason.HEALTHY_BUT_RARE,), True),
        ([M, A], RareFlag.NO, "NO SEGURO", None, (UnsureReason.SEVERAL_STATES,), True),
        ([H, M], RareFlag.YES, "NO SEGURO", None, (UnsureReason.SEVERAL_STATES,), True),
        ([M], RareFlag.NOT_ASSESSED, "ENFERMEDAD LEVE", M, (), False),
        ([M, C], RareFlag.NOT_ASSESSED, "NO SEGURO", None, (UnsureReason.SEVERAL_STATES,), True),
        ([], RareFlag.NO, "NO SEGURO", None, (UnsureReason.UNLIKE_CALIBRATION,), True),
        ([], RareFlag.YES, "NO SEGURO", None, (UnsureReason.UNLIKE_CALIBRATION,), True),
        ([], RareFlag.NOT_ASSESSED, "NO SEGURO", None, (UnsureReason.UNLIKE_CALIBRATION,), True),
    ],
)
def test_states_and_rarity_are_joined_as_the_design_says(states, rare, status, state, reasons, review):
    decision = decide(states, rare, tier=InputTier.FINDINGS)
    assert (decision.status, decision.state, decision.unsure, decision.review) == (status, state, reasons, review)
    assert decision.rare is rare


def test_input_outside_training_makes_any_state_unsure():
    decision = decide([A], RareFlag.NO, tier=InputTier.BASIC, outside=("age_years",))
    assert decision.status == "NO SEGURO"
    assert decision.unsure == (UnsureReason.OUTSIDE_TRAINING,)
    assert decision.outside == ("age_years",)


def test_possible_states_come_in_the_order_of_severity_words():
    assert decide([C, H], RareFlag.NO, tier=InputTier.BASIC).states == (H, C)
