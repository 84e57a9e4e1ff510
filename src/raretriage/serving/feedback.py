"""What clinicians said of answers, as labels for the patients that the answers were about."""

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from raretriage.domain import Verdict
from raretriage.serving.errors import FieldFault
from raretriage.serving.log.chain import Json
from raretriage.serving.wire import FeedbackRequest


@dataclass(frozen=True, slots=True)
class Label:
    """What is right for one answered patient, by the last feedback on the answer."""

    prediction_id: str
    date: str
    """UTC date of the feedback."""
    state: str | None
    rare: bool | None
    diagnosis_system: str | None
    diagnosis_code: str | None
    input: dict[str, Json]
    """De-identified, as it was answered."""


def feedback_faults(request: FeedbackRequest) -> list[FieldFault]:
    """What the verdict needs and does not have, or has and does not need."""
    told = {"state": request.state, "rare": request.rare, "diagnosis": request.diagnosis}
    given = [name for name, value in told.items() if value is not None]
    match request.verdict:
        case Verdict.CORRECTED if not given:
            return [FieldFault("state", "is missing", "state, rare or diagnosis", "say what is right")]
        case Verdict.OVERRIDDEN if request.reason is None:
            return [FieldFault("reason", "is missing", "the reason for another way", "choose one")]
        case Verdict.CONFIRMED | Verdict.OVERRIDDEN if given:
            return [
                FieldFault(name, "contradicts the verdict", "only with 'corrected'", "leave it out") for name in given
            ]
        case _:
            return []


def labels_of(lines: Iterable[bytes]) -> list[Label]:
    """The labels that the feedback in a log gives, in the order of the answers; the last word on an answer counts.

    A confirmed answer is a label of its state where it named one alone, and never of rarity: agreeing that a rare
    disease must be considered does not say that there is one. An overridden one is no label, nor is an erased one.

    Args:
        lines: of the prediction log, in their order.
    """
    answers: dict[str, dict[str, Json]] = {}
    words: dict[str, tuple[str, dict[str, Json]]] = {}
    for line in lines:
        record = orjson.loads(line)
        content = record["content"]
        if content is None:
            continue
        if isinstance(content.get("feedback"), dict):
            words[content["feedback"]["prediction_id"]] = record["time"][:10], content["feedback"]
        elif "decision" in content:
            answers[record["id"]] = content
    labels = (_label(at, answers[at], *words[at]) for at in answers if at in words)
    return [label for label in labels if label is not None]


def _label(prediction_id: str, answered: dict[str, Json], date: str, said: dict[str, Json]) -> Label | None:
    state, rare, diagnosis = said.get("state"), said.get("rare"), said.get("diagnosis") or {}
    if said["verdict"] == Verdict.CONFIRMED:
        state = _named_state(answered)
    if state is None and rare is None and not diagnosis:
        return None
    known = diagnosis if isinstance(diagnosis, dict) else {}
    told = answered["input"]
    return Label(
        prediction_id=prediction_id,
        date=date,
        state=None if state is None else str(state),
        rare=None if rare is None else bool(rare),
        diagnosis_system=None if "system" not in known else str(known["system"]),
        diagnosis_code=None if "code" not in known else str(known["code"]),
        input=told if isinstance(told, dict) else {},
    )


def _named_state(answered: dict[str, Json]) -> str | None:
    """The state that an answer gave, None where it was unsure."""
    decision = answered["decision"]
    state = decision.get("state") if isinstance(decision, dict) else None
    return None if state is None else str(state)
