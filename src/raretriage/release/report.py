"""What does somebody see who must decide whether this version may be used? A page, a PDF and a card of the same run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from raretriage.bucket import Manifest
from raretriage.release.card import model_card
from raretriage.release.document import Table
from raretriage.release.facts import RunFacts
from raretriage.release.gate import GateRow
from raretriage.release.report_html import html
from raretriage.release.report_sections import report_document
from raretriage.release.report_tables import helpful_table, promise_table

if TYPE_CHECKING:
    from raretriage.training import CandidateRow, SplitCounts


REPORT_FILES = ("report.html", "report.pdf", "model_card.md")
"""By these names a run keeps what is read of it."""


@dataclass(frozen=True, slots=True)
class Report:
    """One run; equal facts give equal bytes."""

    facts: RunFacts

    def html(self) -> str:
        """One page that needs nothing else."""
        return html(report_document(self.facts))

    def pdf(self) -> bytes:
        """The same words, figures and pictures on A4."""
        from raretriage.release.report_pdf import pdf

        return pdf(report_document(self.facts))

    def card(self) -> str:
        """The model card as Markdown, in TRIPOD+AI order."""
        return model_card(self.facts)

    def files(self) -> dict[str, bytes]:
        """All three, by the names of `REPORT_FILES`."""
        made = (self.html().encode(), self.pdf(), self.card().encode())
        return dict(zip(REPORT_FILES, made, strict=True))


def build_report(
    manifest: Manifest,
    counts: "SplitCounts",
    *,
    candidates: "Sequence[CandidateRow]",
    plots: Mapping[str, bytes],
    gate: Sequence[GateRow],
    rarity_rule: str,
    parity_rows: int,
    finding_names: Mapping[str, str] | None = None,
    tables: Mapping[str, Table] | None = None,
) -> Report:
    """A run's report. Figures that were not measured are left out, or said to be missing.

    Args:
        manifest: of the run; its `files` need not be complete yet.
        counts: who was in which part.
        candidates: the table of candidates, on the same folds.
        plots: PNG by file name; `raretriage.training` says which there are, others are shown under further pictures.
        gate: its checks in order; empty when it was not run.
        rarity_rule: how the knowledge decided what is rare.
        parity_rows: on how many rows the graph was compared with the fitted pipelines.
        finding_names: English, by HPO id, of the findings to ask for.
        tables: more of the run's tables by the id of their section ("imbalance", "explanation", "missing", "subgroups",
            "bridge", "data", …); under any other name they stand under further tables.
    """
    return Report(
        RunFacts(
            manifest=manifest,
            counts=counts,
            candidates=candidates,
            rarity_rule=rarity_rule,
            parity_rows=parity_rows,
            plots=plots,
            gate=gate,
            tables=_of_manifest(manifest, finding_names or {}) | dict(tables or {}),
        )
    )


def _of_manifest(manifest: Manifest, finding_names: Mapping[str, str]) -> dict[str, Table]:
    made = {
        "subgroups": promise_table(manifest.groups),
        "helpful": helpful_table(manifest.helpful_findings, finding_names),
    }
    return {name: table for name, table in made.items() if table.rows}
