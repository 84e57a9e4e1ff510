"""The exported graph measured on held-out encounters, so that what is served is what was measured."""

import numpy as np
import onnxruntime as ort
import pyarrow as pa

from raretriage.bucket import MODEL_FILE, Metric
from raretriage.domain import Basis, State
from raretriage.features import ModelInput, Ontology
from raretriage.release.run import Run
from raretriage.training import TrainingConfig
from raretriage.training.remeasure import temporal_figures


def evaluate_graph(run: Run, encounters: pa.Table, ontology: Ontology) -> tuple[Metric, ...]:
    """Figures of a run's graph on the temporal test of the encounters it was trained from.

    Args:
        encounters: the lake version that the manifest names.
        ontology: of the manifest's knowledge version.
    """
    session = ort.InferenceSession(run.read(MODEL_FILE), providers=["CPUExecutionProvider"])

    def score(rows: ModelInput) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
        state, rare = session.run(
            ["state_probabilities", "rare_probability"],
            {"numeric": rows.numeric, "categorical": rows.categorical, "phenotypes": rows.phenotypes},
        )
        return np.asarray(state, dtype=np.float64).reshape(-1, len(State)), np.asarray(rare, dtype=np.float64)

    manifest = run.manifest
    return temporal_figures(
        encounters,
        contract=manifest.features,
        ontology=ontology,
        certificates=manifest.certificates,
        state_sets=manifest.state_sets,
        score=score,
        config=TrainingConfig(
            basis=Basis.SIMULATED if manifest.data.simulated else Basis.LOCAL,
            lake_version=manifest.data.lake_version,
            git_commit=manifest.git_commit,
        ),
    )
