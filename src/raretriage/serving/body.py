"""What a request's body may be before anybody reads it: its size and its kind. Plain ASGI."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from raretriage.serving.problems import Problem

ARROW = "application/vnd.apache.arrow.stream"
MAX_BODY_BYTES = 1_000_000
DRAIN_BYTES = 32_000_000
"""A client that is still sending does not read our answer: so much of a body that is too large is taken and dropped."""

_KINDS = {
    "/": ("application/x-www-form-urlencoded",),
    "/predict": ("application/json",),
    "/predict/batch": ("application/json", ARROW),
}
_TIMES_THE_LIMIT = {"/predict/batch": 16}


class BodyGuard:
    """Reads the whole body first, declared or streamed: 413 over the limit, 415 for another media type."""

    def __init__(self, app: ASGIApp, *, limit: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] not in {"POST", "PUT", "PATCH"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        wanted = _KINDS.get(scope["path"], ())
        limit = self._limit * _TIMES_THE_LIMIT.get(scope["path"], 1)
        body = await _read(receive, limit, is_patient="expect" not in headers)
        if body is None:
            detail = f"the body is larger than {limit} bytes; send fewer patients at a time"
            await Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail, headers={"Connection": "close"})(
                scope, receive, send
            )
            return
        if wanted and media_type(headers) not in wanted:
            detail = f"the body must be {' or '.join(wanted)}: set the Content-Type header"
            accepted = {"Accept": ", ".join(wanted)}
            await Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail, headers=accepted)(scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)


def media_type(headers: Headers) -> str:
    """Of the body, without its parameters."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


async def _read(receive: Receive, limit: int, *, is_patient: bool) -> bytes | None:
    """The body; None when it is too large."""
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size <= limit:
            pieces.append(piece)
        else:
            pieces.clear()
        is_last = not message.get("more_body", False)
        if size > limit and (is_last or not is_patient or size > DRAIN_BYTES):
            return None
        if is_last:
            return b"".join(pieces)


def _replay(body: bytes, receive: Receive) -> Receive:
    is_sent = False

    async def replayed() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
