"""An answer in words for the page: pure, one language at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from raretriage.domain import RANGES, Basis, Certificate, RareFlag, State, UnsureReason
from raretriage.serving.disease_lines import DiseaseList, disease_list_of
from raretriage.serving.errors import FieldFault
from raretriage.serving.form import CHOICES, NUMBERS, Form
from raretriage.serving.numbers import number, percent
from raretriage.serving.red_flag_lines import RedFlagLine, red_flag_lines
from raretriage.serving.texts import Texts
from raretriage.serving.why import Why, why_of
from raretriage.serving.wire import PredictResponse

_RANGE_OF = {"age": "age_years"}
"""Field of the form -> name of its range, where the two differ."""
_UNITS = {
    "a": "unit.years",
    "d": "unit.days",
    "{score}": "unit.score",
    "{count}": "unit.count",
    "Cel": "unit.celsius",
    "/min": "unit.per_minute",
    "mm[Hg]": "unit.mmhg",
    "%": "unit.percent",
}


@dataclass(frozen=True, slots=True)
class Bar:
    """One probability. `share` is 0 to 100, for the drawing; `text` is what is read."""

    label: str
    share: float
    text: str
    is_possible: bool = True
    threshold: float | None = None
    """Where alerts start, 0 to 100."""
    threshold_text: str = ""


@dataclass(frozen=True, slots=True)
class PriceRow:
    prevalence: str
    alerts: str
    per_case: str


@dataclass(frozen=True, slots=True)
class Result:
    """Everything the result panel shows, in the order of reading."""

    red_flags: tuple[RedFlagLine, ...]
    status: str
    tone: str
    """`healthy`, `mild`, `acute`, `chronic` or `unsure`: the card's colour, never its only sign."""
    explanation: tuple[str, ...]
    rare: str
    rare_tone: str
    rare_explanation: str
    states: tuple[Bar, ...]
    rare_bar: Bar | None
    why: Why | None
    """Of the rare answer."""
    diseases: DiseaseList | None
    """Rare diseases that fit."""
    promise: tuple[str, ...]
    prices: tuple[PriceRow, ...]
    tier: str
    trace: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One message and the id of the input that it is about."""

    input_id: str
    text: str


def result_of(response: PredictResponse, t: Texts) -> Result:
    """The answer in the words of one language."""
    decision = response.decision
    tone = decision.state.value if decision.state else "unsure"
    return Result(
        red_flags=red_flag_lines(decision.red_flag_rules, t),
        status=t(f"status.{tone}"),
        tone=tone,
        explanation=tuple(_state_explanation(response, t)),
        rare=t(f"rare.{decision.rare}"),
        rare_tone=decision.rare.value,
        rare_explanation=_rare_explanation(response, t),
        states=_state_bars(response, t),
        rare_bar=_rare_bar(response, t),
        why=why_of(response, t),
        diseases=disease_list_of(response.differential, t),
        promise=tuple(_promise(response, t)),
        prices=_prices(decision.certificate, t),
        tier=t(f"tier.{decision.tier}"),
        trace=tuple(_trace(response, t)),
    )


def _state_explanation(response: PredictResponse, t: Texts) -> list[str]:
    decision = response.decision
    if response.fallback:
        return [t("state.by_rules")]
    if not decision.unsure:
        return [t("state.clear")]
    states = ", ".join(t(f"state.{state}").lower() for state in decision.states)
    fields = ", ".join(t(f"field.{name}").lower() for name in decision.outside)
    places = {UnsureReason.SEVERAL_STATES: {"states": states}, UnsureReason.OUTSIDE_TRAINING: {"fields": fields}}
    return [t("unsure.lead"), *(t(f"unsure.{reason}", **places.get(reason, {})) for reason in decision.unsure)]


def _rare_explanation(response: PredictResponse, t: Texts) -> str:
    if response.advice is not None:
        return t.of(response.advice)
    return t(f"rare.{response.rare}_body")


def _state_bars(response: PredictResponse, t: Texts) -> tuple[Bar, ...]:
    if response.probabilities is None:
        return ()
    possible = set(response.decision.states)
    shares = response.probabilities.states
    return tuple(
        Bar(t(f"state.{state}"), 100 * shares[state], percent(shares[state], t), is_possible=state in possible)
        for state in State
    )


def _rare_bar(response: PredictResponse, t: Texts) -> Bar | None:
    if response.probabilities is None or response.decision.rare is RareFlag.NOT_ASSESSED:
        return None
    certificate = response.decision.certificate
    share = response.probabilities.rare
    bar = Bar(t("probabilities.rare"), 100 * share, percent(share, t))
    if certificate is None:
        return bar
    return replace(bar, threshold=100 * certificate.threshold, threshold_text=percent(certificate.threshold, t))


def _promise(response: PredictResponse, t: Texts) -> list[str]:
    certificate = response.decision.certificate
    if certificate is not None:
        key = "certificate.simulated" if certificate.basis is Basis.SIMULATED else "certificate.local"
        return [
            t(
                key,
                target=number(100 * certificate.target, t),
                confidence=number(100 * certificate.confidence, t),
                positives=certificate.positives,
            )
        ]
    if response.fallback:
        reason = "certificate.none_fallback"
    elif response.decision.outside:
        reason = "certificate.none_outside"
    elif response.decision.few_findings:
        reason = "certificate.none_few_findings"
    else:
        reason = "certificate.none_tier"
    return [t("certificate.none"), t(reason)]


def _prices(certificate: Certificate | None, t: Texts) -> tuple[PriceRow, ...]:
    return tuple(
        PriceRow(
            prevalence=t("certificate.one_in", number=number(1 / price.prevalence, t)),
            alerts=number(price.alerts_per_1000, t),
            per_case=number(
                price.number_needed_to_evaluate, t, digits=1 if price.number_needed_to_evaluate < 10 else 0
            ),
        )
        for price in (certificate.prices if certificate else ())
        if price.prevalence > 0
    )


def _trace(response: PredictResponse, t: Texts) -> list[tuple[str, str]]:
    model = response.model
    if model is None:
        lines = [(t("trace.model"), t("trace.rules"))]
    else:
        lines = [
            (t("trace.model"), f"{model.name} {model.version}"),
            (t("trace.created"), model.created.strftime("%Y-%m-%d")),
            (t("trace.environment"), model.environment),
            ("SHA-256", model.sha256[:16] + "…"),
        ]
    time = response.timestamp.strftime("%Y-%m-%d %H:%M:%S")
    return [*lines, (t("trace.id"), response.prediction_id), (t("trace.time"), time)]


def given_lines(form: Form, t: Texts) -> list[tuple[str, str]]:
    """What was told of the patient, for the printed report: name and value, in the order of the form."""
    lines = [
        (t(f"field.{name}"), f"{value} {t(_UNITS[RANGES[_RANGE_OF.get(name, name)].unit])}")
        for name in NUMBERS
        if (value := form.value(name))
    ]
    lines += [(t(f"field.{name}"), t(f"choice.{name}.{form.value(name)}")) for name in CHOICES if form.value(name)]
    for row in form.findings:
        if row.text:
            since = [t("given.since", days=row.days)] if row.days else []
            status = t(f"choice.status.{'excluded' if row.is_excluded else 'observed'}")
            lines.append((row.text, ", ".join([status.lower(), *since])))
    return lines


def error_lines(
    faults: Sequence[FieldFault], form: Form, t: Texts, near: Callable[[str], Sequence[str]] = lambda _: ()
) -> list[ErrorLine]:
    """What is wrong, in words, in the order of the form and once for each input.

    Args:
        near: gives the findings that may be meant by a text that is none.
    """
    lines = {line.input_id: line for line in (_error_line(fault, form, t, near) for fault in faults)}
    return list(lines.values())


def feedback_error_lines(faults: Sequence[FieldFault], t: Texts) -> list[str]:
    """What is missing in what was said of an answer, in words, each once."""
    keys = {"reason": "error.feedback.reason", "state": "error.feedback.state", "rare": "error.feedback.state"}
    return list(dict.fromkeys(t(keys.get(fault.field, "error.feedback")) for fault in faults))


def _error_line(fault: FieldFault, form: Form, t: Texts, near: Callable[[str], Sequence[str]]) -> ErrorLine:
    name = fault.field
    if name.startswith("findings["):
        place, _, part = name.removeprefix("findings[").partition("]")
        row = int(place) + 1
        key = {".status": "error.contradiction", ".days": "error.finding_days"}.get(part, "error.finding")
        input_id = f"finding-{row}-days" if part == ".days" else f"finding-{row}"
        names = near(form.findings[row - 1].text) if key == "error.finding" else ()
        meant = " " + t("error.finding_near", names="; ".join(names)) if names else ""
        return ErrorLine(input_id, t(key, field=t("form.finding", number=row)) + meant)
    if fault.problem == "is not above diastolic_bp":
        return ErrorLine(name, t("error.pressure"))
    if name in CHOICES:
        return ErrorLine(name, t("error.choice", field=t(f"field.{name}")))
    if (limits := hint(name, t)) is not None:
        key = "error.range" if form.value(name) else "error.missing"
        return ErrorLine(name, t(key, field=t(f"field.{name}"), range=limits))
    return ErrorLine("form", t("error.other"))


def hint(name: str, t: Texts) -> str | None:
    """The range and unit of a number field; None for another field."""
    limits = RANGES.get(_RANGE_OF.get(name, name))
    if limits is None:
        return None
    if name in {"fever", "pain"}:
        return t(f"hint.{name}")
    low, high = number(limits.low, t), number(limits.high, t)
    return t("hint.age" if name == "age" else "hint.range", low=low, high=high, unit=t(_UNITS[limits.unit]))
