"""`raretriage evaluate`: the exported graph itself, measured on the lake's temporal test."""

from pathlib import Path
from typing import Annotated

import typer

from raretriage.cli.console import out, write_json
from raretriage.cli.figures import certificate_table, metric_table
from raretriage.cli.options import JsonFile
from raretriage.cli.workspace import Workspace
from raretriage.release import read_run
from raretriage.settings import Settings


def evaluate_command(
    folder: Annotated[Path | None, typer.Option("--run", help="The run's folder; default: the latest.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Measure a run's ONNX graph again on the newest quarters of the lake version it was trained from."""
    from raretriage.release.evaluate import evaluate_graph

    work = Workspace(Settings())
    run = read_run(folder or work.settings.runs_dir / "latest")
    version = run.manifest.data.lake_version
    with work.audited("read for evaluation", f"lake:encounters@{version}"):
        encounters = work.lake.read("encounters", version)
    metrics = evaluate_graph(run, encounters, work.knowledge)
    who = "SIMULATED" if run.manifest.data.simulated else "local"
    out.print(f"[bold]{run.manifest.name} {run.manifest.version}[/bold], the exported graph")
    metric_table(f"Figures on {who} patients (95 % bootstrap interval, clustered by patient)", metrics)
    certificate_table(run.manifest)
    write_json(
        json_file,
        {
            "version": run.manifest.version,
            "simulated": run.manifest.data.simulated,
            "lake_version": version,
            "metrics": [metric.model_dump(mode="json") for metric in metrics],
        },
    )
