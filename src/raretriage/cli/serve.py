"""`raretriage serve`: the service, as `uvicorn app.app:app` starts it."""

from typing import Annotated

import typer

Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]
Host = Annotated[str, typer.Option(help="Address to listen on; loopback unless you change it.")]


def serve(host: str, port: int) -> None:
    """Serve until interrupted. One worker: the prediction log has one writer."""
    import uvicorn

    uvicorn.run("app.app:app", host=host, port=port, log_level="warning")


def serve_command(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the environment's model (MODEL_ENV, MODEL_URI) with the page, the API and the prediction log."""
    serve(host, port)
