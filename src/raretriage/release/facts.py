"""Everything that is known of a run when its report and its card are written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from raretriage.bucket import EVERYBODY, Manifest, Metric
from raretriage.domain import Basis, Certificate, InputTier, Refusal
from raretriage.release.document import Table
from raretriage.release.gate import GateRow

if TYPE_CHECKING:
    from raretriage.training import CandidateRow, SplitCounts

STAMP = "SIMULATED patients"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run, as its report needs it."""

    manifest: Manifest
    counts: "SplitCounts"
    candidates: "Sequence[CandidateRow]"
    rarity_rule: str
    """How the knowledge decided what is rare."""
    parity_rows: int
    """On how many rows the graph was compared with the fitted pipelines."""
    plots: Mapping[str, bytes] = field(default_factory=dict)
    """PNG by file name."""
    gate: Sequence[GateRow] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    """By the id of the section that they belong to, or any other name: then they stand under further tables."""

    @property
    def is_simulated(self) -> bool:
        """Whether any figure of the run is about made-up patients."""
        bases = {promise.basis for promise in self.manifest.certificates.values()}
        return self.manifest.data.simulated or Basis.SIMULATED in bases

    @property
    def stamp(self) -> str:
        return STAMP if self.is_simulated else ""

    @property
    def patients(self) -> str:
        """Whose figures these are, in words."""
        return "SIMULATED (made-up) patients" if self.is_simulated else "local patients"

    def metrics(self, split: str, *, tier: InputTier | None = None, groups: bool = False) -> tuple[Metric, ...]:
        """Figures of a split: of everybody, or of the groups."""
        return tuple(
            metric
            for metric in self.manifest.metrics
            if metric.split == split and (tier is None or metric.tier is tier) and (metric.group != EVERYBODY) is groups
        )

    def metric(self, name: str, split: str, tier: InputTier = InputTier.FINDINGS) -> Metric | None:
        return next((metric for metric in self.metrics(split, tier=tier) if metric.name == name), None)

    def splits(self) -> tuple[str, ...]:
        """In the order in which they were measured."""
        return tuple(dict.fromkeys(metric.split for metric in self.manifest.metrics))

    def promises(self) -> Iterator[tuple[InputTier, Certificate | Refusal]]:
        """Certificates by tier, the richest first; a tier without an entry is passed over."""
        for tier in InputTier:
            if (promise := self.manifest.certificates.get(tier)) is not None:
                yield tier, promise
