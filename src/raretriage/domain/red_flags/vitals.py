"""Single measurements outside the limit of their age: `vitals.csv`."""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from raretriage.domain.encounter import Pregnancy, Presentation
from raretriage.domain.red_flags.flags import Alarm, RedFlag
from raretriage.domain.red_flags.tables import AgeBand, read_rows

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}
)
_PREGNANT = {"yes": True, "no": False, "": None}


@dataclass(frozen=True, slots=True)
class VitalRule:
    """One row: urgent when `field` compares so with `limit`, for these ages."""

    id: str
    flag: RedFlag
    field: str
    compare: str
    limit: float
    ages: AgeBand
    pregnant: bool | None
    """None: whether pregnant or not. Unknown counts as not pregnant."""
    source: str
    reason: str

    def fires(self, presentation: Presentation) -> bool:
        """Never on what was not measured."""
        value = getattr(presentation, self.field)
        return value is not None and self.applies_to(presentation) and COMPARISONS[self.compare](value, self.limit)

    def applies_to(self, presentation: Presentation) -> bool:
        """Whether this row is meant for such a patient."""
        is_pregnant = presentation.pregnant is Pregnancy.YES
        return self.ages.holds(presentation.age_years) and self.pregnant in (None, is_pregnant)


@cache
def vital_rules() -> Mapping[str, VitalRule]:
    """The rows by the rule's name in an `Alarm`, in the table's order."""
    rules = [
        VitalRule(
            id=f"vitals.{row['rule']}",
            flag=RedFlag(row["flag"]),
            field=row["field"],
            compare=row["compare"],
            limit=float(row["limit"]),
            ages=AgeBand.of(row["from_years"], row["under_years"]),
            pregnant=_PREGNANT[row["pregnant"]],
            source=row["source"],
            reason=row["reason"],
        )
        for row in read_rows("vitals.csv")
    ]
    return MappingProxyType({rule.id: rule for rule in rules})


def vital_alarms(presentation: Presentation) -> Iterator[Alarm]:
    """One alarm for each measurement outside its limit."""
    measured = {field for field in _fields() if getattr(presentation, field) is not None}
    if not measured:
        return
    for rule in vital_rules().values():
        if rule.field in measured and rule.fires(presentation):
            yield Alarm(rule.flag, rule.id, rule.source)


@cache
def _fields() -> tuple[str, ...]:
    """What the rules look at."""
    return tuple(dict.fromkeys(rule.field for rule in vital_rules().values()))
