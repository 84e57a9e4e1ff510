"""The FastAPI application, with everything it needs handed in."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.staticfiles import StaticFiles

from raretriage import __version__
from raretriage.bucket import Environment
from raretriage.privacy import Keyring, Scrubber
from raretriage.serving.arrow import patients_of, stream_of
from raretriage.serving.body import ARROW, MAX_BODY_BYTES, BodyGuard, media_type
from raretriage.serving.direct import as_json, chosen, direct, validated
from raretriage.serving.errors import InvalidInput, LogUnavailable, NoRanking, UnknownPrediction
from raretriage.serving.log.durable import FileOps
from raretriage.serving.metrics import MEDIA_TYPE
from raretriage.serving.observer import Observer
from raretriage.serving.page import Page
from raretriage.serving.problems import Problem, faults_of, invalid
from raretriage.serving.runtime import Runtime
from raretriage.serving.wire import (
    BatchRequest,
    BatchResponse,
    DifferentialOut,
    DifferentialRequest,
    ExtractionOut,
    ExtractRequest,
    FeedbackOut,
    FeedbackRequest,
    Part,
    PredictRequest,
    PredictResponse,
    TermsOut,
)
from raretriage.storage import Bucket

_log = logging.getLogger(__name__)


def _utc_now() -> datetime:
    return datetime.now(UTC)


def create_app(
    bucket: Bucket,
    *,
    environment: Environment,
    log_dir: Path,
    load_keyring: Callable[[], Keyring | None] = lambda: None,
    scrubber: Scrubber | None = None,
    reload_seconds: float = 5.0,
    ship_seconds: float = 2.0,
    now: Callable[[], datetime] = _utc_now,
    file_ops: FileOps | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    trusted: Callable[[], Sequence[bytes]] = tuple,
) -> FastAPI:
    """The service of one environment. Nothing is read or written before it starts.

    Args:
        bucket: where the models come from and the log goes to.
        log_dir: where the prediction log is made durable.
        load_keyring: called once at the start; None refuses identifiers.
        scrubber: for the complaint; None drops it.
        reload_seconds, ship_seconds: pauses between looks at the ledger and between shipments of the log.
        trusted: asked at each load for the public keys, one of which must have signed the model; none: not checked.
        now, file_ops: the clock and the system calls of the log; tests put their own.

    The start fails with `LogBusy` when another process writes this log.
    """
    runtime = Runtime(
        bucket,
        environment,
        log_dir,
        load_keyring=load_keyring,
        scrubber=scrubber,
        reload_seconds=reload_seconds,
        ship_seconds=ship_seconds,
        now=now,
        file_ops=file_ops,
        trusted=trusted,
    )
    app = FastAPI(
        title="raretriage",
        version=__version__,
        summary="Triage that does not miss rare diseases. It prioritises; it does not diagnose.",
        docs_url=None,  # its page loads scripts from another host
        redoc_url=None,
        lifespan=_lifespan(runtime),
    )
    _add_routes(app, runtime)
    page = Page(runtime)
    page.add_to(app)
    app.mount("/static", StaticFiles(directory=str(files("raretriage.serving").joinpath("static"))), name="static")
    _add_error_handlers(app, runtime)
    app.add_middleware(BodyGuard, limit=max_body_bytes)
    app.add_middleware(Observer, metrics=runtime.metrics)
    return app


def _lifespan(runtime: Runtime) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await asyncio.to_thread(runtime.start)
        workers = [asyncio.create_task(work()) for work in (runtime.follow_ledger, runtime.follow_log)]
        try:
            yield
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await asyncio.to_thread(runtime.stop)

    return lifespan


def _add_routes(app: FastAPI, runtime: Runtime) -> None:
    async def predict(
        body: PredictRequest,
        include: Annotated[
            frozenset[Part], Query(description="What else to compute; repeat it for both. It takes some 10 ms each.")
        ] = frozenset(),
    ) -> PredictResponse:
        """Triage one patient. The answer is sent after its line in the prediction log is durable."""
        # What is asked for on top takes milliseconds: in a thread it keeps nobody else waiting.
        pending = await run_in_threadpool(runtime.predict, body, include) if include else runtime.predict(body)
        answer = await pending
        runtime.metrics.count(answer)
        return answer

    async def predict_batch(body: BatchRequest) -> BatchResponse:
        """Triage many patients at once, as JSON or as an Arrow IPC stream of the same fields, one row a patient.

        All are answered or, where one cannot be, none. Each answer has a line of its own in the prediction log.
        """
        answers = await (await run_in_threadpool(runtime.predict_batch, body.patients))
        for answer in answers:
            runtime.metrics.count(answer)
        return BatchResponse.model_construct(answers=answers)

    arrow = {"content": {ARROW: {"schema": {"type": "string", "format": "binary"}}}}
    refusals = _problem_responses(400, 413, 415, 422, 503)
    add_route = partial(app.router.add_api_route, methods=["POST"])
    add_route("/predict", predict, responses=refusals, route_class_override=direct(_read_patient, as_json))
    add_route(
        "/predict/batch",
        predict_batch,
        responses={200: arrow, **refusals},
        openapi_extra={"requestBody": arrow},
        route_class_override=direct(_read_batch, _write_batch),
    )

    @app.post("/differential", responses=_problem_responses(400, 413, 415, 422, 503))
    def differential(body: DifferentialRequest) -> DifferentialOut:
        """Rank rare diseases for these findings, with what each finding weighs and what to ask next."""
        return runtime.differential(body).wait()

    @app.post("/feedback", responses=_problem_responses(400, 404, 413, 415, 422, 503))
    def feedback(body: FeedbackRequest) -> FeedbackOut:
        """Confirm, correct or override an answer. A correction becomes a label; it is durable when this answers."""
        return runtime.feedback(body)

    @app.get("/phenotypes", responses=_problem_responses(422, 503))
    def phenotypes(
        q: Annotated[str, Query(max_length=200, description="Words, the beginning of one, or an HPO id.")],
        lang: Literal["es", "en"] = "es",
        limit: Annotated[int, Query(ge=1, le=50)] = 10,
    ) -> TermsOut:
        """Findings by what a clinician types, in Spanish and English, with typing errors mended."""
        return runtime.phenotypes().search(q, language=lang, limit=limit)

    @app.post("/phenotypes/extract", responses=_problem_responses(400, 413, 415, 422, 503))
    def extract(body: ExtractRequest) -> ExtractionOut:
        """Findings in a note, proposed for confirmation. The text is neither kept nor logged."""
        return runtime.phenotypes().extract(body.text, language=body.lang)

    @app.get("/health")
    def health() -> JSONResponse:
        """Alive, and what answers."""
        return JSONResponse(runtime.health())

    @app.get("/ready", responses=_problem_responses(503))
    def ready() -> Response:
        """200 when an answer can be given and logged."""
        problem = runtime.not_ready_because()
        if problem is not None:
            return Problem(HTTPStatus.SERVICE_UNAVAILABLE, problem)
        return JSONResponse({"status": "ready"})

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(runtime.metrics.text(), headers={"Content-Type": MEDIA_TYPE})


async def _read_patient(request: Request) -> dict[str, object]:
    body = validated(await request.body(), PredictRequest)
    return {"body": body, "include": chosen(request.query_params, "include", Part)}


async def _read_batch(request: Request) -> dict[str, object]:
    body = await request.body()
    if _is_arrow(request):
        patients = await run_in_threadpool(patients_of, body)
        return {"body": BatchRequest.model_construct(patients=patients)}
    return {"body": await run_in_threadpool(validated, body, BatchRequest)}


def _write_batch(request: Request, answer: BatchResponse) -> Response:
    """In the form in which it was asked."""
    return Response(stream_of(answer.answers), media_type=ARROW) if _is_arrow(request) else as_json(request, answer)


def _is_arrow(request: Request) -> bool:
    return media_type(request.headers) == ARROW


def _problem_responses(*codes: int) -> dict[int | str, dict[str, object]]:
    return {
        code: {"description": HTTPStatus(code).phrase, "content": {"application/problem+json": {}}} for code in codes
    }


def _add_error_handlers(app: FastAPI, runtime: Runtime) -> None:
    @app.exception_handler(RequestValidationError)
    async def unprocessable(_request: Request, error: RequestValidationError) -> Response:
        errors = list(error.errors())
        if any(fault["type"] == "json_invalid" for fault in errors):
            return Problem(HTTPStatus.BAD_REQUEST, "the body is not JSON: check quotes, commas and brackets")
        return invalid(faults_of(errors))

    @app.exception_handler(InvalidInput)
    async def unusable(_request: Request, error: InvalidInput) -> Response:
        return invalid(error.faults)

    @app.exception_handler(LogUnavailable)
    async def unlogged(_request: Request, error: LogUnavailable) -> Response:
        runtime.metrics.log_errors.inc()
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"no answer is sent that is not logged: {error}")

    @app.exception_handler(NoRanking)
    async def unranked(_request: Request, error: NoRanking) -> Response:
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))

    @app.exception_handler(UnknownPrediction)
    async def unanswered(_request: Request, error: UnknownPrediction) -> Response:
        return Problem(HTTPStatus.NOT_FOUND, str(error))

    @app.exception_handler(HTTPException)
    async def other(_request: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        details = {
            HTTPStatus.BAD_REQUEST: "the body cannot be read as JSON in UTF-8",
            HTTPStatus.NOT_FOUND: "there is nothing at this address; the interface is described at /openapi.json",
            HTTPStatus.METHOD_NOT_ALLOWED: "this address does not take this method; see the Allow header",
        }
        return Problem(status, details.get(status, status.phrase), headers=error.headers)

    @app.exception_handler(Exception)
    async def fault(_request: Request, error: Exception) -> Response:
        _log.error("http.fault type=%s", type(error).__name__)
        return Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "the service failed on this request; nothing was logged for it"
        )
