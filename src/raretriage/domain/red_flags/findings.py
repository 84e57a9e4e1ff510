"""Findings that are urgent when they are observed and recent: `findings.csv`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from raretriage.domain.encounter import FindingStatus, Presentation
from raretriage.domain.red_flags.flags import Alarm, RedFlag
from raretriage.domain.red_flags.tables import AgeBand, read_rows

Ancestors = Callable[[str], frozenset[str]]
"""A finding and all it is a kind of."""

FEVER, FEVER_FROM_C, FEVER_FROM_SCORE = "HP:0001945", 38.0, 4.0
"""The score is what 38 Celsius stand for in `raretriage.domain.ranges`."""


def itself(hpo_id: str) -> frozenset[str]:
    """For whoever has no ontology: a finding is only a kind of itself."""
    return frozenset({hpo_id})


def _at_least(value: float | None, limit: float) -> bool:
    return value is not None and value >= limit


CIRCUMSTANCES: Mapping[str, Callable[[Presentation], bool]] = MappingProxyType(
    {
        "fever": lambda one: _at_least(one.temperature_c, FEVER_FROM_C) or _at_least(one.fever, FEVER_FROM_SCORE),
        "pressure_180_120": lambda one: _at_least(one.systolic_bp, 180) or _at_least(one.diastolic_bp, 120),
    }
)
_FINDING_OF = {"fever": FEVER}


@dataclass(frozen=True, slots=True)
class Seen:
    """An observed finding with all it is a kind of, and how long ago it began."""

    kinds: frozenset[str]
    onset_days: float | None


@dataclass(frozen=True, slots=True)
class FindingRule:
    """One row of the table."""

    id: str
    hpo_id: str
    label: str
    but_not: frozenset[str]
    flag: RedFlag
    with_any: tuple[str, ...]
    within_days: float | None
    ages: AgeBand
    source: str
    reason: str

    def fires(self, presentation: Presentation, seen: Sequence[Seen]) -> bool:
        """Seen recently enough, at such an age, in such company."""
        return (
            self.ages.holds(presentation.age_years)
            and any(self._means(one) for one in seen)
            and (not self.with_any or any(_is_there(what, presentation, seen) for what in self.with_any))
        )

    def _means(self, one: Seen) -> bool:
        return self.hpo_id in one.kinds and not self.but_not & one.kinds and self._is_recent(one.onset_days)

    def _is_recent(self, onset_days: float | None) -> bool:
        return self.within_days is None or onset_days is None or onset_days <= self.within_days


def _is_there(what: str, presentation: Presentation, seen: Sequence[Seen]) -> bool:
    is_met = CIRCUMSTANCES.get(what)
    return (is_met is not None and is_met(presentation)) or any(
        _FINDING_OF.get(what, what) in one.kinds for one in seen
    )


@cache
def finding_rules() -> tuple[FindingRule, ...]:
    """The rows in the table's order."""
    return tuple(
        FindingRule(
            id=f"findings.{row['hpo_id']}",
            hpo_id=row["hpo_id"],
            label=row["label"],
            but_not=frozenset(row["but_not"].split()),
            flag=RedFlag(row["flag"]),
            with_any=tuple(row["with_any"].split()),
            within_days=float(row["within_days"]) if row["within_days"] else None,
            ages=AgeBand.of(row["from_years"], row["under_years"]),
            source=row["source"],
            reason=row["reason"],
        )
        for row in read_rows("findings.csv")
    )


@cache
def _urgent() -> frozenset[str]:
    """The findings that some rule is about."""
    return frozenset(rule.hpo_id for rule in finding_rules())


def finding_alarms(presentation: Presentation, ancestors: Ancestors = itself) -> Iterator[Alarm]:
    """One alarm for each urgent finding; where its own onset is unknown, the duration of the symptoms stands for it."""
    seen = [
        Seen(
            kinds=ancestors(finding.hpo_id) | {finding.hpo_id},
            onset_days=presentation.days if finding.onset_days is None else finding.onset_days,
        )
        for finding in presentation.phenotypes
        if finding.status is FindingStatus.OBSERVED
    ]
    there = frozenset().union(*(one.kinds for one in seen))
    if there.isdisjoint(_urgent()):
        return
    for rule in finding_rules():
        if rule.hpo_id in there and rule.fires(presentation, seen):
            yield Alarm(rule.flag, rule.id, rule.source)
