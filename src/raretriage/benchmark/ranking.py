"""Where does each case's disease stand? One row a case, of which every figure is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from raretriage.benchmark.cases import RankedCase
from raretriage.benchmark.columns import Column, Fair, twins_of
from raretriage.benchmark.yardstick import Yardstick
from raretriage.differential import NothingToRank, best_place
from raretriage.knowledge import FINDINGS_ROOT, Knowledge


@dataclass(frozen=True, slots=True)
class Placed:
    """One case's places: 1 is the best, ties share the middle of their places."""

    case: RankedCase
    column: Column
    right: tuple[int, ...]
    """The candidates under which the disease is shown."""
    system: str
    """The branch of HPO that most of the observed findings belong to."""
    place: float
    without_prior: float
    series: float
    """Of the disease or a sibling by gene or series, whichever stands best."""
    yardstick: float
    posterior_of_first: float
    """What the ranking itself gives the disease that it puts first."""


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    column: Column
    placed: tuple[Placed, ...]
    candidates: int
    nothing_left: int
    """Cases whose disease has no annotation left in this column's knowledge: they cannot be ranked."""


def place_all(
    column: Column,
    fair: Fair,
    cases: Sequence[RankedCase],
    *,
    only_omim: bool = False,
    progress: Callable[[int], object] = lambda _: None,
) -> PlacedColumn:
    """Rank every case.

    Args:
        only_omim: let only entries of OMIM compete, as many published figures do.
        progress: told after each case.
    """
    ranker, knowledge = fair.ranker, fair.knowledge
    ranked = ranker.arrays.candidates
    competing = [i for i, c in enumerate(ranked) if not only_omim or c.id.startswith("OMIM:")]
    out = np.ones(len(ranked), bool)
    out[competing] = False
    yardstick = Yardstick(fair, competing)
    number = {c.id: i for i, c in enumerate(ranked)}
    found: list[Placed] = []
    nothing_left = 0
    for case in cases:
        progress(1)
        places = sorted({i for t in twins_of(case, knowledge) for i in ranker.places_of(t) if not out[i]})
        try:
            full = ranker.rank(case.patient)
        except NothingToRank:
            places = []
        if not places:
            nothing_left += 1
            continue
        kin = sorted({*places, *(number[k] for i in places for k in ranked[i].kin if k in number)})
        bare = full.scores - full.prior
        found.append(
            Placed(
                case=case,
                column=column,
                right=tuple(places),
                system=system_of(case, knowledge),
                place=best_place(np.where(out, -np.inf, full.scores), places),
                without_prior=best_place(np.where(out, -np.inf, bare), places),
                series=best_place(np.where(out, -np.inf, full.scores), [i for i in kin if not out[i]]),
                yardstick=best_place(yardstick.scores(full.observed), places),
                posterior_of_first=float(full.posterior().max()),
            )
        )
    return PlacedColumn(column, tuple(found), len(competing), nothing_left)


def system_of(case: RankedCase, knowledge: Knowledge) -> str:
    """The branch under phenotypic abnormality with most of the case's findings; of a tie the first by name."""
    counts: dict[str, int] = {}
    for finding in case.patient.observed:
        for above in knowledge.ancestors(finding):
            if FINDINGS_ROOT in knowledge.ontology.term(above).parents:
                counts[knowledge.label(above)] = counts.get(knowledge.label(above), 0) + 1
    return min(counts, key=lambda name: (-counts[name], name), default="none")
