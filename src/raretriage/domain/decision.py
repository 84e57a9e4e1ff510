"""From probabilities to what is said: the table of the design, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from raretriage.domain.certificate import Certificate
from raretriage.domain.red_flags import Alarm, RedFlag, flags_of
from raretriage.domain.state import STATES, STATUS_LABELS, UNSURE_LABEL, RareFlag, State
from raretriage.domain.tiers import InputTier


class UnsureReason(StrEnum):
    """Why the answer is NO SEGURO, in the order in which it is looked for."""

    OUTSIDE_TRAINING = "outside_training"
    UNLIKE_CALIBRATION = "unlike_calibration"
    SEVERAL_STATES = "several_states"
    HEALTHY_BUT_RARE = "healthy_but_rare"


@dataclass(frozen=True, slots=True)
class Decision:
    """The state and the rarity as two things, with what they rest on."""

    state: State | None
    """The state, or None when unsure; then `unsure` says why."""
    unsure: tuple[UnsureReason, ...]
    states: tuple[State, ...]
    """The states that cannot be excluded, in the order of `State`."""
    rare: RareFlag
    review: bool
    """A specialist (rare) or a clinician (unsure) must look before anything else is concluded."""
    tier: InputTier
    certificate: Certificate | None
    """The promise behind `rare`; None means that none applies."""
    alarms: tuple[Alarm, ...] = ()
    """The rules that make this visit urgent, whatever the rest says."""
    outside: tuple[str, ...] = ()
    """Fields outside what the model was trained on."""
    few_findings: bool = False
    """Too few findings are observed for a promise to hold: a rare disease is not ruled out."""

    @property
    def red_flags(self) -> tuple[RedFlag, ...]:
        """What the alarms say, each sign once."""
        return flags_of(self.alarms)

    @property
    def status(self) -> str:
        """The wire word: one of the four labels, or NO SEGURO."""
        return UNSURE_LABEL if self.state is None else STATUS_LABELS[self.state]


def decide(
    states: Iterable[State],
    rare: RareFlag,
    *,
    tier: InputTier,
    certificate: Certificate | None = None,
    alarms: tuple[Alarm, ...] = (),
    outside: tuple[str, ...] = (),
    few_findings: bool = False,
) -> Decision:
    """Join the set of possible states with the rare flag.

    Args:
        states: states that cannot be excluded; empty means unlike anything in the calibration data.
        rare: flag at the certified threshold, or not assessed where nothing is certified.
        outside: input fields outside the training range; any of them makes the state unsure.
        few_findings: too few are observed to rule a rare disease out; the state is not touched by it.
    """
    given = frozenset(states)
    possible = tuple(state for state in STATES if state in given)
    reasons: list[UnsureReason] = []
    if outside:
        reasons.append(UnsureReason.OUTSIDE_TRAINING)
    if not possible:
        reasons.append(UnsureReason.UNLIKE_CALIBRATION)
    if len(possible) > 1:
        reasons.append(UnsureReason.SEVERAL_STATES)
    if possible == (State.HEALTHY,) and rare is RareFlag.YES:
        reasons.append(UnsureReason.HEALTHY_BUT_RARE)
    return Decision(
        state=None if reasons else possible[0],
        unsure=tuple(reasons),
        states=possible,
        rare=rare,
        review=bool(reasons) or rare is RareFlag.YES,
        tier=tier,
        certificate=certificate,
        alarms=alarms,
        outside=outside,
        few_findings=few_findings,
    )
