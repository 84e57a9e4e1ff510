"""From a fitted model to what an environment serves: the graph, the run's folder, the registry, the ledger."""

from raretriage.release.document import Table
from raretriage.release.errors import (
    CannotExplain,
    GateFailed,
    IncompleteRun,
    NotForProduction,
    ParityError,
    ReleaseError,
)
from raretriage.release.gate import Evidence, Gate, GateRow, judge
from raretriage.release.publish import publish, served_manifest
from raretriage.release.registry import register, set_alias
from raretriage.release.report import REPORT_FILES, Report, build_report
from raretriage.release.run import LATEST, Run, differential_ref, name_latest, read_run, stored, write_run

__all__ = [
    "LATEST",
    "REPORT_FILES",
    "CannotExplain",
    "Evidence",
    "Gate",
    "GateFailed",
    "GateRow",
    "IncompleteRun",
    "NotForProduction",
    "ParityError",
    "ReleaseError",
    "Report",
    "Run",
    "Table",
    "build_report",
    "differential_ref",
    "judge",
    "name_latest",
    "publish",
    "read_run",
    "register",
    "served_manifest",
    "set_alias",
    "stored",
    "write_run",
]
