"""Does an old answer come out again? A logged input, scored anew by the model of its hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from raretriage.domain import Presentation, State
from raretriage.serving.errors import NotReplayable
from raretriage.serving.log.chain import FALLBACK, Json
from raretriage.serving.scorer import ENGINE, Scorer
from raretriage.serving.wire import Probabilities

TOLERANCE = 1e-6
"""Of a probability, where another version of ONNX Runtime answers."""


class Outcome(StrEnum):
    BIT_EQUAL = "bit_equal"
    WITHIN_TOLERANCE = "within_tolerance"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Replayed:
    outcome: Outcome
    difference: float
    """Largest of the probabilities."""
    is_same_input: bool
    """The very same numbers went into the graph."""
    engine_then: str
    """Version of ONNX Runtime that answered; '' for a line from before it was logged."""
    engine_now: str


class _Logged(BaseModel):
    """What a triage answer's line says of its scoring; the rest is passed over."""

    input: dict[str, object]
    probabilities: Probabilities
    graph_input_sha256: str
    onnxruntime: str | None = None


def model_of(record: Mapping[str, Json]) -> tuple[str, str]:
    """Version and hash of the model that answered a line of the log.

    Raises:
        NotReplayable: no model did: the rules, or what a clinician said; or the content was erased.
    """
    content, model = record["content"], record["model"]
    if content is None:
        raise NotReplayable("its content was erased by order: there is nothing left to score")
    answered = content if isinstance(content, dict) else {}
    if not answered.get("probabilities"):
        what = "the fixed rules answered" if model == FALLBACK and "decision" in answered else "it is no triage answer"
        raise NotReplayable(f"{what}, so no model can be asked again")
    if not isinstance(model, dict):
        raise NotReplayable("it names no model")
    return str(model["version"]), str(model["sha256"])


def replay(record: Mapping[str, Json], scorer: Scorer) -> Replayed:
    """Score a line's input again.

    Args:
        record: of a triage answer by the scorer's model: see `model_of`.
    """
    logged = _Logged.model_validate(record["content"])
    told = {name: value for name, value in logged.input.items() if name in Presentation.model_fields}
    again = scorer.score([Presentation.model_validate(told)])[0]
    pairs = [(again.states[state], logged.probabilities.states[state]) for state in State]
    pairs.append((again.rare, logged.probabilities.rare))
    difference = max(abs(now - then) for now, then in pairs)
    is_same_input = logged.graph_input_sha256 == again.graph_input_sha256
    if not is_same_input or difference > TOLERANCE:
        outcome = Outcome.DIFFERS
    else:
        outcome = Outcome.WITHIN_TOLERANCE if difference else Outcome.BIT_EQUAL
    return Replayed(outcome, difference, is_same_input, logged.onnxruntime or "", ENGINE)
