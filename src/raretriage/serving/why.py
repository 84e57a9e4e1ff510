"""Why the page says what it says of a rare disease: the strongest contributions on each side, in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from raretriage.domain import RareFlag
from raretriage.serving.numbers import measured, odds_factor, percent
from raretriage.serving.texts import Texts
from raretriage.serving.wire import Contribution, Explanation, PredictResponse

MOST_SHOWN = 5
"""On each side. A clinician reads the first few; the JSON answer has them all."""
SMALLEST_SHOWN = 0.05
"""In log-odds: what changes the odds by less than 5 % is no reason. Estimate."""

_UNITS: Mapping[str, str] = {
    "age": "unit.years",
    "fever": "why.of_ten",
    "pain": "why.of_ten",
    "temperature_c": "unit.celsius",
    "heart_rate": "unit.per_minute",
    "respiratory_rate": "unit.per_minute",
    "systolic_bp": "unit.mmhg",
    "diastolic_bp": "unit.mmhg",
    "spo2": "unit.percent",
    "pulse_pressure": "unit.mmhg",
}
"""What follows the number, where its name does not say it."""

_NUMBERLESS = frozenset({"fever_x_days"})
"""Products that nobody measures."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One bar. `share` is 0 to 100 of the strongest reason on the page; `text` is what is read."""

    label: str
    detail: str
    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Why:
    """The section, in the order of reading."""

    lead: str
    in_favour: tuple[Reason, ...]
    against: tuple[Reason, ...]
    rest: str


def why_of(response: PredictResponse, t: Texts) -> Why | None:
    """None where rare disease was not assessed, or the model cannot say."""
    explanation = response.explanation
    if explanation is None or response.probabilities is None or response.decision.rare is RareFlag.NOT_ASSESSED:
        return None
    shown = {
        is_for: [
            one for one in explanation.contributions if abs(one.weight) >= SMALLEST_SHOWN and (one.weight > 0) is is_for
        ][:MOST_SHOWN]
        for is_for in (True, False)
    }
    strongest = max((abs(one.weight) for side in shown.values() for one in side), default=1.0)
    base = 1 / (1 + math.exp(-explanation.base))
    return Why(
        lead=t("why.lead", base=percent(base, t), rare=percent(response.probabilities.rare, t)),
        in_favour=_reasons(shown[True], strongest, t),
        against=_reasons(shown[False], strongest, t),
        rest=t("why.rest", factor=odds_factor(_rest(explanation, [*shown[True], *shown[False]]), t)),
    )


def _rest(explanation: Explanation, shown: Sequence[Contribution]) -> float:
    """All that is not shown, so that what stands on the page multiplies up to the answer."""
    return explanation.margin - explanation.base - sum(one.weight for one in shown)


def _reasons(contributions: Sequence[Contribution], strongest: float, t: Texts) -> tuple[Reason, ...]:
    return tuple(
        Reason(_label(one, t), _detail(one, t), 100 * abs(one.weight) / strongest, odds_factor(one.weight, t))
        for one in contributions
    )


def _label(one: Contribution, t: Texts) -> str:
    if one.label is not None:
        return t.of(one.label)
    return t(f"field.{one.name}")


def _detail(one: Contribution, t: Texts) -> str:
    if one.status is not None:
        return t(f"why.{one.status}")
    if one.name in _NUMBERLESS:
        return ""
    if one.value is None:
        return t("why.unknown")
    if isinstance(one.value, str):
        return t(f"choice.{one.name}.{one.value}").lower()
    if one.name == "age" and one.value == 1:
        return f"1 {t('unit.year')}"
    unit = _UNITS.get(one.name)
    return measured(one.value, t) if unit is None else f"{measured(one.value, t)} {t(unit)}"
