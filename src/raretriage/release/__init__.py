"""From a fitted model to what an environment serves: the graph, the run's folder, the registry, the ledger."""

from raretriage.release.errors import IncompleteRun, NotForProduction, ParityError, ReleaseError
from raretriage.release.publish import publish
from raretriage.release.registry import register, set_alias
from raretriage.release.run import Run, read_run, stored, write_run

__all__ = [
    "IncompleteRun",
    "NotForProduction",
    "ParityError",
    "ReleaseError",
    "Run",
    "publish",
    "read_run",
    "register",
    "set_alias",
    "stored",
    "write_run",
]
