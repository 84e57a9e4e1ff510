"""Weights are chosen on other diseases than they are judged on."""

import numpy as np

from raretriage.benchmark import Column, PlacedColumn, choose_in_folds
from raretriage.benchmark.cases import RankedCase
from raretriage.benchmark.chosen import LIKENESS, ONSET, PRIOR
from raretriage.benchmark.ranking import Placed
from raretriage.differential import Patient, Ranking
from raretriage.differential.ranker import Parts

COUNT = 50


def ranking(right: int, *, helps: str) -> Ranking:
    """The right candidate is in the middle by match, and `helps` alone lifts it."""
    rng = np.random.default_rng(right)
    parts = {name: np.zeros(COUNT) for name in ("likeness", "onset", "prior")}
    match = rng.standard_normal(COUNT)
    match[right] = 0
    parts[helps][right] = 2.0
    made = Parts(match=match, **parts)
    return Ranking(match, ("HP:0001250",), (0,), made, 1, 1, np.zeros(COUNT), np.zeros(COUNT))


def column(helps: list[str]) -> PlacedColumn:
    placed, rankings = [], []
    for i, part in enumerate(helps):
        case = RankedCase(str(i), (f"OMIM:{i}",), Patient(("HP:0001250",)), frozenset())
        placed.append(Placed(case, Column.UNSEEN, "x", 1, 1, 1, 1, 0.5))
        rankings.append((ranking(i, helps=part), (i,)))
    return PlacedColumn(Column.UNSEEN, tuple(placed), COUNT, 0, tuple(rankings))


def test_what_helps_other_diseases_is_chosen() -> None:
    chosen = choose_in_folds(column(["prior"] * 20), folds=5)
    assert sum(folds for _, folds in chosen.choices) == 5
    assert {choice.prior for choice, _ in chosen.choices} == {max(PRIOR)}
    chosen = choose_in_folds(column(["likeness"] * 20), folds=5)
    assert {choice.likeness for choice, _ in chosen.choices} == {max(LIKENESS)}


def test_a_disease_does_not_choose_its_own_weights() -> None:
    together = choose_in_folds(column(["onset"] * 19 + ["prior"]), folds=20)
    assert {choice.onset for choice, _ in together.choices} == {max(ONSET)}
    alone = together.places[-1]
    right = column(["onset"] * 19 + ["prior"]).rankings[-1][0].parts
    by_prior = right.match + max(PRIOR) * right.prior
    assert alone >= 1 + (by_prior > by_prior[19]).sum()
