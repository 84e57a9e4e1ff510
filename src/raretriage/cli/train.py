"""`raretriage train`: from a lake version to a run's folder that can be published."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raretriage.bucket import EXPLANATION_FILE, MODEL_FILE, KnowledgeRef, Manifest, Metric, TrainingRecord
from raretriage.cli.console import out, progress, write_json
from raretriage.cli.figures import figures_json, gate_table, show_figures
from raretriage.cli.options import JsonFile, LakeVersion
from raretriage.cli.workspace import Workspace, git_commit
from raretriage.domain import Basis, Certificate, InputTier
from raretriage.release import (
    Evidence,
    Run,
    build_report,
    differential_ref,
    judge,
    name_latest,
    register,
    stored,
    write_run,
)
from raretriage.settings import Settings

if TYPE_CHECKING:
    from raretriage.features import ModelInput
    from raretriage.training import EstimatorKind, TrainedModel
    from raretriage.training.evaluation import FloatArray
    from raretriage.training.remeasure import ScoreRows

_BRIDGE_SEED = 4_261_202
"""Of the bridge set's patients: not that of any cohort, so that nobody is met twice."""


def train_run(
    work: Workspace,
    folder: Path,
    *,
    basis: Basis,
    lake_version: int | None = None,
    kinds: "Sequence[EstimatorKind]" = (),
) -> Run:
    """Train on a lake version, export, check parity, and write the run's folder; register it as candidate.

    Args:
        kinds: what is compared, the simplest first; the short list of `raretriage.training` where none is named.
    """
    from raretriage.release.explanation import explanation_file
    from raretriage.release.onnx import check_parity, export_graph, run_graph
    from raretriage.training import MlflowTracker, TrainingConfig, candidates_csv, train
    from raretriage.training.checks import check_run
    from raretriage.training.remeasure import draw_again
    from raretriage.validity.lake_checks import check_lake

    settings = work.settings
    version = work.lake.version() if lake_version is None else lake_version
    config = TrainingConfig(basis=basis, lake_version=version, git_commit=git_commit())
    if kinds:
        config = replace(config, kinds=tuple(kinds))
    with work.audited("read for training", f"lake:encounters@{version}"):
        encounters = work.lake.read("encounters", version)
    _prepare_mlflow(settings)
    with progress("training", config.steps) as tick:
        trained = train(
            encounters,
            ontology=work.knowledge,
            knowledge_version=work.knowledge.version,
            config=config,
            tracker=MlflowTracker(settings.mlflow_tracking_uri, settings.mlflow_artifact_root),
            progress=tick,
        )
    with progress("ONNX export and parity") as tick:
        onnx = export_graph(trained.state, trained.rare, trained.contract)
        difference = check_parity(onnx, trained.state, trained.rare, trained.sample)
        tick(1)
    record = TrainingRecord(
        seed=config.seed,
        target=config.target,
        confidence=config.confidence,
        test_share=config.test_share,
        calibration_share=config.calibration_share,
        folds=config.folds,
        draws=config.draws,
        fit_patients_sha256=trained.fit_patients_sha256,
        calibration_patients_sha256=trained.calibration_patients_sha256,
        parity=difference,
    )
    with progress("checks: leaks, vocabulary, cheats") as tick:
        drawn = draw_again(encounters, contract=trained.contract, ontology=work.knowledge, config=config)
        checks = (
            *check_run(drawn, record, trained.certificates, score=partial(run_graph, onnx), config=config),
            *check_lake(encounters, seed=config.seed),
        )
        tick(1)
    metrics = trained.metrics
    if basis is Basis.SIMULATED:
        metrics += _on_the_bridge(work, trained, partial(run_graph, onnx))
    now = datetime.now(UTC)
    files = {MODEL_FILE: onnx, "candidates.csv": candidates_csv(trained.candidates), **trained.plots}
    if explanation := explanation_file(trained.rare, trained.contract, trained.rare_mean):
        files[EXPLANATION_FILE] = explanation
    unfinished = Manifest(
        # With the time: the same graph trained again is another version, since its card and timings differ.
        version=f"{now:%Y%m%d-%H%M%S}-{hashlib.sha256(onnx).hexdigest()[:12]}",
        created=now,
        git_commit=config.git_commit,
        estimators=trained.estimators,
        data=trained.data,
        training=record,
        knowledge=KnowledgeRef(version=work.knowledge.version, sha256=hashlib.sha256(work.knowledge_bytes).hexdigest()),
        features=trained.contract,
        certificates=trained.certificates,
        groups=trained.groups,
        state_sets=trained.state_sets,
        training_range=trained.training_range,
        helpful_findings=trained.helpful_findings,
        untrained_groups=trained.untrained_groups,
        metrics=metrics,
        checks=checks,
        files={name: stored(data) for name, data in files.items()},
    )
    differential = work.differential_files if settings.differential else None
    if differential is not None:
        unfinished = unfinished.model_copy(update={"differential": differential_ref(differential)})
    with progress("report") as tick:
        files |= build_report(
            unfinished,
            trained.counts,
            candidates=trained.candidates,
            plots=trained.plots,
            gate=judge(Evidence.of(unfinished)).rows,
            rarity_rule=work.knowledge.rarity_rule,
            parity_rows=len(trained.sample.numeric),
            finding_names={
                one.hpo_id: work.knowledge.label(one.hpo_id)
                for found in trained.helpful_findings.values()
                for one in found
            },
        ).files()
        tick(1)
    manifest = unfinished.model_copy(update={"files": {name: stored(data) for name, data in files.items()}})
    run = write_run(folder, manifest, files, work.knowledge_bytes, differential)
    if trained.run_id is not None:
        register(run, tracking_uri=settings.mlflow_tracking_uri, run_id=trained.run_id)
    return run


def _on_the_bridge(work: Workspace, trained: "TrainedModel", run_rows: "ScoreRows") -> tuple[Metric, ...]:
    """The graph on diseases described by the other class's source, which no model was trained on."""
    from raretriage.cohort import build_bridge_catalogue, build_catalogue
    from raretriage.validity import measure_bridge

    def score(rows: "ModelInput") -> "tuple[FloatArray, FloatArray]":
        states, rare = run_rows(rows)
        return rare, states

    promise = trained.certificates[InputTier.FINDINGS]
    threshold = promise.threshold if isinstance(promise, Certificate) else math.inf
    with progress("bridge set") as tick:
        found = measure_bridge(
            score,
            threshold,
            trained.contract,
            training=build_catalogue(work.knowledge),
            bridge=build_bridge_catalogue(work.knowledge),
            knowledge=work.knowledge,
            seed=_BRIDGE_SEED,
        )
        tick(1)
    # Without a threshold nobody is flagged and no error can be counted; how well the classes are told apart can.
    is_flagging = isinstance(promise, Certificate)
    return tuple(metric for metric in found.metrics() if is_flagging or metric.name.startswith("roc_auc"))


def train_command(
    lake_version: LakeVersion = None,
    basis: Annotated[
        Basis, typer.Option(help="Whose patients the lake holds; `simulated` is printed wherever a number is shown.")
    ] = Basis.SIMULATED,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="Compare only this kind of model, such as xgboost; give it again for more. Default: the short list."
        ),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="The run's folder; default: a new one, named by var/runs/latest.")
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Compare candidates, fit, certify, export to ONNX with parity, log to MLflow; writes a run's folder."""
    kinds = _kinds(kind or [])
    work = Workspace(Settings())
    target = folder or work.settings.runs_dir / f"trained-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    run = train_run(work, target, basis=basis, lake_version=lake_version, kinds=kinds)
    if folder is None:
        name_latest(run)
    show_figures(run.manifest)
    gate_table(judge(Evidence.of(run.manifest)))
    out.print(f"run: {run.folder}   next: raretriage publish --run {run.folder}")
    write_json(json_file, figures_json(run.manifest))


def _kinds(names: Sequence[str]) -> "tuple[EstimatorKind, ...]":
    """The kinds of these names, the simplest first.

    Raises:
        typer.BadParameter: there is no such kind.
    """
    if not names:
        return ()  # without the seconds that importing every kind takes
    from raretriage.training import EstimatorKind

    if unknown := sorted(set(names) - set(EstimatorKind)):
        raise typer.BadParameter(f"no kind of model: {', '.join(unknown)}; there are {', '.join(EstimatorKind)}")
    return tuple(kind for kind in EstimatorKind if kind in names)


def _prepare_mlflow(settings: Settings) -> None:
    """SQLite makes its file, but not its folder."""
    if settings.mlflow_tracking_uri.startswith("sqlite:///"):
        Path(settings.mlflow_tracking_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
