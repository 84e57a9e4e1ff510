"""The exported graph measured on held-out encounters, so that what is served is what was measured."""

from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from raretriage.bucket import MODEL_FILE, DataCheck, GroupPromise, Metric
from raretriage.domain import Basis
from raretriage.features import Ontology
from raretriage.release.onnx import run_graph
from raretriage.release.run import Run
from raretriage.training import TrainingConfig
from raretriage.training.checks import check_fit, check_run
from raretriage.training.remeasure import draw_again, temporal_figures


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a run's graph does on the encounters of its lake version, and whether its data were kept apart."""

    metrics: tuple[Metric, ...]
    groups: tuple[GroupPromise, ...]
    checks: tuple[DataCheck, ...]


def evaluate_graph(run: Run, encounters: pa.Table, ontology: Ontology) -> Evaluation:
    """Figures of a run's graph on the temporal test of the encounters it was trained from.

    Args:
        encounters: the lake version that the manifest names.
        ontology: of the manifest's knowledge version.
    """
    manifest = run.manifest
    score = partial(run_graph, run.read(MODEL_FILE))
    config = TrainingConfig.of(
        manifest.training,
        basis=Basis.SIMULATED if manifest.data.simulated else Basis.LOCAL,
        lake_version=manifest.data.lake_version,
        git_commit=manifest.git_commit,
    )
    drawn = draw_again(encounters, contract=manifest.features, ontology=ontology, config=config)
    measured = temporal_figures(
        drawn, certificates=manifest.certificates, state_sets=manifest.state_sets, score=score, config=config
    )
    if manifest.recalibrated_on is None:
        checks = check_run(drawn, manifest.training, manifest.certificates, score=score, config=config)
    else:
        checks = check_fit(drawn, manifest.training)
    return Evaluation(measured.metrics, measured.groups, checks)
