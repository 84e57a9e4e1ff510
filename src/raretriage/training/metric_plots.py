"""Pictures of figures that are already there with their intervals: subgroups, NO SEGURO, state sets. PNG bytes."""

from collections.abc import Iterable, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from raretriage.bucket import EVERYBODY, TEMPORAL, Metric
from raretriage.domain import Basis, InputTier, State
from raretriage.training.drawing import BLACK, BLUE, GREY, STATES, TIER_COLOURS, TIER_MARKERS, drawn

FOREST = {"sensitivity_rare": "sensitivity", "specificity_rare": "specificity", "roc_auc_rare": "ROC-AUC, rare"}
_LONGEST_LABEL = 30


def metric_plots(metrics: Sequence[Metric], *, basis: Basis, coverage: float) -> dict[str, bytes]:
    """Pictures of the temporal test; each is left out where none of its figures is there.

    Args:
        metrics: of any split, tier and group.
        coverage: what the state sets promise for each state.
    """
    shown = [metric for metric in metrics if metric.split == TEMPORAL]
    subgroups = [m for m in shown if m.tier is InputTier.FINDINGS and m.name in FOREST]
    everybody = [m for m in shown if m.group == EVERYBODY]
    made = {}
    if groups := _groups(subgroups):
        made["subgroups.png"] = drawn(
            lambda figure: _forest(figure, subgroups, groups),
            "Rare, by subgroup, temporal test, tier findings",
            basis,
            width=9.6,
            height=1.4 + 0.27 * (len(groups) + 1),
        )
    for file, prefix, title, axis in (
        ("unsure_rate.png", "unsure_rate", "NO SEGURO by state, temporal test", "answered NO SEGURO, % of the state"),
        ("set_coverage.png", "set_coverage", "State sets, temporal test", "true state stays possible, % of the state"),
    ):
        if rates := [metric for metric in everybody if metric.name in _by_state(prefix)]:
            promised = coverage if prefix == "set_coverage" else None
            draw = partial(_rates, metrics=rates, prefix=prefix, axis=axis, promised=promised)
            made[file] = drawn(draw, title, basis, width=9.6)
    return made


def _groups(metrics: Iterable[Metric]) -> list[str]:
    return [group for group in dict.fromkeys(metric.group for metric in metrics) if group != EVERYBODY]


def _forest(figure: Figure, metrics: Sequence[Metric], groups: Sequence[str]) -> None:
    """A line a group, a panel a figure; a dotted line stands where everybody is."""
    lines = [EVERYBODY, *groups]
    place = {group: len(lines) - 1 - line for line, group in enumerate(lines)}
    names = [name for name in FOREST if any(metric.name == name for metric in metrics)]
    panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
    for axes, name in zip(panels, names, strict=True):
        for metric in (m for m in metrics if m.name == name):
            is_all = metric.group == EVERYBODY
            _estimate(
                axes, metric, place[metric.group], colour=BLACK if is_all else BLUE, marker="D" if is_all else "o"
            )
            if is_all:
                axes.axvline(metric.value, color=GREY, linestyle=":")
        axes.set_xlabel(f"{FOREST[name]}, 95 % interval")
        axes.grid(visible=False, axis="y")
        axes.set_ylim(-0.6, len(lines) - 0.4)
        _widen(axes, [m for m in metrics if m.name == name])
    panels[0].set_yticks(list(place.values()), [_label(group) for group in place])


def _label(group: str) -> str:
    words = group.replace("_", " ").replace("=", ": ")
    return words if len(words) <= _LONGEST_LABEL else f"{words[: _LONGEST_LABEL - 1]}…"


def _estimate(axes: Axes, metric: Metric, line: int, *, colour: str, marker: str) -> None:
    axes.plot([metric.low, metric.high], [line, line], color=colour, linewidth=2)
    axes.plot(metric.value, line, marker=marker, color=colour, markersize=6)
    axes.annotate(
        f"n {metric.n:,}",
        (1, line),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="center",
        fontsize=8,
        color=GREY,
    )


def _widen(axes: Axes, metrics: Sequence[Metric]) -> None:
    """Room on the right for the counts."""
    low, high = min(m.low for m in metrics), max(m.high for m in metrics)
    span = max(high - low, 0.02)
    ticks = [tick for tick in axes.get_xticks() if low - 0.06 * span <= tick <= 1]
    axes.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])
    axes.set_xlim(low - 0.06 * span, high + 0.42 * span)


def _by_state(prefix: str) -> dict[str, str]:
    """Figures of each state, and of all of them, with where they stand."""
    return {prefix: "all"} | {f"{prefix}_{state.value}": state.value for state in State}


def _rates(figure: Figure, *, metrics: Sequence[Metric], prefix: str, axis: str, promised: float | None) -> None:
    """A group of bars a state, a bar a tier. Coverage is shown near what is promised, so as marks and not as bars."""
    axes = figure.subplots()
    where = _by_state(prefix)
    columns = [place for place in (*STATES, "all") if any(where[metric.name] == place for metric in metrics)]
    tiers = [tier for tier in InputTier if any(metric.tier is tier for metric in metrics)]
    step = 0.8 / len(tiers)
    for metric in metrics:
        number = tiers.index(metric.tier)
        x = columns.index(where[metric.name]) + step * (number - (len(tiers) - 1) / 2)
        colour = TIER_COLOURS[metric.tier]
        low, value, high = (100 * v for v in (metric.low, metric.value, metric.high))
        spread = [[max(value - low, 0)], [max(high - value, 0)]]
        if promised is None:
            axes.bar(x, value, width=0.9 * step, color=colour)
            axes.errorbar(x, value, yerr=spread, color=BLACK, capsize=3)
        else:
            axes.errorbar(x, value, yerr=spread, color=colour, capsize=3, marker=TIER_MARKERS[metric.tier])
        axes.annotate(
            f"{value:.0f} %\nn {metric.n:,}",
            (x, high),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=7.5,
        )
    for tier in tiers:
        axes.plot([], [], color=TIER_COLOURS[tier], marker=TIER_MARKERS[tier], linestyle="", label=f"tier {tier.value}")
    if promised is not None:
        axes.axhline(100 * promised, color=GREY, linestyle="--", label=f"promised for each state: {promised:.0%}")
        highest, lowest = max(m.high for m in metrics), min(m.low for m in metrics)
        axes.set_ylim(100 * min(lowest, promised) - 2, 100 * max(highest, promised) + 4)
    else:
        axes.set_ylim(0, max(112 * max(metric.high for metric in metrics), 10))
    axes.set_xticks(range(len(columns)), columns)
    # One column alone would fill the picture.
    axes.set_xlim(-0.6 - (len(columns) == 1), len(columns) - 0.4 + (len(columns) == 1))
    axes.set(ylabel=axis, xlabel="true state")
    axes.grid(visible=False, axis="x")
    figure.legend(loc="outside lower center", ncols=4)
