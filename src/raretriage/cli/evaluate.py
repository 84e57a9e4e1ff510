"""`raretriage evaluate`: the exported graph itself, measured on the lake's temporal test, and the gate."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raretriage.cli.cases import measure_cases
from raretriage.cli.console import out, progress, write_json
from raretriage.cli.exits import PromiseBroken
from raretriage.cli.figures import certificate_table, gate_json, gate_table, group_tables, metric_table
from raretriage.cli.options import JsonFile
from raretriage.cli.publish import environment
from raretriage.cli.workspace import Workspace
from raretriage.release import LATEST, Evidence, Gate, Run, judge, read_run, served_manifest
from raretriage.settings import Settings

if TYPE_CHECKING:
    from raretriage.release.evaluate import Evaluation


def evaluate_command(
    folder: Annotated[Path | None, typer.Option("--run", help="The run's folder; default: the latest.")] = None,
    env: Annotated[str | None, typer.Option(help="Whose gate decides the exit code; default: MODEL_ENV.")] = None,
    cases: Annotated[
        list[Path] | None,
        typer.Option(help="Real cases: a file or folder of phenopackets, NHANES or DDXPlus. May be repeated."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Measure a run's ONNX graph again on the newest quarters of its lake version, and judge it by the gate.

    Exit code 4 when the gate of the environment is red.

    With --cases it is also asked about real people: published rare cases by the number of findings told, beside false
    alerts on people who are not rare. They are never pooled with the lake's patients, and the gate does not use them.

    Examples: raretriage evaluate --env prod --json figures.json

              raretriage evaluate --cases phenopackets.ndjson.gz --cases nhanes.csv --cases ddxplus/
    """
    work = Workspace(Settings())
    judged_for = environment(env or work.settings.model_env)
    run = read_run(folder or work.settings.runs_dir / LATEST)
    found = _evaluated(work, run)
    serving = served_manifest(work.bucket, judged_for, besides=run.manifest.version)
    gate = judge(Evidence(run.manifest, found.metrics, found.groups, found.checks, serving))
    _show(run, found, gate)
    asked = measure_cases(work, run, cases) if cases else None
    write_json(
        json_file,
        {
            "version": run.manifest.version,
            "simulated": run.manifest.data.simulated,
            "lake_version": run.manifest.data.lake_version,
            "metrics": [metric.model_dump(mode="json") for metric in found.metrics],
            "groups": [promise.model_dump(mode="json") for promise in found.groups],
            "gate": gate_json(gate),
            "cases": asked,
        },
    )
    if failures := gate.failures(judged_for):
        raise PromiseBroken(f"the gate of {judged_for} is red: {', '.join(row.name for row in failures)}")


def _evaluated(work: Workspace, run: Run) -> "Evaluation":
    from raretriage.release.evaluate import Evaluation, evaluate_graph
    from raretriage.validity.lake_checks import check_lake

    version = run.manifest.data.lake_version
    with work.audited("read for evaluation", f"lake:encounters@{version}"):
        encounters = work.lake.read("encounters", version)
    with progress("evaluating the graph", 2) as tick:
        found = evaluate_graph(run, encounters, work.knowledge)
        tick(1)
        cheats = check_lake(encounters, seed=run.manifest.training.seed)
        tick(1)
    return Evaluation(found.metrics, found.groups, (*found.checks, *cheats))


def _show(run: Run, found: "Evaluation", gate: Gate) -> None:
    who = "SIMULATED" if run.manifest.data.simulated else "local"
    out.print(f"[bold]{run.manifest.name} {run.manifest.version}[/bold], the exported graph")
    metric_table(f"Figures on {who} patients (95 % bootstrap interval, clustered by patient)", found.metrics)
    group_tables(f"Groups of {who} patients, temporal split, findings tier", found.metrics, found.groups)
    certificate_table(run.manifest)
    gate_table(gate)
