"""`raretriage log`: the prediction log, proved unchanged."""

from typing import Annotated

import typer

from raretriage.cli.console import out, write_json
from raretriage.cli.exits import InputError
from raretriage.cli.options import JsonFile
from raretriage.settings import Settings

app = typer.Typer(help="The prediction log, hash-chained and durable before each answer.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `verify` a sub-command while it is the only one."""


@app.command(epilog="Example: raretriage log verify --env dev")
def verify(
    env: Annotated[str | None, typer.Option(help="dev or prod; default: MODEL_ENV.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Prove that every line of the local log is unchanged and follows from the one before, over all its days."""
    from raretriage.serving import log_files, verify_folder

    settings = Settings()
    chosen = env or settings.model_env
    files = log_files(settings.log_dir, chosen)
    if not files:
        raise InputError(
            f"no prediction log of {chosen!r} in {settings.log_dir}: has the service run with this LOG_DIR?"
        )
    found = verify_folder(settings.log_dir, chosen)
    names = ", ".join(path.name for path in files)
    out.print(f"{found.lines} lines in {names}: the chain holds; {found.erased} erased; last hash {found.head.hash}")
    write_json(
        json_file,
        {"environment": chosen, "lines": found.lines, "erased": found.erased, "hash": found.head.hash},
    )
