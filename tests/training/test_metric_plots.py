import io

import pytest
from PIL import Image

from raretriage.bucket import Metric
from raretriage.domain import Basis, InputTier
from raretriage.training.metric_plots import metric_plots


def metric(name: str, **changes: object) -> Metric:
    fields = {"split": "temporal", "tier": InputTier.FINDINGS, "value": 0.9, "low": 0.85, "high": 0.95, "n": 50}
    return Metric.model_validate({"name": name} | fields | changes)


ALL = (
    metric("roc_auc_rare"),
    metric("roc_auc_rare", group="site=$a$ <b>"),
    metric("unsure_rate"),
    metric("unsure_rate_mild", tier=InputTier.BASIC),
    metric("set_coverage_acute"),
)


def titles(plots: dict[str, bytes]) -> dict[str, str]:
    return {name: Image.open(io.BytesIO(png)).text["Title"] for name, png in plots.items()}


def test_each_picture_says_whose_patients_they_are() -> None:
    for basis, is_said in ((Basis.SIMULATED, True), (Basis.LOCAL, False)):
        found = titles(metric_plots(ALL, basis=basis, coverage=0.9))
        assert set(found) == {"subgroups.png", "unsure_rate.png", "set_coverage.png"}
        assert all(("(simulated)" in title) is is_said for title in found.values())


@pytest.mark.parametrize(
    "metrics",
    [
        (),
        (metric("roc_auc_rare"),),
        (metric("unsure_rate", split="k-fold"),),
        (metric("unsure_rate", group="sex=male"),),
    ],
)
def test_what_was_not_measured_has_no_picture(metrics: tuple[Metric, ...]) -> None:
    assert metric_plots(metrics, basis=Basis.LOCAL, coverage=0.9) == {}


def test_a_picture_hangs_on_its_figures_alone() -> None:
    first = metric_plots(ALL, basis=Basis.LOCAL, coverage=0.9)
    assert metric_plots(ALL, basis=Basis.LOCAL, coverage=0.9) == first
    worse = [m.model_copy(update={"value": 0.86}) if m.group.startswith("site") else m for m in ALL]
    changed = metric_plots(worse, basis=Basis.LOCAL, coverage=0.9)
    assert changed["subgroups.png"] != first["subgroups.png"]
    assert changed["set_coverage.png"] == first["set_coverage.png"]
