"""How many cases have their disease within the first so many? A curve for each column."""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from raretriage.benchmark.columns import Column
from raretriage.benchmark.ranking import PlacedColumn

_FURTHEST = 100
_NAMES = {
    Column.UNSEEN: "unseen",
    Column.UNSEEN_STRICT: "unseen, no OMIM summaries",
    Column.SEEN: "seen (flattering)",
    Column.SEEN_REMOVED: "seen, papers removed",
    Column.ALL: "all",
}
_COLOURS = ("#1b6ca8", "#7aa6c2", "#c77d2e", "#8a8a8a", "#1b6ca8")


def curves(columns: Sequence[PlacedColumn]) -> bytes:
    """A PNG: share of cases placed within k, per case and as the mean over diseases, with the yardstick dashed."""
    figure = Figure(figsize=(11, 5.2), layout="constrained", dpi=150)
    left, right = figure.subplots(1, 2, sharey=True)
    depths = np.arange(1, _FURTHEST + 1)
    for column, colour in zip(columns, _COLOURS, strict=False):
        places = np.asarray([row.place for row in column.placed])
        yardstick = np.asarray([row.yardstick for row in column.placed])
        diseases = np.unique([row.case.cluster for row in column.placed], return_inverse=True)[1]
        label = f"{_NAMES[column.column]}, n = {len(places):,}"
        for axes, mean in ((left, _by_case), (right, _by_disease)):
            axes.plot(depths, mean(places, diseases, depths), color=colour, label=label)
            axes.plot(depths, mean(yardstick, diseases, depths), color=colour, linestyle="--", linewidth=0.9)
    for axes, title in ((left, "per case"), (right, "mean over diseases")):
        axes.set(xscale="log", xlim=(1, _FURTHEST), ylim=(0, 1), xlabel="within the first ...", title=title)
        axes.set_xticks([1, 3, 5, 10, 50, 100], ["1", "3", "5", "10", "50", "100"])
        axes.grid(alpha=0.3)
    left.set_ylabel("share of cases")
    right.plot([], [], color="black", linestyle="--", linewidth=0.9, label="likelihood ratio of the observed alone")
    figure.legend(*right.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def _by_case(places: np.ndarray, _diseases: np.ndarray, depths: np.ndarray) -> np.ndarray:
    return np.asarray((places[:, np.newaxis] <= depths).mean(axis=0))


def _by_disease(places: np.ndarray, diseases: np.ndarray, depths: np.ndarray) -> np.ndarray:
    within = (places[:, np.newaxis] <= depths).astype(float)
    sums = np.zeros((diseases.max() + 1, len(depths)))
    np.add.at(sums, diseases, within)
    return np.asarray((sums / np.bincount(diseases)[:, np.newaxis]).mean(axis=0))
