"""One request to one answer: check, de-identify, score, decide, log, and only then answer."""

import asyncio
import re
import time
import uuid
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar

import orjson

from model.rules import predict_status
from raretriage.bucket import MODEL_FILE, Environment, Manifest
from raretriage.differential import Onset
from raretriage.domain import RARE_LABEL, Decision, Phenotype, Presentation, RareFlag, Refusal
from raretriage.knowledge import Knowledge, UnknownTerm
from raretriage.privacy import Keyring, Kind, Scrubber, deidentify_presentation, region_of
from raretriage.serving.answer import answer, answer_by_rules, urgent_signs
from raretriage.serving.chain import Head, Json, ModelRef
from raretriage.serving.errors import FieldFault, InvalidInput, NoRanking, UnknownPrediction
from raretriage.serving.feedback import feedback_faults
from raretriage.serving.helpful import findings_would_help, helpful_findings
from raretriage.serving.model_store import ModelStore, ServedModel
from raretriage.serving.predictions import PredictionLog
from raretriage.serving.scorer import ENGINE, Score
from raretriage.serving.texts import bilingual
from raretriage.serving.wire import (
    Bilingual,
    DecisionOut,
    DifferentialOut,
    DifferentialRequest,
    FeedbackOut,
    FeedbackRequest,
    Input,
    ModelOut,
    Part,
    PredictRequest,
    PredictResponse,
    Probabilities,
    RedFlagRule,
)

_IDENTIFIERS = {"patient_id": Kind.PATIENT, "encounter_id": Kind.ENCOUNTER, "site": Kind.SITE}
_IN_THE_MANIFEST = {"certificate", "refusal"}
"""What the log does not repeat in every line: the model's version and the tier tell it."""
_HINT = re.compile(r"did you mean (.+)\?$")


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
        model = _model_out(served, self.environment) if served else None
        answers: list[PredictResponse] = []
        contents: dict[str, dict[str, Json]] = {}
        judged = _assess(served, requests, presentations)
        for request, presentation, (score, decision) in zip(requests, presentations, judged, strict=True):
            prediction_id = self.new_id()
            probabilities = Probabilities(states=dict(score.states), rare=score.rare) if score else None
            asked = helpful_findings(decision, presentation, served.scorer) if served else ()
            outcome = _decision_out(decision, manifest, asked)
            explanation = served.scorer.explain(presentation) if served and Part.EXPLANATION in include else None
            differential = _differential_out(served, decision, presentation) if Part.DIFFERENTIAL in include else None
            contents[prediction_id] = {
                "input": self._logged_input(request, presentation),
                "probabilities": probabilities.model_dump(mode="json") if probabilities else None,
                "decision": {"status": decision.status, **outcome.model_dump(mode="json", exclude=_IN_THE_MANIFEST)},
                "latency_ms": round((self.monotonic() - start) * 1000, 3),
                "graph_input_sha256": score.graph_input_sha256 if score else None,
                "onnxruntime": ENGINE if score else None,
                "differential": _logged(differential),
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
                    advice=_advice(decision, manifest),
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
        model = _model_out(served, self.environment)
        content: dict[str, Json] = {
            "input": told.model_dump(mode="json", exclude_none=True),
            "differential": _logged(found),
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


def prepare(
    request: PredictRequest,
    knowledge: Knowledge | None,
    *,
    scrubber: Scrubber | None = None,
    faults: Sequence[FieldFault] = (),
) -> Presentation:
    """What is scored and logged: checked, with current HPO ids, de-identified.

    Args:
        knowledge: by which findings are resolved; without it their ids are taken as they are.
        scrubber: for the complaint; None drops it.
        faults: what the caller found wrong already, to be reported together.

    Raises:
        InvalidInput: fields that contradict each other or an unknown finding.
    """
    findings, unknown = resolve_findings(request.phenotypes, knowledge)
    found = [*contradictions(request), *faults, *unknown]
    if found:
        raise InvalidInput(found)
    return deidentify_presentation(request.presentation(findings), scrubber)


def contradictions(request: PredictRequest) -> list[FieldFault]:
    """Fields that are each in range and cannot both be true."""
    faults: list[FieldFault] = []
    systolic, diastolic = request.systolic_bp, request.diastolic_bp
    if systolic is not None and diastolic is not None and systolic <= diastolic:
        faults.append(
            FieldFault("systolic_bp", "is not above diastolic_bp", "more than diastolic_bp", "check both values")
        )
    return faults


def resolve_findings(
    phenotypes: tuple[Phenotype, ...], knowledge: Knowledge | None
) -> tuple[tuple[Phenotype, ...], list[FieldFault]]:
    """The findings with current ids, and what is wrong with them. Without knowledge, ids are taken as they are."""
    faults: list[FieldFault] = []
    resolved: list[Phenotype] = []
    first_with: dict[str, int] = {}
    for i, phenotype in enumerate(phenotypes):
        current = phenotype.hpo_id if knowledge is None else _current_id(knowledge, phenotype.hpo_id, i, faults)
        if current is None:
            continue
        other = first_with.setdefault(current, i)
        if phenotypes[other].status is not phenotype.status:
            faults.append(
                FieldFault(
                    f"phenotypes[{i}].status",
                    f"contradicts phenotypes[{other}]: one finding cannot be both observed and excluded",
                    "observed, excluded",
                    "keep one of the two",
                )
            )
        is_current = current == phenotype.hpo_id
        resolved.append(phenotype if is_current else phenotype.model_copy(update={"hpo_id": current}))
    return tuple(resolved), faults


def _current_id(knowledge: Knowledge, hpo_id: str, i: int, faults: list[FieldFault]) -> str | None:
    if (current := knowledge.find_finding(hpo_id)) is not None:
        return current
    fix = "search the term at https://hpo.jax.org and send its current id"
    try:
        knowledge.resolve(hpo_id)
        problem = "names no clinical finding (a mode of inheritance, an onset or a root term)"
    except UnknownTerm as error:
        problem = f"is not in the ontology this model knows ({knowledge.version})"
        hint = _HINT.search(str(error))
        fix = f"did you mean {hint[1]}?" if hint else fix
    faults.append(FieldFault(f"phenotypes[{i}].hpo_id", problem, "the id of a phenotypic abnormality of HPO", fix))
    return None


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


def _logged(found: DifferentialOut | None) -> Json:
    """Enough to tell which list was shown."""
    if found is None:
        return None
    return {
        "version": found.version,
        "diseases": [one.id for one in found.diseases],
        "with_prior": found.with_prior,
        "prevalence_weight": found.prevalence_weight,
    }


def _differential_out(
    served: ServedModel | None, decision: Decision, presentation: Presentation
) -> DifferentialOut | None:
    """Only where a rare disease is compatible or was not ruled out: who has none needs no list of them."""
    if served is None or served.scorer.differential is None or decision.rare is RareFlag.NO:
        return None
    return served.scorer.differential.of(presentation)


def _advice(decision: Decision, manifest: Manifest | None) -> Bilingual | None:
    """Why rare was not assessed; findings are asked for only where this model has a promise to give for them."""
    if decision.rare is not RareFlag.NOT_ASSESSED:
        return None
    if manifest is None:
        return bilingual("advice.fallback")
    if decision.outside:
        return bilingual("advice.outside")
    if decision.few_findings:
        return bilingual("advice.few_findings")
    return bilingual("advice.findings" if findings_would_help(decision, manifest) else "advice.tier")


def _model_out(served: ServedModel, environment: Environment) -> ModelOut:
    manifest = served.scorer.manifest
    return ModelOut(
        name=manifest.name,
        version=manifest.version,
        sha256=manifest.files[MODEL_FILE].sha256,
        environment=environment,
        created=manifest.created,
        simulated=manifest.data.simulated,
    )


def _decision_out(decision: Decision, manifest: Manifest | None, asked: tuple[str, ...]) -> DecisionOut:
    given = manifest.certificates.get(decision.tier) if manifest else None
    return DecisionOut(
        state=decision.state,
        unsure=decision.unsure,
        states=decision.states,
        rare=decision.rare,
        review=decision.review,
        tier=decision.tier,
        certificate=decision.certificate,
        refusal=given.reason if isinstance(given, Refusal) else None,
        red_flags=decision.red_flags,
        red_flag_rules=tuple(RedFlagRule(flag=one.flag, rule=one.rule, source=one.source) for one in decision.alarms),
        outside=tuple("age" if name == "age_years" else name for name in decision.outside),
        few_findings=decision.few_findings,
        helpful_findings=asked,
    )
