"""Figures of a run as PNG bytes. Where the patients are simulated, every title says so."""

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from raretriage.domain import Basis, Certificate, Refusal, State
from raretriage.training import weighted
from raretriage.training.certificate import THRESHOLD_GRID, sensitivity_lower_bounds
from raretriage.training.evaluation import Scored

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
BINS = 10


def model_plots(scored: Scored, *, what: str, basis: Basis) -> dict[str, bytes]:
    """ROC, precision-recall and reliability of the rare head, and the confusion matrix of the state head."""
    return {
        "roc_rare.png": _drawn(lambda axes: _roc(axes, scored), f"ROC, rare, {what}", basis),
        "precision_recall_rare.png": _drawn(
            lambda axes: _precision_recall(axes, scored), f"Precision and recall, rare, {what}", basis
        ),
        "calibration_rare.png": _drawn(lambda axes: _reliability(axes, scored), f"Calibration, rare, {what}", basis),
        "confusion_state.png": _drawn(lambda axes: _confusion(axes, scored), f"States, {what}", basis),
    }


def certificate_plot(
    scores: FloatArray, is_rare: BoolArray, certificate: Certificate | Refusal, *, target: float, confidence: float
) -> bytes:
    """Lower bound of sensitivity and specificity at every threshold of the grid, on the calibration patients."""

    def draw(axes: Axes) -> None:
        rare, other = np.sort(scores[is_rare]), np.sort(scores[~is_rare])
        misses = np.searchsorted(rare, THRESHOLD_GRID, side="left")
        bounds = sensitivity_lower_bounds(len(rare), misses, confidence)
        specificity = np.searchsorted(other, THRESHOLD_GRID, side="left") / max(len(other), 1)
        axes.plot(THRESHOLD_GRID, bounds, label=f"sensitivity, {confidence:.0%} lower bound (n = {len(rare)})")
        axes.plot(THRESHOLD_GRID, specificity, label=f"specificity (n = {len(other)})")
        axes.axhline(target, linestyle=":", color="grey", label=f"target {target:g}")
        if isinstance(certificate, Certificate):
            axes.axvline(certificate.threshold, linestyle="--", color="black", label=f"at {certificate.threshold:.4g}")
        axes.set_xscale("symlog", linthresh=1e-3)
        axes.set(xlabel="threshold of the rare probability", xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="lower left", fontsize="small")

    return _drawn(draw, f"Certificate, tier {certificate.tier.value}", certificate.basis)


def _drawn(draw: Callable[[Axes], None], title: str, basis: Basis) -> bytes:
    figure = Figure(figsize=(5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    draw(axes)
    full_title = f"{title} (simulated)" if basis is Basis.SIMULATED else title
    axes.set_title(full_title, fontsize="medium")
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=90, metadata={"Title": full_title, "Software": None})
    return png.getvalue()


def _roc(axes: Axes, scored: Scored) -> None:
    false_alerts, sensitivity, _ = roc_curve(scored.is_rare, scored.rare_probability)
    auc = weighted.roc_auc(scored.rare_probability, scored.is_rare, np.ones((1, len(scored.is_rare))))[0]
    axes.plot(false_alerts, sensitivity, label=f"AUC {auc:.3f}, n = {len(scored.is_rare)}")
    axes.plot([0, 1], [0, 1], linestyle=":", color="grey")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity")
    axes.legend(loc="lower right")


def _precision_recall(axes: Axes, scored: Scored) -> None:
    precision, sensitivity, _ = precision_recall_curve(scored.is_rare, scored.rare_probability)
    axes.plot(sensitivity, precision)
    share = scored.is_rare.mean()
    axes.axhline(share, linestyle=":", color="grey", label=f"share of rare {share:.3f}")
    axes.set(xlabel="sensitivity", ylabel="positive predictive value", ylim=(0, 1.02))
    axes.legend(loc="upper right")


def _reliability(axes: Axes, scored: Scored) -> None:
    """Observed share of rare against the predicted one, in ten groups of equal size."""
    groups = np.array_split(np.argsort(scored.rare_probability, kind="stable"), BINS)
    predicted = [scored.rare_probability[group].mean() for group in groups if len(group)]
    observed = [scored.is_rare[group].mean() for group in groups if len(group)]
    top = max(*predicted, *observed, 0.01) * 1.05
    axes.plot([0, top], [0, top], linestyle=":", color="grey")
    axes.plot(predicted, observed, marker="o")
    axes.set(xlabel="predicted probability of rare", ylabel="observed share", xlim=(0, top), ylim=(0, top))


def _confusion(axes: Axes, scored: Scored) -> None:
    ones = np.ones((1, len(scored.state)))
    matrix = weighted.confusion(scored.state, scored.predicted, ones, classes=len(State))[0]
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [state.value for state in State]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="likeliest state", ylabel="true state")
    for row in range(len(names)):
        for column in range(len(names)):
            shade = "white" if shares[row, column] > 0.5 else "black"
            axes.text(column, row, f"{matrix[row, column]:.0f}", ha="center", va="center", color=shade)
