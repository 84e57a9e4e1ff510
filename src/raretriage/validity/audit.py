"""Is the cohort honest? All cheat tests, the naive mix, the ablation and the bridge set, in one report."""

from collections.abc import Callable
from dataclasses import dataclass

from raretriage.cohort import Catalogue, build_catalogue
from raretriage.cohort.catalogue import build_bridge_catalogue
from raretriage.knowledge import Knowledge
from raretriage.validity.ablation import AblationRow, ablate
from raretriage.validity.bridge import BridgeReport, measure_bridge
from raretriage.validity.cheats import Check, run_checks
from raretriage.validity.mix import honest_mix
from raretriage.validity.naive_mix import OneSided, naive_mix, one_sided
from raretriage.validity.reference import fit_reference

ILL = 6_000
STEPS = 45
"""How many steps an audit reports."""


@dataclass(frozen=True, slots=True)
class NaiveReport:
    """What the same checks say of the naive mix, and how far its sources use words of their own."""

    checks: tuple[Check, ...]
    words: OneSided

    @property
    def caught(self) -> bool:
        """Whether every check that has a limit fails, as it must."""
        return not any(check.passed for check in self.checks if check.limit is not None)

    def as_json(self) -> dict[str, object]:
        return {
            "caught": self.caught,
            "words": self.words.as_json(),
            "checks": [check.as_json() for check in self.checks],
        }


@dataclass(frozen=True, slots=True)
class AuditReport:
    """The cohort's honesty in figures. Every patient behind them is simulated."""

    seed: int
    knowledge_version: str
    checks: tuple[Check, ...]
    naive: NaiveReport
    ablation: tuple[AblationRow, ...]
    bridge: BridgeReport | None
    """Of a small reference model fitted on the audited cohort; a trained model's own figures stand in its card."""

    @property
    def passed(self) -> bool:
        """Every check passes on the cohort and fails on the naive mix."""
        return all(check.passed for check in self.checks) and self.naive.caught

    def as_json(self) -> dict[str, object]:
        return {
            "simulated": True,
            "seed": self.seed,
            "knowledge_version": self.knowledge_version,
            "passed": self.passed,
            "checks": [check.as_json() for check in self.checks],
            "naive": self.naive.as_json(),
            "ablation": [row.as_json() for row in self.ablation],
            "bridge": None if self.bridge is None else self.bridge.as_json(),
        }


def audit(
    knowledge: Knowledge,
    *,
    seed: int,
    ill: int = ILL,
    catalogue: Catalogue | None = None,
    bridge: Catalogue | None = None,
    progress: Callable[[str], object] = lambda _step: None,
) -> AuditReport:
    """Run everything on fresh patients; nothing is written.

    Args:
        knowledge: from which the profiles are made.
        seed: the same seed gives the same figures.
        ill: visits of ill people behind each figure; with fewer than `LEAST_VISITS` no check passes.
        catalogue: the training catalogue; built from the knowledge by default.
        bridge: the bridge set's; built from the knowledge by default.
        progress: called with the name of each finished step, `STEPS` times.

    Raises:
        ProfileError: a profile table has a row that cannot be used.
        NothingToCompare: the rare profiles are all of one origin.
    """
    training = catalogue if catalogue is not None else build_catalogue(knowledge)
    crossed = bridge if bridge is not None else build_bridge_catalogue(knowledge)
    honest = honest_mix(training, seed=seed, ill=ill)
    checks = run_checks(honest, knowledge, seed=seed, progress=progress)
    naive = naive_mix(training, knowledge, seed=seed, ill=ill)
    naive_checks = run_checks(naive, knowledge, seed=seed, progress=lambda step: progress(f"naive mix: {step}"))
    rows = ablate(
        training,
        knowledge,
        seed=seed,
        ill=ill,
        naive=naive.ill,
        progress=lambda step: progress(f"ablation: {step}"),
    )
    reference = fit_reference(honest, knowledge, seed=seed)
    figures = measure_bridge(
        reference.score,
        reference.threshold,
        reference.contract,
        training=training,
        bridge=crossed,
        knowledge=knowledge,
        seed=seed + 100,
    )
    progress("bridge set")
    return AuditReport(
        seed=seed,
        knowledge_version=knowledge.version,
        checks=checks,
        naive=NaiveReport(naive_checks, one_sided(training, knowledge)),
        ablation=rows,
        bridge=figures,
    )
