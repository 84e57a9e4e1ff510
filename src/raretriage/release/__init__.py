"""From a fitted model to what an environment serves: the graph, the run's folder, the registry, the ledger."""

from raretriage.release.errors import GateFailed, IncompleteRun, NotForProduction, ParityError, ReleaseError
from raretriage.release.gate import Evidence, Gate, GateRow, judge
from raretriage.release.publish import publish, served_manifest
from raretriage.release.registry import register, set_alias
from raretriage.release.run import Run, read_run, stored, write_run

__all__ = [
    "Evidence",
    "Gate",
    "GateFailed",
    "GateRow",
    "IncompleteRun",
    "NotForProduction",
    "ParityError",
    "ReleaseError",
    "Run",
    "judge",
    "publish",
    "read_run",
    "register",
    "served_manifest",
    "set_alias",
    "stored",
    "write_run",
]
