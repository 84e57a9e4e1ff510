"""From single runs to medians, ratios and goals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.wrk import Load

OURS = "raretriage"


@dataclass(frozen=True, slots=True)
class Spread:
    """Of one figure over the runs."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Summary:
    """One server at one number of connections."""

    per_second: Spread
    p50_ms: Spread
    p99_ms: Spread

    @classmethod
    def of(cls, runs: Sequence[Load]) -> "Summary":
        return cls(
            per_second=Spread.of([run.per_second for run in runs]),
            p50_ms=Spread.of([run.p50_ms for run in runs]),
            p99_ms=Spread.of([run.p99_ms for run in runs]),
        )


@dataclass(frozen=True, slots=True)
class Goal:
    """What raretriage is to reach against another server, at `GOAL_CONNECTIONS`."""

    against: str
    ratio: float
    """Of requests a second, raretriage's to the other's, at least."""
    is_p99_lower: bool
    """Whether its p99 must be lower, too."""

    def says(self) -> str:
        return f">= {self.ratio:g}x {self.against}" + (" with a lower p99" if self.is_p99_lower else "")

    def is_reached(self, summaries: Mapping[str, Summary]) -> bool:
        is_p99_as_wanted = (
            not self.is_p99_lower or summaries[OURS].p99_ms.median < summaries[self.against].p99_ms.median
        )
        return ratio(summaries, self.against) >= self.ratio and is_p99_as_wanted


GOAL_CONNECTIONS = 8
GOALS = (
    Goal("mlserver", 3.0, is_p99_lower=True),
    Goal("bentoml", 6.0, is_p99_lower=True),
    Goal("constant", 0.7, is_p99_lower=False),
)


def verdicts(summaries: Mapping[str, Summary]) -> dict[str, str]:
    """Each goal whose two servers were measured, in words, and whether it is `reached` or `MISSED`."""
    asked = [goal for goal in GOALS if {OURS, goal.against} <= summaries.keys()]
    return {goal.says(): "reached" if goal.is_reached(summaries) else "MISSED" for goal in asked}


def ratio(summaries: Mapping[str, Summary], other: str) -> float:
    """Requests a second, medians: raretriage's to the other's."""
    return summaries[OURS].per_second.median / summaries[other].per_second.median
