"""Does a model learn medicine, or the fingerprint of a source? Tests on the simulated cohort that catch a cheat."""

from raretriage.validity.audit import ILL, STEPS, AuditReport, audit
from raretriage.validity.bridge import BridgeReport, measure_bridge
from raretriage.validity.cheats import Check
from raretriage.validity.errors import NothingToCompare, ValidityError
from raretriage.validity.report import render_report
from raretriage.validity.summary import CohortSummary, summarise

__all__ = [
    "ILL",
    "STEPS",
    "AuditReport",
    "BridgeReport",
    "Check",
    "CohortSummary",
    "NothingToCompare",
    "ValidityError",
    "audit",
    "measure_bridge",
    "render_report",
    "summarise",
]
