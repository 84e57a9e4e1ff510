"""`raretriage publish`: make a trained run what an environment serves."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from raretriage.bucket import Environment, LedgerEntry
from raretriage.cli.console import out, progress, write_json
from raretriage.cli.options import DespiteGate, JsonFile
from raretriage.cli.workspace import Workspace
from raretriage.release import LATEST, Run, publish, read_run, set_alias
from raretriage.settings import Settings


def publish_run(
    work: Workspace,
    run: Run,
    env: Environment,
    *,
    why: str,
    allow_simulated: bool = False,
    despite_gate: bool = False,
) -> LedgerEntry:
    """Upload, append to the ledger, repair the copies, and point MLflow's alias there."""
    with work.audited("publish", f"bucket:{env}:{run.manifest.version}"), progress("publish") as tick:
        entry = publish(
            run,
            work.bucket,
            env,
            who=getpass.getuser(),
            why=why,
            now=datetime.now(UTC),
            allow_simulated_in_prod=allow_simulated,
            despite_gate=despite_gate,
            signing_key=work.signing_key(),
        )
        tick(1)
    set_alias(run.manifest.version, env, tracking_uri=work.settings.mlflow_tracking_uri)
    return entry


def publish_command(
    folder: Annotated[Path | None, typer.Option("--run", help="The run's folder; default: the latest.")] = None,
    env: Annotated[str | None, typer.Option(help="dev or prod; default: MODEL_ENV.")] = None,
    why: Annotated[str, typer.Option(help="The reason; kept in the ledger.")] = "published by command",
    allow_simulated: Annotated[
        bool, typer.Option("--allow-simulated", help="Let a simulated certificate into prod; the ledger records it.")
    ] = False,
    despite_gate: DespiteGate = False,
    json_file: JsonFile = None,
) -> None:
    """Publish a run to the bucket: version, ledger entry, copies, MLflow alias.

    Exit code 4 when the environment's gate is red (see it with `raretriage evaluate`); the exit code of success is 0.
    """
    work = Workspace(Settings())
    chosen = environment(env or work.settings.model_env)
    run = read_run(folder or work.settings.runs_dir / LATEST)
    entry = publish_run(work, run, chosen, why=why, allow_simulated=allow_simulated, despite_gate=despite_gate)
    out.print(f"{chosen} serves {entry.to_version} (ledger entry {entry.number}, {work.settings.model_uri})")
    write_json(json_file, entry.model_dump(mode="json"))


def environment(name: str) -> Environment:
    """The environment of this name.

    Raises:
        typer.BadParameter: there is none.
    """
    if name == "dev":
        return "dev"
    if name == "prod":
        return "prod"
    raise typer.BadParameter(f"{name!r} is no environment: dev or prod")
