"""Around every request: how long it took, how it ended, and the headers that every answer has. Plain ASGI."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from raretriage.serving.metrics import ServiceMetrics

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
# An answer is about a patient: no shared computer keeps it.
_NOT_KEPT = {"Cache-Control": "no-store"}
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
_ENCODED_NOT_KEPT = [*_ENCODED, *((name.lower().encode(), value.encode()) for name, value in _NOT_KEPT.items())]


class Observer:
    """Counts, times and protects."""

    def __init__(self, app: ASGIApp, *, metrics: ServiceMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.monotonic()

        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                self._metrics.observe(scope["method"], route, message["status"], time.monotonic() - start)
                message["headers"] = [
                    *message.get("headers", ()),
                    *(_ENCODED if route == "/static" else _ENCODED_NOT_KEPT),
                ]
            await send(message)

        await self._app(scope, receive, observed)
