"""From a fitted model to what an environment serves: the graph, the run's folder, the registry, the ledger."""

from raretriage.release.document import Table
from raretriage.release.errors import IncompleteRun, NotForProduction, ParityError, ReleaseError
from raretriage.release.facts import GateLine
from raretriage.release.publish import publish
from raretriage.release.registry import register, set_alias
from raretriage.release.report import REPORT_FILES, Report, build_report
from raretriage.release.run import Run, read_run, stored, write_run

__all__ = [
    "REPORT_FILES",
    "GateLine",
    "IncompleteRun",
    "NotForProduction",
    "ParityError",
    "ReleaseError",
    "Report",
    "Run",
    "Table",
    "build_report",
    "publish",
    "read_run",
    "register",
    "set_alias",
    "stored",
    "write_run",
]
