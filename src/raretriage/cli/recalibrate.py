"""`raretriage recalibrate`: promises for an existing model on a hospital's own labelled patients."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raretriage.bucket import KNOWLEDGE_FILE, MODEL_FILE
from raretriage.cli.console import out, progress, table, write_json
from raretriage.cli.exits import PromiseBroken
from raretriage.cli.options import JsonFile, LakeVersion
from raretriage.cli.workspace import Workspace, git_commit
from raretriage.domain import Basis, InputTier, Refusal
from raretriage.knowledge import load_knowledge
from raretriage.release import LATEST, Run, read_run, register
from raretriage.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from raretriage.training.recalibrate import Recalibration


def recalibrate_run(
    work: Workspace, run: Run, *, basis: Basis, lake_version: int, folder: Path | None, are_others: bool
) -> Run:
    """Certify a run on patients of a lake version, write the new run and register it as candidate."""
    from raretriage.release.onnx import run_graph
    from raretriage.release.recalibration import write_recalibrated
    from raretriage.training.recalibrate import fitted_patients, recalibrate

    manifest = run.manifest
    left_out = fitted_patients(
        _trained_from(work, run),
        manifest.training,
        fitted_on_simulated=manifest.data.simulated,
        basis=basis,
        are_others=are_others,
    )
    with work.audited("read for recalibration", f"lake:encounters@{lake_version}"):
        encounters = work.lake.read("encounters", lake_version)
    with progress("certificates and state sets") as tick:
        made = recalibrate(
            encounters,
            left_out=left_out,
            contract=manifest.features,
            ontology=load_knowledge(run.read(KNOWLEDGE_FILE)),
            score=partial(run_graph, run.read(MODEL_FILE)),
            record=manifest.training,
            state_coverage=manifest.state_sets.coverage,
            basis=basis,
        )
        tick(1)
    now = datetime.now(UTC)
    new = write_recalibrated(
        run,
        folder or work.settings.runs_dir / f"recalibrated-{now:%Y%m%d-%H%M%S}",
        made,
        basis=basis,
        lake_version=lake_version,
        are_others=are_others,
        now=now,
    )
    _track(work, run, new, made, basis=basis, lake_version=lake_version)
    return new


def recalibrate_command(
    folder: Annotated[Path | None, typer.Option("--run", help="The run's folder; default: the latest.")] = None,
    lake_version: LakeVersion = None,
    basis: Annotated[Basis, typer.Option(help="Whose patients the lake version holds.")] = Basis.LOCAL,
    are_others: Annotated[
        bool,
        typer.Option("--other-patients", help="You know that none of these patients was fitted on; the card says so."),
    ] = False,
    target: Annotated[Path | None, typer.Option("--out", help="The new run's folder.")] = None,
    json_file: JsonFile = None,
) -> None:
    """Certify a run on your own labelled patients; exit code 4 where the findings tier cannot be certified."""
    work = Workspace(Settings())
    run = read_run(folder or work.settings.runs_dir / LATEST)
    version = work.lake.version() if lake_version is None else lake_version
    new = recalibrate_run(work, run, basis=basis, lake_version=version, folder=target, are_others=are_others)
    _show(run, new)
    write_json(
        json_file,
        {
            "from": run.manifest.version,
            "version": new.manifest.version,
            "folder": str(new.folder),
            "lake_version": version,
            "old": _certificates(run),
            "new": _certificates(new),
        },
    )
    refused = new.manifest.certificates[InputTier.FINDINGS]
    if isinstance(refused, Refusal):
        raise PromiseBroken(
            f"the findings tier cannot be certified on these patients: {refused.reason}. The run is written, and "
            "assesses nobody for rare diseases with findings"
        )


def _trained_from(work: Workspace, run: Run) -> "pa.Table | None":
    """What this lake holds under the version that the run was trained from; whether it is that is checked by hash."""
    from raretriage.lake import NoSuchTable, NoSuchVersion

    version = run.manifest.data.lake_version
    try:
        with work.audited("read for recalibration", f"lake:encounters@{version}"):
            return work.lake.read("encounters", version)
    except (NoSuchTable, NoSuchVersion):
        return None


def _track(work: Workspace, old: Run, new: Run, made: "Recalibration", *, basis: Basis, lake_version: int) -> None:
    """Write it down in MLflow, where `publish` looks a version up."""
    from raretriage.training import MlflowTracker, RunRecord

    settings = work.settings
    if settings.mlflow_tracking_uri.startswith("sqlite:///"):
        Path(settings.mlflow_tracking_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    record = RunRecord(
        name=f"recalibration of {old.manifest.version}",
        params={"basis": basis.value, "lake_version": str(lake_version), "patients": str(made.patients)},
        tags={"role": "recalibration", "of": old.manifest.version, "git_commit": git_commit()},
        files=made.plots,
    )
    run_id = MlflowTracker(settings.mlflow_tracking_uri, settings.mlflow_artifact_root).record(record)
    register(new, tracking_uri=settings.mlflow_tracking_uri, run_id=run_id)


def _show(old: Run, new: Run) -> None:
    from raretriage.release.recalibration import promise_text

    out.print(f"[bold]{new.manifest.name} {new.manifest.version}[/bold]: the graph of {old.manifest.version}")
    table(
        "Promise for rare",
        ("tier", "until now", "from now on"),
        [
            (tier, promise_text(old.manifest.certificates[tier]), promise_text(new.manifest.certificates[tier]))
            for tier in InputTier
        ],
    )
    out.print(f"run: {new.folder}   next: raretriage publish --run {new.folder}")


def _certificates(run: Run) -> dict[str, object]:
    return {tier.value: promise.model_dump(mode="json") for tier, promise in run.manifest.certificates.items()}
