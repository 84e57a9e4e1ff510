"""Which figure says how common a disease is? One of many rows, by what was counted and where.

Rows are asked in the order of `_ORDER`, and the first place that has any is taken: people who live with it in the
whole world, then in Europe (the definition of rare is the European Union's), then newborns there; only then other
parts of the world and single countries. Those last figures are *local*: founder populations live there (Welander
distal myopathy in Sweden, haemoglobin Bart's in South East Asia, carnitine deficiency on the Faroe Islands), so they
may confirm that a disease is rare and never make it common. Figures of a 'Specific population' are not asked at all.
Incidence, lifetime prevalence and numbers of published cases are other quantities, and no row of theirs comes here.

Where rows of one place disagree: those with a measured value go before those that only name a class, then the class
that most of them have, and of two equally frequent the lower, for a doubtful figure must not make a disease common.
A mean decides within the class.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

Class = tuple[float, float]
"""Both ends of a class of Orphanet's, people in 100,000."""


class Kind(StrEnum):
    """What was counted."""

    POINT = "point"
    """Living people who have it, of all people."""
    BIRTH = "birth"
    """Newborns who have it, of all newborns."""


@dataclass(frozen=True, slots=True)
class Prevalence:
    """An interval of people in 100,000, both ends included; equal ends where a mean is known."""

    low_per_100000: float
    high_per_100000: float
    kind: Kind
    geography: str
    """As Orphanet writes it: `Worldwide`, `Europe`, `Japan`."""

    @property
    def is_local(self) -> bool:
        """True where the figure is neither the world's nor Europe's: it cannot make a disease common."""
        return self.geography not in _WIDE


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of a prevalence table, as read."""

    kind: Kind
    geography: str
    between: Class
    mean: float | None
    """People in 100,000, inside `between`; None where the row gives none."""
    is_measured: bool
    """False where only the class was judged ('Class only')."""


_WIDE = ("Worldwide", "Europe")
_OTHER_REGIONS = frozenset(
    {
        "Africa",
        "Eastern Mediterranean Asia",
        "Latin America",
        "North America",
        "Oceania",
        "South East Asia",
        "Western Asia",
    }
)
_NOWHERE = frozenset({"Specific population", "no data", ""})

_ORDER: tuple[tuple[Kind, str], ...] = (
    (Kind.POINT, "Worldwide"),
    (Kind.POINT, "Europe"),
    (Kind.BIRTH, "Worldwide"),
    (Kind.BIRTH, "Europe"),
    (Kind.POINT, "region"),
    (Kind.BIRTH, "region"),
    (Kind.POINT, "country"),
    (Kind.BIRTH, "country"),
)


def deciding(figures: Sequence[Figure]) -> Prevalence | None:
    """The one figure that speaks for a disease; None where none may.

    Args:
        figures: all rows of point prevalence and prevalence at birth of the disease, in any order.
    """
    for kind, place in _ORDER:
        here = [x for x in figures if x.kind is kind and _place(x.geography) == place]
        if here:
            return _agreed([x for x in here if x.is_measured] or here)
    return None


def _place(geography: str) -> str:
    if geography in _NOWHERE:
        return "nowhere"
    if geography in _WIDE:
        return geography
    return "region" if geography in _OTHER_REGIONS else "country"


def _agreed(rows: Sequence[Figure]) -> Prevalence:
    votes = Counter(row.between for row in rows)
    chosen = min(votes, key=lambda between: (-votes[between], between))
    winners = [row for row in rows if row.between == chosen]
    means = sorted(row.mean for row in winners if row.mean is not None)
    low, high = (means[0], means[-1]) if means else chosen
    return Prevalence(low, high, winners[0].kind, min(row.geography for row in winners))
