"""`raretriage log`: the prediction log, proved unchanged."""

from pathlib import Path
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
    from raretriage.serving import GENESIS, verify_log

    settings = Settings()
    chosen = env or settings.model_env
    current = settings.log_dir / f"predicciones_{chosen}.txt"
    files = [*sorted(settings.log_dir.glob(f"predicciones_{chosen}.????-??-??.txt")), current]
    present = [path for path in files if path.is_file()]
    if not present:
        raise InputError(
            f"no prediction log of {chosen!r} in {settings.log_dir}: has the service run with this LOG_DIR?"
        )
    head, lines, erased = GENESIS, 0, 0
    for path in present:
        with path.open("rb") as log:
            found = verify_log(log, after=head)
        head, lines, erased = found.head, lines + found.lines, erased + found.erased
    out.print(f"{lines} lines in {_names(present)}: the chain holds; {erased} erased; last hash {head.hash}")
    write_json(json_file, {"environment": chosen, "lines": lines, "erased": erased, "hash": head.hash})


def _names(files: list[Path]) -> str:
    return ", ".join(path.name for path in files)
