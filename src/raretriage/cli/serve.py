"""`raretriage serve`: the service, as `uvicorn app.app:app` starts it."""

import socket
from typing import Annotated

import typer

from raretriage.cli.exits import InputError

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Host = Annotated[str, typer.Option(help="Address to listen on; loopback unless you change it.")]


def serve(host: str, port: int) -> None:
    """Serve until interrupted. One worker: the prediction log has one writer.

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
    uvicorn.run("app.app:app", host=host, port=port, log_level="warning")


def serve_command(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the environment's model (MODEL_ENV, MODEL_URI) with the page, the API and the prediction log."""
    serve(host, port)
