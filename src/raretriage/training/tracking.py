"""What is written down of a run, and MLflow as the place to write it."""

import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, with its children side by side."""

    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Artefacts by name: figures as PNG, tables as CSV."""
    children: tuple["RunRecord", ...] = ()


class Tracker(Protocol):
    """Where runs are written down."""

    def record(self, run: RunRecord) -> str:
        """Write the run and its children; returns the run's id."""
        ...


class MlflowTracker:
    """MLflow on any URI it knows; `sqlite:///…` needs no server. Writes only to the places given here.

    Args:
        tracking_uri: MLflow's store of runs, for example `sqlite:///var/mlflow/mlflow.db`.
        artifact_root: URI or folder for figures; used when the experiment is created for the first time.
        experiment: name of the experiment.
    """

    def __init__(self, tracking_uri: str, artifact_root: str, experiment: str = "rare-disease-triage") -> None:
        self._tracking_uri = tracking_uri
        self._artifact_root = artifact_root if "://" in artifact_root else Path(artifact_root).resolve().as_uri()
        self._experiment = experiment

    def record(self, run: RunRecord) -> str:
        # A hospital's training run tells nobody: MLflow reads these when it is imported.
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("DO_NOT_TRACK", "true")
        import mlflow  # noqa: F401  -- it sets its loggers' levels when imported, so before they are hushed

        with _quiet("alembic", "mlflow"):
            return self._record(run, parent=None)

    def _record(self, run: RunRecord, parent: str | None) -> str:
        from mlflow import MlflowClient
        from mlflow.entities import Metric, Param, RunTag

        client = MlflowClient(tracking_uri=self._tracking_uri, registry_uri=self._tracking_uri)
        found = client.get_experiment_by_name(self._experiment)
        experiment_id = (
            found.experiment_id
            if found
            else client.create_experiment(self._experiment, artifact_location=self._artifact_root)
        )
        tags = {**run.tags, **({"mlflow.parentRunId": parent} if parent else {})}
        created = client.create_run(experiment_id, tags=tags, run_name=run.name)
        run_id = str(created.info.run_id)
        client.log_batch(
            run_id,
            metrics=[Metric(key, value, created.info.start_time, 0) for key, value in run.metrics.items()],
            params=[Param(key, value) for key, value in run.params.items()],
            tags=[RunTag(key, value) for key, value in run.tags.items()],
        )
        if run.files:
            with tempfile.TemporaryDirectory() as folder:
                for name, data in run.files.items():
                    (Path(folder) / name).write_bytes(data)
                client.log_artifacts(run_id, folder)
        for child in run.children:
            self._record(child, parent=run_id)
        client.set_terminated(run_id)
        log.info("training.recorded", extra={"run_name": run.name, "run_id": run_id})
        return run_id


@contextmanager
def _quiet(*loggers: str) -> Iterator[None]:
    """Hush libraries that announce every table of their database's first migration."""
    before = {name: logging.getLogger(name).level for name in loggers}
    for name in loggers:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
