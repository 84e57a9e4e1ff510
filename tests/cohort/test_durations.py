from dataclasses import replace

import pytest

from raretriage.cohort import Profile, load_common
from raretriage.cohort.durations import pooled_durations
from raretriage.cohort.profiles import Course
from raretriage.domain import State
from raretriage.knowledge import Knowledge


@pytest.fixture(scope="module")
def some(knowledge: Knowledge) -> Profile:
    return load_common(knowledge)[0]


def like(some: Profile, state: State, course: Course, days: tuple[float, float], weight: float = 1.0) -> Profile:
    return replace(some, state=state, course=course, duration=days, weight=weight)


def three(some: Profile, days: tuple[float, float]) -> list[Profile]:
    return [like(some, state, Course.PERSISTENT, days) for state in State if state is not State.HEALTHY for _ in "123"]


def test_common_diseases_that_last_alike_give_their_own_days(some: Profile) -> None:
    pooled = pooled_durations(three(some, (10, 1000)))
    assert pooled[State.CHRONIC, Course.PERSISTENT] == pytest.approx((10, 1000))


def test_different_days_make_a_wider_interval(some: Profile) -> None:
    common = [*three(some, (10, 1000)), like(some, State.CHRONIC, Course.PERSISTENT, (1000, 2000), weight=3)]
    low, high = pooled_durations(common)[State.CHRONIC, Course.PERSISTENT]
    assert 10 < low < 100
    assert high > 2000


def test_what_few_common_diseases_share_is_taken_from_the_state(some: Profile) -> None:
    episodic = [like(some, State.ACUTE, Course.EPISODIC, (1, 2)) for _ in "12"]
    pooled = pooled_durations([*three(some, (10, 1000)), *episodic])
    assert pooled[State.ACUTE, Course.EPISODIC] == pooled[State.ACUTE, Course.PROGRESSIVE]
    enough = pooled_durations([*three(some, (10, 1000)), *episodic, episodic[0]])
    assert enough[State.ACUTE, Course.EPISODIC] == pytest.approx((1, 2))


def test_the_weight_of_a_common_disease_counts(some: Profile) -> None:
    heavy = [*three(some, (10, 1000)), like(some, State.MILD, Course.PERSISTENT, (1, 10), weight=100)]
    low, high = pooled_durations(heavy)[State.MILD, Course.PERSISTENT]
    assert low < 1.2
    assert high < 25


def test_the_lasting_overlap_with_those_that_pass(knowledge: Knowledge) -> None:
    """Days alone may not tell the states apart: the early chronic ones come within the days of the mild."""
    pooled = pooled_durations(load_common(knowledge))
    assert pooled[State.CHRONIC, Course.EPISODIC][0] < pooled[State.MILD, Course.SELF_LIMITED][1]
