"""The exported graph measured on held-out encounters, so that what is served is what was measured."""

from functools import partial

import pyarrow as pa

from raretriage.bucket import MODEL_FILE, Metric
from raretriage.domain import Basis
from raretriage.features import Ontology
from raretriage.release.onnx import run_graph
from raretriage.release.run import Run
from raretriage.training import TrainingConfig
from raretriage.training.remeasure import temporal_figures


def evaluate_graph(run: Run, encounters: pa.Table, ontology: Ontology) -> tuple[Metric, ...]:
    """Figures of a run's graph on the temporal test of the encounters it was trained from.

    Args:
        encounters: the lake version that the manifest names.
        ontology: of the manifest's knowledge version.
    """
    manifest = run.manifest
    return temporal_figures(
        encounters,
        contract=manifest.features,
        ontology=ontology,
        certificates=manifest.certificates,
        state_sets=manifest.state_sets,
        score=partial(run_graph, run.read(MODEL_FILE)),
        config=TrainingConfig.of(
            manifest.training,
            basis=Basis.SIMULATED if manifest.data.simulated else Basis.LOCAL,
            lake_version=manifest.data.lake_version,
            git_commit=manifest.git_commit,
        ),
    )
