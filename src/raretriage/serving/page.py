"""The clinician's page: a form that works without JavaScript, and the answer in words."""

from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus

import jinja2
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from raretriage.domain import OverrideReason, State, Verdict
from raretriage.knowledge import LONGEST_TEXT, TextTooLong
from raretriage.serving.errors import FieldFault, InvalidInput, LogUnavailable, UnknownPrediction
from raretriage.serving.form import (
    CHOICES,
    REQUIRED,
    VITAL_FIELDS,
    BadForm,
    Form,
    feedback_form,
    parse_form,
    request_of,
    row_fault,
    with_more_rows,
    with_proposed,
)
from raretriage.serving.helpful import AskedFinding, asked_findings
from raretriage.serving.model_store import ServedModel
from raretriage.serving.phenotypes import Phenotypes
from raretriage.serving.proposal import proposal_lines, proposed
from raretriage.serving.runtime import Runtime
from raretriage.serving.texts import Language, Texts, language_of
from raretriage.serving.view import error_lines, feedback_error_lines, given_lines, hint, result_of
from raretriage.serving.wire import EVERYTHING, FeedbackRequest, PredictResponse

_NUMBER_FIELDS = (*REQUIRED, "comorbidity", "age")


class Page:
    """`/`, for looking and for asking."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._templates = jinja2.Environment(
            loader=jinja2.PackageLoader("raretriage.serving"), autoescape=True, undefined=jinja2.StrictUndefined
        )
        self._templates.globals |= {
            "hint": hint,
            "verdicts": tuple(Verdict),
            "reasons": tuple(OverrideReason),
            "states": tuple(State),
        }

    def add_to(self, app: FastAPI) -> None:
        """Register the page's routes."""

        @app.get("/", response_class=HTMLResponse, include_in_schema=False)
        def show(request: Request) -> HTMLResponse:
            return self._render(Form(), Texts(_language(request, None)))

        @app.post("/", response_class=HTMLResponse, include_in_schema=False)
        async def assess(request: Request) -> HTMLResponse:
            body = await request.body()
            return await run_in_threadpool(self._assess, body, request)

        @app.post("/feedback/page", response_class=HTMLResponse, include_in_schema=False)
        async def judge(request: Request) -> HTMLResponse:
            body = await request.body()
            return await run_in_threadpool(self._judge, body, request)

    def _judge(self, body: bytes, request: Request) -> HTMLResponse:
        """Note what is said of an answer, and offer an empty form."""
        try:
            told = feedback_form(body)
        except BadForm:
            told = {}
        lang = told.pop("lang", None)
        t = Texts(_language(request, None if lang is None else str(lang)))
        refused = partial(self._render, Form(), t, said=told, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        try:
            said = self._runtime.feedback(FeedbackRequest.model_validate(told))
        except (ValidationError, UnknownPrediction) as error:
            return refused(judged=[FieldFault("", type(error).__name__, "an answer of this service", "choose one")])
        except InvalidInput as error:
            return refused(judged=error.faults)
        except LogUnavailable:
            return self._render(Form(), t, is_log_down=True, status=HTTPStatus.SERVICE_UNAVAILABLE)
        return self._render(Form(), t, noted=t("feedback.noted_body", id=said.prediction_id))

    def _assess(self, body: bytes, request: Request) -> HTMLResponse:
        try:
            form = parse_form(body)
        except BadForm:
            t = Texts(_language(request, None))
            unreadable = [FieldFault("", "cannot be read", "this page's form", "send it again")]
            return self._render(Form(), t, faults=unreadable, status=HTTPStatus.BAD_REQUEST)
        t = Texts(_language(request, form.language))
        if form.wants_more_rows:
            return self._render(with_more_rows(form), t)
        served = self._runtime.served
        if form.wants_proposals and served is not None:
            return self._propose(form, served.scorer.phenotypes, t)
        asked, faults = request_of(form, served.scorer.phenotypes.named if served else _no_finding)
        if asked is None:
            return self._refuse(form, t, faults)
        try:
            response = self._runtime.predict(asked, EVERYTHING).wait()
        except InvalidInput as error:
            return self._refuse(form, t, error.faults)
        except LogUnavailable:
            self._runtime.metrics.log_errors.inc()
            return self._render(form, t, is_log_down=True, status=HTTPStatus.SERVICE_UNAVAILABLE)
        self._runtime.metrics.count(response)
        return self._render(form, t, response=response)

    def _propose(self, form: Form, phenotypes: Phenotypes, t: Texts) -> HTMLResponse:
        """The form again with the findings of the complaint, to be confirmed."""
        try:
            found = proposed(form, phenotypes, t.language)
        except TextTooLong:
            long = FieldFault("complaint", "is too long", f"at most {LONGEST_TEXT} characters", "paste a part of it")
            return self._refuse(form, t, [long])
        filled = with_proposed(form, found.rows, days=found.days)
        return self._render(filled, t, proposal=proposal_lines(found, t))

    def _refuse(self, form: Form, t: Texts, faults: Sequence[FieldFault]) -> HTMLResponse:
        placed = [row_fault(fault, form) for fault in faults]
        return self._render(form, t, faults=placed, status=HTTPStatus.UNPROCESSABLE_ENTITY)

    def _render(
        self,
        form: Form,
        t: Texts,
        *,
        response: PredictResponse | None = None,
        faults: Sequence[FieldFault] = (),
        is_log_down: bool = False,
        said: Mapping[str, object] | None = None,
        judged: Sequence[FieldFault] = (),
        noted: str = "",
        proposal: Sequence[str] = (),
        status: HTTPStatus = HTTPStatus.OK,
    ) -> HTMLResponse:
        served = self._runtime.served
        errors = error_lines(faults, form, t, partial(_near, served, t.language))
        html = self._templates.get_template("page.html").render(
            t=t,
            other="en" if t.language == "es" else "es",
            form=form,
            number_fields=_NUMBER_FIELDS,
            vital_fields=VITAL_FIELDS,
            choices=CHOICES,
            required=REQUIRED,
            said=said or {"prediction_id": response.prediction_id if response else ""},
            feedback_errors=feedback_error_lines(judged, t),
            noted=noted,
            given=given_lines(form, t) if response else [],
            proposal=proposal,
            result=result_of(response, t) if response else None,
            asked=_asked(response, served, t),
            errors=errors,
            error_of={line.input_id: line.text for line in errors},
            is_log_down=is_log_down,
            is_fallback=served is None,
            is_simulated=served is not None and served.scorer.manifest.data.simulated,
            model=_model_line(served),
            vocabulary=_vocabulary_line(served, t),
        )
        return HTMLResponse(
            html, status_code=status, headers={"Content-Language": t.language, "Vary": "Accept-Language"}
        )


def _near(served: ServedModel | None, language: Language, text: str) -> list[str]:
    """The labels of up to three findings that may be meant."""
    if served is None:
        return []
    return [m.label for m in served.scorer.phenotypes.search(text, language=language, limit=3).matches]


def _asked(response: PredictResponse | None, served: ServedModel | None, t: Texts) -> tuple[AskedFinding, ...]:
    if response is None or served is None:
        return ()
    return asked_findings(response.decision.helpful_findings, served.scorer.knowledge, t)


def _no_finding(_: str) -> None:
    """Without a model there is no vocabulary."""


def _language(request: Request, sent: str | None) -> Language:
    return language_of(request.query_params.get("lang") or sent, request.headers.get("accept-language", ""))


def _vocabulary_line(served: ServedModel | None, t: Texts) -> str:
    if served is None:
        return ""
    knowledge = served.scorer.knowledge
    return t("foot.official_vocabulary" if knowledge.spanish else "foot.vocabulary", knowledge=knowledge.version)


def _model_line(served: ServedModel | None) -> str:
    if served is None:
        return ""
    manifest = served.scorer.manifest
    return f"{manifest.name} {manifest.version} · {manifest.created:%Y-%m-%d}"
