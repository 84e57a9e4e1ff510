"""How every picture of a run looks: one style, one palette, PNG bytes that depend on nothing but what is drawn.

Colours are those of Okabe and Ito (jfly.uni-koeln.de/color, 2008), which the colour-blind can tell apart; where marks
meet, their shapes differ too.
"""

import io
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from raretriage.domain import Basis, InputTier, State

BLUE, ORANGE, GREEN, VERMILION, PURPLE, BLACK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#17212b"
TIER_COLOURS = {InputTier.FINDINGS: BLUE, InputTier.VITALS: ORANGE, InputTier.BASIC: GREEN}
TIER_MARKERS = {InputTier.FINDINGS: "o", InputTier.VITALS: "s", InputTier.BASIC: "^"}
STATES = tuple(state.value for state in State)
GREY = "#6b7a86"
_DPI = 150
_STYLE: dict[Any, Any] = {
    # A site may be called "$x$": that is its name, not a formula.
    "text.parse_math": False,
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.edgecolor": BLACK,
    "axes.labelcolor": BLACK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#d5dde3",
    "grid.linewidth": 0.6,
    "text.color": BLACK,
    "xtick.color": BLACK,
    "ytick.color": BLACK,
    "legend.fontsize": 9,
    "legend.framealpha": 0.9,
    "legend.edgecolor": "none",
}


def drawn(
    draw: Callable[[Figure], None], title: str, basis: Basis, *, width: float = 5.2, height: float = 4.2
) -> bytes:
    """A picture as PNG. Where the patients are simulated, its title says so.

    Args:
        draw: fills the figure; what it draws decides every byte.
        title: above everything; stands in the file's metadata too.
        width, height: in inches, at which the letters are as large as those of a page.
    """
    full_title = f"{title} (simulated)" if basis is Basis.SIMULATED else title
    png = io.BytesIO()
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        draw(figure)
        figure.suptitle(full_title, fontsize=11, fontweight="bold")
        figure.savefig(png, format="png", dpi=_DPI, metadata={"Title": full_title, "Software": None})
    return png.getvalue()
