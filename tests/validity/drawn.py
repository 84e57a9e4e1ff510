"""One small simulated cohort and a made-up audit for the tests of the report; drawn once a process."""

from functools import cache

from raretriage.cohort import Catalogue, Chunk, CohortSpec, build_catalogue, chunk_count, sample_chunk
from raretriage.knowledge import Knowledge
from raretriage.validity.ablation import AblationRow
from raretriage.validity.audit import AuditReport, NaiveReport
from raretriage.validity.bridge import BridgeReport, DiseaseRate, Rate
from raretriage.validity.cheats import Check
from raretriage.validity.naive_mix import OneSided
from raretriage.validity.summary import CohortSummary, summarise
from tests.released import released_knowledge

SPEC = CohortSpec(patients=1_500, seed=7)


@cache
def knowledge() -> Knowledge:
    return released_knowledge()


@cache
def catalogue() -> Catalogue:
    return build_catalogue(knowledge())


@cache
def chunks() -> tuple[Chunk, ...]:
    return tuple(sample_chunk(SPEC, catalogue(), number) for number in range(chunk_count(SPEC)))


@cache
def summary() -> CohortSummary:
    return summarise(SPEC, catalogue(), knowledge())


def audit_report(*checks: Check) -> AuditReport:
    """Made-up figures: one check that passes, one that fails, one that is only reported."""
    own = checks or (
        Check("rare from missingness", 0.51, 0.47, 0.55, 0.60, 6_000),
        Check("rare AUC moved by permuting 23 source-specific of 400 terms", 0.03, -0.01, 0.07, 0.02, 6_000),
        Check("rare from duration alone", 0.61, 0.55, 0.66, None, 6_000),
    )
    naive = (
        Check("rare from missingness", 0.93, 0.91, 0.95, 0.60, 6_000),
        Check("rare AUC moved by permuting 380 source-specific of 581 terms", 0.21, 0.17, 0.25, 0.02, 6_000),
    )
    return AuditReport(
        seed=1,
        knowledge_version="made-up",
        checks=own,
        naive=NaiveReport(naive, OneSided(findings=581, rare_alone=495, common_alone=31)),
        ablation=(
            AblationRow("honest cohort", 0.812, 0.79, 0.83, 6_000, 0.0),
            AblationRow("naive mix", 0.991, 0.98, 0.995, 6_000, 0.179),
        ),
        bridge=BridgeReport(
            threshold=0.125,
            rates=(Rate("missed_rare_written_as_common", 0.234, 0.18, 0.29, 1_234),),
            diseases=(DiseaseRate("ORPHA:589", "Myasthenia gravis", True, 20, 80, 0.17, 0.36),),
        ),
    )
