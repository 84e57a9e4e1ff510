"""The pictures of the cohort report, as SVG that stands inside a page: no script, no font, no address, own ids.

Colours are those of Okabe and Ito (jfly.uni-koeln.de/color, 2008), which the colour-blind can tell apart; where lines
cross, their markers differ too.
"""

import io
import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from raretriage.domain import State
from raretriage.validity.summary import AGE_EDGES, AgeRow, ClassRow, FindingRow, Kind, QuarterRow

STATE_COLOURS = {State.HEALTHY: "#009E73", State.MILD: "#E69F00", State.ACUTE: "#D55E00", State.CHRONIC: "#0072B2"}
KIND_COLOURS = {Kind.WELL: "#009E73", Kind.COMMON: "#0072B2", Kind.RARE: "#CC79A7"}
_KIND_MARKERS = {Kind.WELL: "o", Kind.COMMON: "s", Kind.RARE: "^"}
_INK, _GRID = "#17212b", "#d5dde3"
_WIDTH = 4.2
"""Inches: at a phone's width the letters keep their size."""
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.6,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
}
_MOST_SHOWN_FINDINGS = 15


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure with its 95 % interval, one of `intervals_plot`."""

    label: str
    """Bars with the same label share a line."""
    value: float
    low: float
    high: float
    limit: float | None = None
    is_bad: bool = False
    series: str = ""
    """Bars of one series have one colour and a place in the legend; '' for none."""


def ages_plot(rows: Sequence[AgeRow], alt: str) -> str:
    """Share of each state's visits by age band, one small panel a state."""
    labels = [f"{low:g}–{high:g}" for low, high in pairwise(AGE_EDGES)] + [f"{AGE_EDGES[-1]:g}+"]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
        for axes, row in zip(panels, rows, strict=False):
            total = max(sum(row.visits), 1)
            axes.bar(labels, [100 * n / total for n in row.visits], color=STATE_COLOURS[row.state], width=0.85)
            axes.set_title(f"{row.state.value}, n = {total:,}")
            axes.grid(visible=False, axis="x")
            axes.tick_params(axis="x", rotation=90)
        figure.supylabel("% of the visits", fontsize=10)
        figure.supxlabel("age in years", fontsize=10)

    return _svg(draw, "ages", alt, height=4.0)


def findings_plot(rows: Sequence[FindingRow], alt: str) -> str:
    """Share of visits with 0, 1, 2 … findings written as observed, and as absent."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(2, 1)
        for axes, name in zip(panels, ("observed", "excluded"), strict=True):
            for row in rows:
                counts = np.array(getattr(row, name)[:_MOST_SHOWN_FINDINGS])
                if counts.sum():
                    shares = 100 * counts / sum(getattr(row, name))
                    axes.plot(
                        shares,
                        color=KIND_COLOURS[row.kind],
                        marker=_KIND_MARKERS[row.kind],
                        markersize=4,
                        label=row.kind,
                    )
            axes.set(title=f"findings written as {'present' if name == 'observed' else 'absent'}", ylabel="% of visits")
            axes.set_ylim(bottom=0)
            axes.xaxis.get_major_locator().set_params(integer=True)
        panels[0].legend()
        panels[1].set_xlabel("number of findings")

    return _svg(draw, "findings", alt, height=4.4)


def durations_plot(rows: Sequence[ClassRow], alt: str) -> str:
    """Median, middle half and middle nine tenths of the days since onset, by class."""
    shown = [row for row in rows if row.days]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for place, row in enumerate(reversed(shown)):
            p5, p25, p50, p75, p95 = (max(days, 0.8) for days in row.days)
            colour = STATE_COLOURS[row.state]
            axes.plot([p5, p95], [place, place], color=colour, linewidth=1.5)
            axes.plot([p25, p75], [place, place], color=colour, linewidth=7, solid_capstyle="butt", alpha=0.75)
            axes.plot(p50, place, marker="D" if row.is_rare else "o", color="white", markeredgecolor=_INK, markersize=6)
        axes.set_xscale("log")
        axes.set_yticks(range(len(shown)), [class_name(row) for row in reversed(shown)])
        ticks = {1: "1 d", 7: "1 w", 30: "1 m", 365: "1 y", 3650: "10 y"}
        axes.set_xticks(list(ticks), list(ticks.values()))
        axes.minorticks_off()
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("time since onset")

    return _svg(draw, "durations", alt, height=0.9 + 0.34 * len(shown))


def class_name(row: ClassRow) -> str:
    """A class in two words: the state, and whether rare."""
    return f"{row.state.value}{', rare' if row.is_rare else ''}"


def quarters_plot(rows: Sequence[QuarterRow], alt: str) -> str:
    """Visits by calendar quarter, a bar a quarter, a layer a state."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        places, base = np.arange(len(rows)), np.zeros(len(rows))
        for number, (state, colour) in enumerate(STATE_COLOURS.items()):
            counts = np.array([row.visits[number] for row in rows])
            axes.bar(places, counts, bottom=base, color=colour, width=0.82, label=state.value, edgecolor="white")
            base += counts
        labels = [f"Q1\n{row.quarter[:4]}" if row.quarter.endswith("Q1") else row.quarter[-2:] for row in rows]
        axes.set_xticks(places, labels)
        axes.grid(visible=False, axis="x")
        axes.set(ylabel="visits", ylim=(0, 1.25 * max(base.max(initial=0), 1)))
        axes.legend(ncols=4, loc="upper center", columnspacing=0.8, handlelength=1, handletextpad=0.4)

    return _svg(draw, "quarters", alt, height=2.9)


def intervals_plot(bars: Sequence[Bar], name: str, alt: str, *, axis: str) -> str:
    """One line a label: each estimate, its 95 % interval and, where there is one, its limit.

    Args:
        bars: from the top down.
        name: makes the ids of the picture its own on the page.
        alt: what the picture says, for those who do not see it.
        axis: what is measured.
    """
    labels, series = (list(dict.fromkeys(values)) for values in ([b.label for b in bars], [b.series for b in bars]))
    colours = dict(zip(series, ("#0072B2", "#D55E00", "#009E73"), strict=False))
    step = 0.5 / len(series)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for bar in bars:
            line, colour = len(labels) - 1 - labels.index(bar.label), colours.get(bar.series, _INK)
            place = line + step * ((len(series) - 1) / 2 - series.index(bar.series))
            axes.plot([bar.low, bar.high], [place, place], color=colour, linewidth=2.5, solid_capstyle="butt")
            axes.plot(bar.value, place, marker="X" if bar.is_bad else "o", color=colour, markersize=7)
            if bar.limit is not None:
                axes.plot([bar.limit] * 2, [line - 0.4, line + 0.4], color=_INK, linewidth=1.5, linestyle=(0, (2, 1)))
        axes.set_yticks(range(len(labels)), [_lines(label) for label in reversed(labels)])
        axes.set_ylim(-0.6, len(labels) - 0.4)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(axis)
        if any(series):
            for one in series:
                axes.plot([], [], color=colours[one], marker="o", label=one)
            figure.legend(loc="outside upper center", ncols=len(series))

    most_lines = max(_lines(label).count("\n") + 1 for label in labels)
    return _svg(draw, name, alt, height=0.95 + (0.1 + 0.15 * most_lines) * len(labels))


_LONGEST_LABEL = 24


def _lines(label: str) -> str:
    """A label in lines that leave room for the picture."""
    return "\n".join(textwrap.wrap(label, _LONGEST_LABEL))


def _svg(draw: Callable[[Figure], None], name: str, alt: str, *, height: float) -> str:
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(_WIDTH, height), layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _for_a_page(drawn.getvalue(), name, alt)


def _for_a_page(svg: str, name: str, alt: str) -> str:
    """Without prologue and metadata, with ids that no other picture has, and with its text for those who do not see."""
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    start = f'<svg {_view_box(svg)} role="img" aria-label="{escape(alt)}" {_NAMESPACES}>'
    return start + svg[svg.index(">") + 1 :]


_NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def _view_box(svg: str) -> str:
    """Only the shape: the page decides how large."""
    found = re.search(r'viewBox="[^"]+"', svg)
    return found.group() if found else ""
