"""How a model's figures are shown: each with its n, its interval and its split."""

from raretriage.bucket import Manifest, Metric
from raretriage.cli.console import out, table
from raretriage.domain import Certificate, InputTier


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
        [(m.split, m.tier, m.name, f"{m.value:.3f}", f"{m.low:.3f} to {m.high:.3f}", m.n) for m in metrics],
    )


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


def figures_json(manifest: Manifest) -> dict[str, object]:
    """The same as JSON."""
    return manifest.model_dump(
        mode="json", include={"version", "estimators", "data", "certificates", "metrics", "git_commit", "created"}
    )
