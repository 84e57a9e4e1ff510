"""Pictures of a model's answers, from arrays alone, as PNG bytes. Of simulated patients, every title says so."""

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from raretriage.domain import Basis, Certificate, Refusal, State
from raretriage.training import weighted
from raretriage.training.certificate import THRESHOLD_GRID, sensitivity_lower_bounds
from raretriage.training.decision_curve import DecisionCurve, decision_curve
from raretriage.training.drawing import BLACK, BLUE, GREY, ORANGE, STATES, VERMILION, drawn
from raretriage.training.evaluation import Scored

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
BINS = 10
REWEIGHTED: tuple[tuple[float | None, float], ...] = ((None, 0.5), (0.01, 0.1), (0.001, 0.01))
"""Prevalences of the decision curves (None: the patients' own), each with the largest threshold probability shown."""


def model_plots(scored: Scored, *, what: str, basis: Basis, threshold: float | None = None) -> dict[str, bytes]:
    """Everything a reviewer looks for, on patients that the model was not fitted on.

    Args:
        what: whose answers these are, for the titles.
        threshold: the certified one, marked where it says something.
    """
    made = candidate_plots(scored, what=what, basis=basis, threshold=threshold)
    if not _has_both_kinds(scored):
        return made
    return made | {
        "score_histogram_rare.png": drawn(
            lambda figure: _histogram(figure, scored, threshold), f"Rare probability by class, {what}", basis
        ),
        "decision_curve_rare.png": drawn(
            lambda figure: _decision_curves(figure, scored, threshold),
            f"Decision curves, rare, {what}",
            basis,
            width=9.6,
            height=3.9,
        ),
    }


def candidate_plots(scored: Scored, *, what: str, basis: Basis, threshold: float | None = None) -> dict[str, bytes]:
    """By which candidates are compared by eye. Arguments as for `model_plots`.

    Without a patient of either kind the pictures of the rare head would be empty, and are left out.
    """
    made = {
        "confusion_state.png": drawn(lambda figure: _confusion(figure, scored), f"States, {what}", basis, width=5.6)
    }
    if not _has_both_kinds(scored):
        return made
    return made | {
        "roc_rare.png": drawn(lambda figure: _roc(figure, scored, threshold), f"ROC, rare, {what}", basis),
        "precision_recall_rare.png": drawn(
            lambda figure: _precision_recall(figure, scored), f"Precision and recall, rare, {what}", basis
        ),
        "calibration_rare.png": drawn(lambda figure: _reliability(figure, scored), f"Calibration, rare, {what}", basis),
    }


def _has_both_kinds(scored: Scored) -> bool:
    return bool(scored.is_rare.any() and not scored.is_rare.all())


def certificate_plot(
    scores: FloatArray, is_rare: BoolArray, certificate: Certificate | Refusal, *, target: float, confidence: float
) -> bytes:
    """Lower bound of sensitivity and specificity at every threshold of the grid, on the calibration patients."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        rare, other = np.sort(scores[is_rare]), np.sort(scores[~is_rare])
        misses = np.searchsorted(rare, THRESHOLD_GRID, side="left")
        bounds = sensitivity_lower_bounds(len(rare), misses, confidence)
        specificity = np.searchsorted(other, THRESHOLD_GRID, side="left") / max(len(other), 1)
        axes.plot(
            THRESHOLD_GRID, bounds, color=BLUE, label=f"sensitivity, {confidence:.0%} lower bound, n = {len(rare):,}"
        )
        axes.plot(THRESHOLD_GRID, specificity, color=ORANGE, linestyle="--", label=f"specificity, n = {len(other):,}")
        axes.axhline(target, linestyle=":", color=GREY, label=f"target {target:g}")
        if isinstance(certificate, Certificate):
            axes.axvline(certificate.threshold, color=BLACK, label=f"certified threshold {certificate.threshold:.4g}")
        axes.set_xscale("symlog", linthresh=1e-3)
        ticks = (0, 0.001, 0.01, 0.1, 1)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set(xlabel="threshold of the rare probability", ylabel="share of patients", xlim=(0, 1), ylim=(0, 1.02))
        figure.legend(loc="outside lower center", ncols=2)

    return drawn(draw, f"Certificate, tier {certificate.tier.value}", certificate.basis, width=6.2, height=4.4)


def wilson_interval(hits: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """95 % interval of each share, shapes (k,). Source: Wilson 1927, J Am Stat Assoc 22:209.

    >>> low, high = wilson_interval(np.array([0.0]), np.array([10.0]))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.0, 0.278)
    """
    z = 1.959964
    share = hits / n
    middle, spread = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return np.clip((middle - spread) / (1 + z**2 / n), 0, 1), np.clip((middle + spread) / (1 + z**2 / n), 0, 1)


def _counted(is_rare: BoolArray) -> str:
    return f"{int(is_rare.sum()):,} rare, {int((~is_rare).sum()):,} not rare"


def _roc(figure: Figure, scored: Scored, threshold: float | None) -> None:
    axes = figure.subplots()
    false_alerts, sensitivity, _ = roc_curve(scored.is_rare, scored.rare_probability)
    auc = weighted.roc_auc(scored.rare_probability, scored.is_rare, np.ones((1, len(scored.is_rare))))[0]
    axes.plot(false_alerts, sensitivity, color=BLUE, label=f"AUC {auc:.3f}\n{_counted(scored.is_rare)}")
    axes.plot([0, 1], [0, 1], linestyle=":", color=GREY, label="chance")
    if threshold is not None:
        is_flagged = scored.rare_probability >= threshold
        at = is_flagged[~scored.is_rare].mean(), is_flagged[scored.is_rare].mean()
        axes.plot(*at, marker="D", color=VERMILION, linestyle="", label="certified threshold")
    axes.set(xlabel="1 − specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axes.legend(loc="lower right")


def _precision_recall(figure: Figure, scored: Scored) -> None:
    axes = figure.subplots()
    precision, sensitivity, _ = precision_recall_curve(scored.is_rare, scored.rare_probability)
    axes.plot(sensitivity, precision, color=BLUE, label=_counted(scored.is_rare))
    share = scored.is_rare.mean()
    axes.axhline(share, linestyle=":", color=GREY, label=f"chance: share of rare {share:.3f}")
    axes.set(xlabel="sensitivity (recall)", ylabel="positive predictive value (precision)", ylim=(0, 1.02))
    axes.legend(loc="best")


def _reliability(figure: Figure, scored: Scored) -> None:
    """Observed share of rare against the predicted one, in ten groups of equal size."""
    axes = figure.subplots()
    groups = [g for g in np.array_split(np.argsort(scored.rare_probability, kind="stable"), BINS) if len(g)]
    predicted = np.array([scored.rare_probability[group].mean() for group in groups])
    hits = np.array([scored.is_rare[group].sum() for group in groups], dtype=np.float64)
    sizes = np.array([len(group) for group in groups], dtype=np.float64)
    low, high = wilson_interval(hits, sizes)
    observed = hits / sizes
    top = max(float(predicted.max()), float(high.max()), 0.01) * 1.05
    axes.plot([0, top], [0, top], linestyle=":", color=GREY, label="perfect")
    axes.errorbar(
        predicted,
        observed,
        yerr=np.maximum([observed - low, high - observed], 0),
        fmt="o",
        color=BLUE,
        capsize=3,
        markersize=5,
        label=f"{len(groups)} bins of {int(sizes.min()):,} to {int(sizes.max()):,} encounters,\n95 % Wilson interval",
    )
    axes.set(xlabel="mean predicted probability of rare", ylabel="observed share of rare", xlim=(0, top), ylim=(0, top))
    axes.legend(loc="upper left")


def _histogram(figure: Figure, scored: Scored, threshold: float | None) -> None:
    """Each class sums to 100 %: how many of each there are would hide the rare."""
    axes = figure.subplots()
    edges = np.linspace(0, 1, 41)
    for is_member, name, colour, style in (
        (~scored.is_rare, "not rare", ORANGE, "--"),
        (scored.is_rare, "rare", BLUE, "-"),
    ):
        counts, _ = np.histogram(scored.rare_probability[is_member], bins=edges)
        shares = 100 * counts / is_member.sum()
        label = f"{name}, n = {int(is_member.sum()):,}"
        axes.stairs(shares, edges, fill=True, color=colour, alpha=0.25)
        axes.stairs(shares, edges, color=colour, linestyle=style, linewidth=1.6, label=label)
    if threshold is not None:
        axes.axvline(threshold, color=BLACK, linewidth=1.2, label=f"certified threshold {threshold:.4g}")
    axes.set_yscale("symlog", linthresh=1)
    ticks = (0, 1, 3, 10, 30, 100)
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel="predicted probability of rare", ylabel="encounters of the class, %", xlim=(0, 1), ylim=(0, 100))
    axes.legend(loc="upper right")


def _decision_curves(figure: Figure, scored: Scored, threshold: float | None) -> None:
    panels = figure.subplots(1, len(REWEIGHTED))
    for axes, (prevalence, top) in zip(panels, REWEIGHTED, strict=True):
        curve = decision_curve(
            scored.rare_probability,
            scored.is_rare,
            np.linspace(0, top, 201),
            prevalence=prevalence,
            certified_threshold=threshold,
        )
        _decision_curve(axes, curve)
        own = "as drawn" if prevalence is None else "reweighted"
        axes.set_title(f"{100 * curve.prevalence:.3g} % rare, {own}", fontsize=10)
    panels[0].set_ylabel("net benefit per 1,000 patients")
    panels[1].set_xlabel(f"threshold probability at which one would evaluate, % ({_counted(scored.is_rare)})")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)


def _decision_curve(axes: Axes, curve: DecisionCurve) -> None:
    percent = 100 * curve.threshold_probability
    axes.plot(percent, 1000 * curve.model, color=BLUE, label="by the probability", linewidth=1.8)
    if curve.certified is not None:
        axes.plot(percent, 1000 * curve.certified, color=VERMILION, linestyle="-.", label="certified threshold")
    axes.plot(percent, 1000 * curve.treat_all, color=ORANGE, linestyle="--", label="evaluate all")
    axes.axhline(0, color=BLACK, linestyle=":", label="evaluate nobody")
    best = 1000 * curve.prevalence
    axes.set(xlim=(0, percent[-1]), ylim=(-0.25 * best, 1.08 * best))


def _confusion(figure: Figure, scored: Scored) -> None:
    axes = figure.subplots()
    ones = np.ones((1, len(scored.state)))
    matrix = weighted.confusion(scored.state, scored.predicted, ones, classes=len(State))[0]
    totals = matrix.sum(axis=1)
    shares = matrix / np.maximum(totals[:, None], 1)
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(STATES)), STATES)
    axes.set_yticks(range(len(STATES)), [f"{name}\nn = {n:,.0f}" for name, n in zip(STATES, totals, strict=True)])
    axes.set(xlabel="likeliest state, before any NO SEGURO", ylabel="true state")
    axes.grid(visible=False)
    for (row, column), share in np.ndenumerate(shares):
        shade = "white" if share > 0.5 else BLACK
        label = f"{matrix[row, column]:,.0f}\n{share:.0%}"
        axes.text(column, row, label, ha="center", va="center", color=shade, fontsize=9)
    figure.colorbar(picture, ax=axes, label="share of the true state", shrink=0.8)
