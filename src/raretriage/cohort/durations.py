"""How long has the complaint of an annotated disease lasted at the visit? As long as that of common ones like it.

Annotations hold no duration of a complaint, so the rare would need numbers of their own, and those numbers would tell
them from the common. They are given the pooled distribution of the common diseases with the same state and course
(with the same state where fewer than three have both): whatever a duration says about a patient, it says it of the
disease's kind and never of its rarity.
"""

from collections.abc import Sequence
from math import log10, sqrt

from raretriage.cohort.profiles import Course, Profile
from raretriage.domain import State

Z90 = 1.2815515594
"""Standard normal 90th percentile."""
_ENOUGH = 3


def pooled_durations(common: Sequence[Profile]) -> dict[tuple[State, Course], tuple[float, float]]:
    """10th and 90th percentile in days for each state and course of the ill.

    A mixture of log-normals by the diseases' weights, as the one log-normal with its mean and variance.
    """
    pooled: dict[tuple[State, Course], tuple[float, float]] = {}
    for state in (State.MILD, State.ACUTE, State.CHRONIC):
        of_state = [profile for profile in common if profile.state is state]
        for course in Course:
            alike = [profile for profile in of_state if profile.course is course]
            pooled[state, course] = _pooled(alike if len(alike) >= _ENOUGH else of_state)
    return pooled


def _pooled(profiles: Sequence[Profile]) -> tuple[float, float]:
    total = sum(profile.weight for profile in profiles)
    parts = [(profile.weight / total, *_log_normal(*profile.duration)) for profile in profiles]
    centre = sum(share * mean for share, mean, _sd in parts)
    spread = sqrt(sum(share * (sd**2 + (mean - centre) ** 2) for share, mean, sd in parts))
    return 10 ** (centre - Z90 * spread), 10 ** (centre + Z90 * spread)


def _log_normal(low: float, high: float) -> tuple[float, float]:
    return (log10(low) + log10(high)) / 2, (log10(high) - log10(low)) / (2 * Z90)
