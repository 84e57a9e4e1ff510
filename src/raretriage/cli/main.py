"""The `raretriage` command: its sub-commands, and the border where errors become exit codes."""

import logging
import sys
from typing import Annotated

import typer
from rich.markup import escape

from raretriage import __version__
from raretriage.cli import cohort, differential, knowledge, lake, privacy
from raretriage.cli import log as prediction_log
from raretriage.cli.benchmark import benchmark_command
from raretriage.cli.console import err, out
from raretriage.cli.demo import demo_command
from raretriage.cli.evaluate import evaluate_command
from raretriage.cli.exits import Exit, exit_code
from raretriage.cli.ingest import ingest_command
from raretriage.cli.predict import predict_command
from raretriage.cli.publish import publish_command
from raretriage.cli.recalibrate import recalibrate_command
from raretriage.cli.serve import serve_command
from raretriage.cli.study import study_command
from raretriage.cli.train import train_command
from raretriage.cli.training_cost import training_cost_command

log = logging.getLogger(__name__)

app = typer.Typer(
    name="raretriage",
    help="Clinical triage that does not miss rare diseases: triage, not diagnosis.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done, 1 unforeseen fault, 2 wrong use, 3 input that cannot be used, 4 a promise would not "
    "hold, 5 a back end cannot be reached, 130 interrupted.",
)
app.command("ingest", epilog="Example: raretriage ingest var/export --json ingest.json")(ingest_command)
app.command("train", epilog="Example: raretriage train --basis simulated --json figures.json")(train_command)
app.command("evaluate", epilog="Example: raretriage evaluate --run var/runs/latest --json figures.json")(
    evaluate_command
)
app.command("recalibrate", epilog="Example: raretriage recalibrate --run var/runs/latest --basis local")(
    recalibrate_command
)
app.command("publish", epilog="Example: raretriage publish --run var/runs/latest --env dev")(publish_command)
app.command("study", epilog="Example: raretriage study --trials 0 --json study.json")(study_command)
app.command("benchmark", epilog="Example: raretriage benchmark cases.ndjson.gz --json figures.json --plot curves.png")(
    benchmark_command
)
app.command("training-cost", epilog="Example: raretriage training-cost --encounters 0 --json cost.json")(
    training_cost_command
)
app.command("serve", epilog="Example: raretriage serve --port 8000")(serve_command)
app.command("predict", epilog='Example: echo \'{"fever":2.5,"pain":3,"days":3}\' | raretriage predict -')(
    predict_command
)
app.command("demo", epilog="Example: raretriage demo --patients 4000 --no-serve")(demo_command)
app.add_typer(cohort.app, name="cohort")
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(differential.app, name="differential")
app.add_typer(lake.lake_app, name="lake")
app.add_typer(lake.warehouse_app, name="warehouse")
app.add_typer(prediction_log.app, name="log")
app.add_typer(privacy.app, name="privacy")


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        out.print(f"raretriage {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what each stage logs.")] = False,
    version: Annotated[  # noqa: ARG001 - the callback answers
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(levelname)s %(name)s %(message)s")


def main() -> None:
    """Entry point of the `raretriage` command."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; returns its exit code."""
    try:
        app(arguments, prog_name="raretriage")
    except SystemExit as ended:  # typer's own way to say done, wrong use or interrupted
        return ended.code if isinstance(ended.code, int) else Exit.DONE
    except Exception as error:
        code = exit_code(error)
        if code is None:
            log.exception("cli.fault")
            err.print("[red]unforeseen fault[/red]: see the traceback above, and please report it")
            return Exit.FAULT
        err.print(f"[red]{type(error).__name__}[/red]: {escape(str(error))}")
        return code
    return Exit.DONE
