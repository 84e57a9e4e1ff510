"""`raretriage serve`: the service, as `uvicorn app.app:app` starts it."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from raretriage.cli.exits import InputError

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Processes that answer; each loads the model.")]
Host = Annotated[str, typer.Option(help="Address to listen on; loopback unless you change it.")]


def serve(host: str, port: int, workers: int = 1) -> None:
    """Serve until interrupted. Several workers write one prediction log by turns.

    Raises:
        InputError: something else listens there already.
    """
    import uvicorn

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InputError(
                f"cannot listen on {host}:{port} ({error.strerror}): stop what runs there, or pass --port"
            ) from error
    with _shared_metrics() if workers > 1 else nullcontext():
        uvicorn.run("app.app:app", host=host, port=port, workers=workers, log_level="warning")


@contextmanager
def _shared_metrics() -> Iterator[None]:
    """A folder in which the workers add up what they count; they read its name when they start."""
    from raretriage.serving.metrics import SHARED_FOLDER

    with TemporaryDirectory(prefix="raretriage-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER]


def serve_command(host: Host = "127.0.0.1", port: Port = 8000, workers: Workers = 1) -> None:
    """Serve the environment's model (MODEL_ENV, MODEL_URI) with the page, the API and the prediction log."""
    serve(host, port, workers)
