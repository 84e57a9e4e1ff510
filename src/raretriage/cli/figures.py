"""How a model's figures are shown: each with its n, its interval and its split."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import get_args

from raretriage.bucket import EVERYBODY, Environment, GroupPromise, Manifest, Metric
from raretriage.cli.console import out, table
from raretriage.domain import Certificate, InputTier
from raretriage.release import Gate

ENVIRONMENTS: tuple[Environment, ...] = get_args(Environment)


def show_figures(manifest: Manifest) -> None:
    """Print what was measured and promised."""
    simulated = "SIMULATED patients" if manifest.data.simulated else "local patients"
    out.print(
        f"[bold]{manifest.name} {manifest.version}[/bold]  state: {manifest.estimators['state']}, "
        f"rare: {manifest.estimators['rare']}  fitted on {manifest.data.patients} {simulated}, "
        f"{manifest.data.encounters} encounters, lake version {manifest.data.lake_version}"
    )
    metric_table(f"Figures on {simulated} (95 % bootstrap interval, clustered by patient)", manifest.metrics)
    certificate_table(manifest)


def metric_table(title: str, metrics: tuple[Metric, ...]) -> None:
    table(
        title,
        ("split", "tier", "figure", "value", "95 % interval", "n"),
        [
            (m.split, m.tier, m.name, f"{m.value:.3f}", f"{m.low:.3f} to {m.high:.3f}", m.n)
            for m in metrics
            if m.group == EVERYBODY
        ],
    )


def group_tables(title: str, metrics: Sequence[Metric], promises: Sequence[GroupPromise]) -> None:
    """One line a group: its figures, and whether the certified threshold keeps its word there."""
    names = tuple(dict.fromkeys(m.name for m in metrics if m.group != EVERYBODY))
    by_group: dict[str, dict[str, Metric]] = {}
    for metric in metrics:
        if metric.group != EVERYBODY:
            by_group.setdefault(metric.group, {})[metric.name] = metric
    table(title, ("group", *names), [
        (group, *(_short(own.get(name)) for name in names)) for group, own in by_group.items()
    ])  # fmt: skip
    table(
        "Certified threshold by group (a rare patient counts once)",
        ("group", "missed/rare", "sensitivity at least", "at most", "verdict"),
        [(p.group, f"{p.misses}/{p.positives}", f"{p.low:.3f}", f"{p.high:.3f}", p.verdict) for p in promises],
    )


def _short(metric: Metric | None) -> str:
    return "" if metric is None else f"{metric.value:.3f} ({metric.low:.2f}-{metric.high:.2f})"


def certificate_table(manifest: Manifest) -> None:
    rows = []
    for tier in InputTier:
        promise = manifest.certificates[tier]
        if isinstance(promise, Certificate):
            text = f"sensitivity >= {promise.target:.0%} with {promise.confidence:.0%} confidence ({promise.basis})"
            price = "; ".join(f"{p.prevalence:.1%}: {p.alerts_per_1000:.0f}" for p in promise.prices)
            rows.append((tier, text, f"{promise.threshold:.4f}", f"{promise.misses}/{promise.positives}",
                         f"{promise.specificity:.3f}", price))  # fmt: skip
        else:
            rows.append((tier, f"not certified: {promise.reason}", "", f"-/{promise.positives}", "", ""))
    columns = ("tier", "promise for rare", "threshold", "missed/rare", "specificity", "alerts per 1,000 at prevalence")
    table("Recall certificates", columns, rows)


def gate_table(gate: Gate) -> None:
    """Every condition with what was found; the reason where it is not met."""
    rows = [
        (row.level, "pass" if row.passed else "FAIL", row.name, row.value, row.limit, row.reason) for row in gate.rows
    ]
    table("Gate (each figure at the end of its interval that speaks against the model; prod needs all, dev its own)",
          ("level", "", "condition", "found", "asked", "reason"), rows)  # fmt: skip
    for env in ENVIRONMENTS:
        verdict = "passes" if gate.passed(env) else f"FAILS, {len(gate.failures(env))} conditions not met"
        out.print(f"gate of {env}: {verdict}")


def gate_json(gate: Gate) -> dict[str, object]:
    """The same as JSON."""
    return {"passed": {env: gate.passed(env) for env in ENVIRONMENTS}, "rows": [asdict(row) for row in gate.rows]}


def figures_json(manifest: Manifest) -> dict[str, object]:
    """The same as JSON."""
    return manifest.model_dump(
        mode="json", include={"version", "estimators", "data", "certificates", "metrics", "git_commit", "created"}
    )
