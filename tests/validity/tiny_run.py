"""A run's folder around the tiny model: flagged from two observed findings on, all states alike without a fever."""

from pathlib import Path

from raretriage.bucket import MODEL_FILE
from raretriage.domain import Presentation
from raretriage.release import Run, write_run
from tests.serving.tiny_model import KNOWLEDGE_BYTES, tiny_graph, tiny_manifest


def tiny_run(folder: Path, **changes: object) -> Run:
    graph = tiny_graph().SerializeToString()
    return write_run(folder, tiny_manifest(graph, **changes), {MODEL_FILE: graph}, KNOWLEDGE_BYTES)


def patient(*findings: str, **fields: object) -> Presentation:
    """Observed findings; `-HP:…` for an excluded one."""
    told = [{"hpo_id": f.lstrip("-"), "status": "excluded" if f.startswith("-") else "observed"} for f in findings]
    return Presentation.model_validate({"phenotypes": told, **fields})
