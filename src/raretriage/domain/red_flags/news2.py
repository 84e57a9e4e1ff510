"""The sum of small deviations: NEWS2 over what was measured, for adults who are not pregnant: `news2.csv`."""

from collections.abc import Iterator, Mapping
from functools import cache

from raretriage.domain.encounter import Pregnancy, Presentation
from raretriage.domain.red_flags.flags import Alarm, RedFlag
from raretriage.domain.red_flags.tables import AgeBand, read_rows

RULE, SOURCE = "news2.total", "RCP NEWS2 2017"
URGENT_FROM = 7
"""Emergency response (RCP 2017)."""
_ADULTS = AgeBand(from_years=16)


@cache
def _steps() -> Mapping[str, tuple[tuple[float, int], ...]]:
    steps: dict[str, list[tuple[float, int]]] = {}
    for row in read_rows("news2.csv"):
        steps.setdefault(row["field"], []).append((float(row["above"]), int(row["points"])))
    return {field: tuple(pairs) for field, pairs in steps.items()}


def news2_score(presentation: Presentation) -> int:
    """The points of what was measured. What is missing scores nothing, so this is the least that the score can be.

    >>> news2_score(Presentation(respiratory_rate=22, spo2=95, heart_rate=100))
    4
    """
    return sum(
        [points for above, points in steps if value > above][-1]
        for field, steps in _steps().items()
        if (value := getattr(presentation, field)) is not None
    )


def news2_alarms(presentation: Presentation) -> Iterator[Alarm]:
    """NEWS2 is neither for children under 16 nor for pregnancy (RCP 2017)."""
    if presentation.pregnant is Pregnancy.YES or not _ADULTS.holds(presentation.age_years):
        return
    if news2_score(presentation) >= URGENT_FROM:
        yield Alarm(RedFlag.NEWS2_TOTAL, RULE, SOURCE)
