"""Red flags in words for the page: what the rule says, for whom, and where it comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from raretriage.domain import ESTIMATE, RANGES, VitalRule, vital_rules
from raretriage.serving.texts import Texts
from raretriage.serving.wire import RedFlagRule

_UNITS: Mapping[str, str] = MappingProxyType({"/min": "/min", "mm[Hg]": " mmHg", "%": " %", "Cel": " °C"})
_COMPARISONS = MappingProxyType(
    {"<=": "red_flags.at_most", "<": "red_flags.below", ">=": "red_flags.at_least", ">": "red_flags.above"}
)
_ADULT_FROM_YEARS = 16


@dataclass(frozen=True, slots=True)
class RedFlagLine:
    """What is read, and in small print where it comes from."""

    text: str
    source: str


def red_flag_lines(rules: Iterable[RedFlagRule], t: Texts) -> tuple[RedFlagLine, ...]:
    """One line for each thing to read: rules that say the same share it, with all their sources."""
    sources: dict[str, dict[str, None]] = {}
    for rule in rules:
        source = t("red_flags.estimate") if rule.source == ESTIMATE else rule.source
        sources.setdefault(_text(rule, t), {})[source] = None
    return tuple(RedFlagLine(text, "; ".join(found)) for text, found in sources.items())


def _text(rule: RedFlagRule, t: Texts) -> str:
    vital = vital_rules().get(rule.rule)
    if vital is None:
        return t(f"red_flag.{rule.flag}")
    text = t(_COMPARISONS[vital.compare], name=t(f"field.{vital.field}"), limit=_limit(vital, t))
    who = _who(vital, t)
    return t("red_flags.for", rule=text, who=who) if who else text


def _limit(vital: VitalRule, t: Texts) -> str:
    number = f"{vital.limit:.1f}" if vital.field == "temperature_c" else f"{vital.limit:.0f}"
    return (number.replace(".", ",") if t.language == "es" else number) + _UNITS[RANGES[vital.field].unit]


def _who(vital: VitalRule, t: Texts) -> str:
    """The ages of a child's rule and the pregnancy; an adult's rule needs no mention."""
    if vital.pregnant:
        return t("red_flags.pregnant")
    low, high = vital.ages.from_years, vital.ages.under_years
    if high is None or (low is None and high == _ADULT_FROM_YEARS):
        return ""
    if low is None:
        return t("red_flags.under", high=_age(high, t))
    return t("red_flags.band", low=_age(low, t), high=_age(high, t))


def _age(years: float, t: Texts) -> str:
    unit, count = ("month", round(12 * years)) if years < 1 else ("year", round(years))
    return t(f"red_flags.{unit}") if count == 1 else t(f"red_flags.{unit}s", count=count)
