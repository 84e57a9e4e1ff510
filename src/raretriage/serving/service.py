"""One request to one answer: check, de-identify, score, decide, log, and only then answer."""

import asyncio
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

import orjson

from model.rules import predict_status
from raretriage.bucket import Environment
from raretriage.differential import Onset
from raretriage.domain import RARE_LABEL, Decision, Presentation, RareFlag
from raretriage.privacy import Keyring, Kind, Scrubber, deidentify_presentation, region_of
from raretriage.serving.answer import answer, answer_by_rules, urgent_signs
from raretriage.serving.errors import FieldFault, InvalidInput, NoRanking, UnknownPrediction
from raretriage.serving.feedback import feedback_faults
from raretriage.serving.helpful import helpful_findings
from raretriage.serving.log.chain import Head, Json, ModelRef
from raretriage.serving.log.predictions import PredictionLog
from raretriage.serving.model_store import ModelStore, ServedModel
from raretriage.serving.outcome import advice_of, decision_out, differential_out, logged_differential, model_out
from raretriage.serving.prepare import prepare, resolve_findings
from raretriage.serving.scorer import ENGINE, Score
from raretriage.serving.texts import bilingual
from raretriage.serving.wire import (
    DifferentialOut,
    DifferentialRequest,
    FeedbackOut,
    FeedbackRequest,
    Input,
    Part,
    PredictRequest,
    PredictResponse,
    Probabilities,
)

_IDENTIFIERS = {"patient_id": Kind.PATIENT, "encounter_id": Kind.ENCOUNTER, "site": Kind.SITE}
_IN_THE_MANIFEST = {"certificate", "refusal"}
"""What the log does not repeat in every line: the model's version and the tier tell it."""


Answer = TypeVar("Answer")


def _random_id() -> str:
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Pending(Generic[Answer]):
    """An answer that may not go out before its line is durable: `wait()` in a thread, or `await` it.

    Both raise:
        LogUnavailable: the line could not be written; there is no answer.
    """

    _answer: Answer
    _durable: "Future[Head]"

    def wait(self) -> Answer:
        self._durable.result()
        return self._answer

    def __await__(self) -> Generator[object, None, Answer]:
        yield from asyncio.wrap_future(self._durable).__await__()
        return self._answer


@dataclass(frozen=True, slots=True)
class TriageService:
    """Everything behind `POST /predict` and the page. Safe for several threads."""

    store: ModelStore
    log: PredictionLog
    environment: Environment
    now: Callable[[], datetime]
    keyring: Keyring | None = None
    """None: identifiers are refused."""
    scrubber: Scrubber | None = None
    """None: the complaint is dropped."""
    new_id: Callable[[], str] = field(default=_random_id)
    monotonic: Callable[[], float] = field(default=time.monotonic)

    def predict(self, request: PredictRequest, include: frozenset[Part] = frozenset()) -> Pending[PredictResponse]:
        """The answer, on its way into the log.

        Args:
            include: what takes longer than the answer itself and is computed when it is asked for.

        Raises:
            InvalidInput: fields that contradict each other, an unknown finding, an identifier without a key.
            LogUnavailable: the log is closed.
        """
        start, served = self.monotonic(), self.store.current
        (answered,), durable = self._triage(start, served, [request], [self._prepared(request, served)], include)
        return Pending(answered, durable)

    def predict_batch(self, requests: Sequence[PredictRequest]) -> Pending[tuple[PredictResponse, ...]]:
        """The answers in the order of the requests, each with a line of its own on its way into the log.

        Raises:
            InvalidInput: as `predict`; then nobody is answered. Fields are named as in `patients[3].fever`.
            LogUnavailable: the log is closed.
        """
        start, served = self.monotonic(), self.store.current
        prepared: list[Presentation] = []
        faults: list[FieldFault] = []
        for i, request in enumerate(requests):
            try:
                prepared.append(self._prepared(request, served))
            except InvalidInput as error:
                faults += [replace(fault, field=f"patients[{i}].{fault.field}") for fault in error.faults]
        if faults:
            raise InvalidInput(faults)
        return Pending(*self._triage(start, served, requests, prepared, frozenset()))

    def _prepared(self, request: PredictRequest, served: ServedModel | None) -> Presentation:
        return prepare(
            request,
            served.scorer.knowledge if served else None,
            scrubber=self.scrubber,
            faults=self._identifier_faults(request),
        )

    def _triage(
        self,
        start: float,
        served: ServedModel | None,
        requests: Sequence[PredictRequest],
        presentations: Sequence[Presentation],
        include: frozenset[Part],
    ) -> "tuple[tuple[PredictResponse, ...], Future[Head]]":
        timestamp = self.now()
        manifest = served.scorer.manifest if served else None
        model = model_out(served, self.environment) if served else None
        answers: list[PredictResponse] = []
        contents: dict[str, dict[str, Json]] = {}
        judged = _assess(served, requests, presentations)
        for request, presentation, (score, decision) in zip(requests, presentations, judged, strict=True):
            prediction_id = self.new_id()
            probabilities = Probabilities(states=dict(score.states), rare=score.rare) if score else None
            asked = helpful_findings(decision, presentation, served.scorer) if served else ()
            outcome = decision_out(decision, manifest, asked)
            explanation = served.scorer.explain(presentation) if served and Part.EXPLANATION in include else None
            differential = differential_out(served, decision, presentation) if Part.DIFFERENTIAL in include else None
            contents[prediction_id] = {
                "input": self._logged_input(request, presentation),
                "probabilities": probabilities.model_dump(mode="json") if probabilities else None,
                "decision": {"status": decision.status, **outcome.model_dump(mode="json", exclude=_IN_THE_MANIFEST)},
                "latency_ms": round((self.monotonic() - start) * 1000, 3),
                "graph_input_sha256": score.graph_input_sha256 if score else None,
                "onnxruntime": ENGINE if score else None,
                "differential": logged_differential(differential),
            }
            answers.append(
                PredictResponse(
                    status=decision.status,
                    input=Input.of(request),
                    rare=decision.rare,
                    rare_label=RARE_LABEL if decision.rare is RareFlag.YES else None,
                    probabilities=probabilities,
                    decision=outcome,
                    explanation=explanation,
                    differential=differential,
                    model=model,
                    fallback=served is None,
                    timestamp=timestamp,
                    prediction_id=prediction_id,
                    advice=advice_of(decision, manifest),
                    notice=bilingual("notice"),
                )
            )
        ref = ModelRef(model.version, model.sha256) if model else None
        return tuple(answers), self.log.submit(contents, time=timestamp, model=ref)

    def differential(self, request: DifferentialRequest) -> Pending[DifferentialOut]:
        """Rare diseases for these findings, on their way into the log as every answer on a patient is.

        Raises:
            InvalidInput: an unknown finding, or none that is observed.
            NoRanking: the served version ranks no diseases.
            LogUnavailable: the log is closed.
        """
        start = self.monotonic()
        served = self.store.current
        ranking = served.scorer.differential if served else None
        if served is None or ranking is None:
            raise NoRanking("no ranking of rare diseases is published with the served model")
        findings, faults = resolve_findings(request.phenotypes, ranking.knowledge)
        if faults:
            raise InvalidInput(faults)
        told = deidentify_presentation(Presentation(age_years=request.age, sex=request.sex, phenotypes=findings), None)
        found = ranking.of(
            told,
            onset=None if request.onset is None else Onset[request.onset.upper()],
            limit=request.limit,
            with_prior=request.with_prior,
            prevalence_weight=request.prevalence_weight,
        )
        if found is None:
            fault = FieldFault("phenotypes", "has no observed finding", "at least one observed", "add what was found")
            raise InvalidInput([fault])
        model = model_out(served, self.environment)
        content: dict[str, Json] = {
            "input": told.model_dump(mode="json", exclude_none=True),
            "differential": logged_differential(found),
            "latency_ms": round((self.monotonic() - start) * 1000, 3),
        }
        durable = self.log.submit(
            {self.new_id(): content}, time=self.now(), model=ModelRef(model.version, model.sha256)
        )
        return Pending(found, durable)

    def feedback(self, request: FeedbackRequest) -> FeedbackOut:
        """What a clinician says of an answer, durable in the same log.

        Raises:
            InvalidInput: the verdict needs something that is not told, or contradicts it.
            UnknownPrediction: there is no such answer here.
            LogUnavailable: the line could not be written.
        """
        if faults := feedback_faults(request):
            raise InvalidInput(faults)
        answered = self.log.line_of(request.prediction_id)
        answer = None if answered is None else orjson.loads(answered)
        if answer is None or "decision" not in (answer["content"] or {}):
            raise UnknownPrediction("this service's log holds no answer of this id: check it, or ask who answered")
        said = FeedbackOut(
            feedback_id=self.new_id(),
            prediction_id=request.prediction_id,
            verdict=request.verdict,
            timestamp=self.now(),
        )
        self.log.append(
            prediction_id=said.feedback_id,
            time=said.timestamp,
            model=ModelRef(**answer["model"]) if isinstance(answer["model"], dict) else None,
            content={"feedback": request.model_dump(mode="json", exclude_none=True)},
        )
        return said

    def _identifier_faults(self, request: PredictRequest) -> list[FieldFault]:
        if self.keyring is not None:
            return []
        return [
            FieldFault(
                name,
                "cannot be pseudonymised: this service has no key for pseudonyms",
                "absent",
                "leave it out, or have PSEUDONYM_KEY configured for the service",
            )
            for name in _IDENTIFIERS
            if getattr(request, name) is not None
        ]

    def _logged_input(self, request: PredictRequest, presentation: Presentation) -> dict[str, Json]:
        logged: dict[str, Json] = presentation.model_dump(mode="json", exclude_none=True)
        if self.keyring is not None:
            for name, kind in _IDENTIFIERS.items():
                raw = getattr(request, name)
                if raw is not None:
                    logged[name] = self.keyring.pseudonym(kind, raw)
                    logged["key_id"] = self.keyring.key_id
        if request.region is not None:
            region = region_of(postcode=None, admin_area=request.region, country=None)
            return logged | {"region": region} if region else logged
        return logged


def _assess(
    served: ServedModel | None, requests: Sequence[PredictRequest], presentations: Sequence[Presentation]
) -> list[tuple[Score | None, Decision]]:
    knowledge = served.scorer.knowledge if served else None
    urgent = [
        urgent_signs(presentation, knowledge, complaint=request.complaint)
        for request, presentation in zip(requests, presentations, strict=True)
    ]
    if served is None:
        return [
            (None, answer_by_rules(predict_status(_rule_input(request)), presentation, urgent=signs))
            for request, presentation, signs in zip(requests, presentations, urgent, strict=True)
        ]
    return [
        (score, answer(score, presentation, served.scorer.manifest, urgent=signs))
        for score, presentation, signs in zip(served.scorer.score(presentations), presentations, urgent, strict=True)
    ]


def _rule_input(request: PredictRequest) -> dict[str, float | None]:
    return {name: getattr(request, name) for name in ("fever", "pain", "days", "comorbidity", "age")}
