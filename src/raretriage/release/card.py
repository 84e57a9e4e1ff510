"""The model card: what a reader must know before using this version. Generated, never edited."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from raretriage.bucket import Manifest
from raretriage.domain import Certificate, InputTier

if TYPE_CHECKING:
    from raretriage.training import CandidateRow, SplitCounts


def model_card(
    manifest: Manifest,
    counts: "SplitCounts",
    *,
    candidates: "Sequence[CandidateRow]",
    parity: float,
    rows: int,
    rarity_rule: str,
) -> str:
    """Markdown. The wider card in TRIPOD+AI order is built on this one.

    Args:
        parity: largest absolute difference between the graph's and the pipelines' probabilities.
        rows: how many rows the parity was checked on.
        rarity_rule: how the knowledge decided what is rare.
    """
    patients = "SIMULATED (made-up) patients" if manifest.data.simulated else "local patients"
    parts = [
        f"# {manifest.name} {manifest.version}",
        "",
        f"**Trained and measured on {patients}.** Triage and prioritisation, not diagnosis; a clinician decides.",
        "Not for use on its own, and not certified as a medical device.",
        "",
        f"- made {manifest.created:%Y-%m-%d %H:%M} UTC from commit `{manifest.git_commit}`",
        f"- data: lake version {manifest.data.lake_version}, quarters {manifest.data.periods[0]} to "
        f"{manifest.data.periods[-1]}; knowledge {manifest.knowledge.version}",
        f"- what is rare: {rarity_rule}",
        f"- state head: {manifest.estimators['state']}; rare head: {manifest.estimators['rare']}",
        f"- ONNX parity: largest difference {parity:.1e} on {rows} rows (limit 1e-5)",
        f"- too few training patients, so always NO SEGURO: {', '.join(manifest.untrained_groups) or 'none'}",
        "",
        "## Splits",
        "",
        "No patient is in two parts.",
        "",
        "| part | encounters | patients |",
        "|---|---|---|",
        *(f"| {part} | {n} | {counts.patients[part]} |" for part, n in counts.encounters.items()),
        "",
        f"Temporal test: {', '.join(counts.test_periods)}; {counts.older_rows_left_out} older encounters of its "
        "patients are in no part.",
        "",
        "## Labels",
        "",
        "A label is about the visit: its state, and whether its cause is a rare disease. Where it pulls against what",
        f"is seen (of {counts.rows.used} labelled encounters; one may be in several lines):",
        "",
        "| conflict | encounters |",
        "|---|---|",
        *(f"| {what} | {n} |" for what, n in counts.conflicts.items()),
        "",
        "## Recall certificates",
        "",
        *(_certificate_line(manifest, tier) for tier in InputTier),
        "",
        "## Figures",
        "",
        "| split | tier | figure | value | 95 % interval | n |",
        "|---|---|---|---|---|---|",
        *(
            f"| {m.split} | {m.tier} | {m.name} | {m.value:.3f} | {m.low:.3f} to {m.high:.3f} | {m.n} |"
            for m in manifest.metrics
        ),
        "",
        *_bridge_note(manifest),
        "## Candidates compared on the same folds",
        "",
        "| candidate | ROC-AUC rare | PR-AUC rare | macro-F1 state |",
        "|---|---|---|---|",
        *(f"| {c.name} | {c.roc_auc_rare:.3f} | {c.pr_auc_rare:.3f} | {c.f1_state:.3f} |" for c in candidates),
        "",
    ]
    return "\n".join(parts)


def _bridge_note(manifest: Manifest) -> list[str]:
    if not any(metric.split == "bridge" for metric in manifest.metrics):
        return []
    return [
        "The split `bridge` is the test for a model of the source: common diseases described by HPO's annotations,",
        "and rare ones in the words of the common table. None of these descriptions, and no other description of",
        "these rare diseases, was trained on. Were the source all that counts, `roc_auc_rare` would be near 0 there;",
        "were it nothing, as in the other splits.",
        "",
    ]


def _certificate_line(manifest: Manifest, tier: InputTier) -> str:
    promise = manifest.certificates[tier]
    if not isinstance(promise, Certificate):
        return f"- **{tier}**: none. {promise.reason}"
    prices = ", ".join(f"{p.alerts_per_1000:.0f} alerts per 1,000 at {p.prevalence:.1%}" for p in promise.prices)
    return (
        f"- **{tier}**: of 100 {promise.basis} rare patients at least {promise.target:.0%} are flagged "
        f"({promise.confidence:.0%} confidence; {promise.misses} of {promise.positives} missed in calibration). "
        f"The price: specificity {promise.specificity:.3f}; {prices}."
    )
