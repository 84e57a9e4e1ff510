"""What ranks a disease is chosen on other diseases."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from raretriage.benchmark import STRUCTURES, Column, PlacedColumn, choose_in_folds
from raretriage.benchmark.cases import RankedCase
from raretriage.benchmark.chosen import LIKENESS, ONSET, PRIOR
from raretriage.benchmark.ranking import Placed
from raretriage.benchmark.structures import Structure
from raretriage.differential import Patient
from raretriage.differential.ranker import Parts
from raretriage.differential.weights import WEIGHTS

COUNT = 50
PLAIN, BETTER = STRUCTURES[0], STRUCTURES[-1]


Made = tuple[Structure, Callable[[Patient], Parts]]


def lifted(helps: list[str], patient: Patient) -> Parts:
    """The right candidate of patient `HP:<i>` is i; it lies in the middle by match, and `helps[i]` alone lifts it."""
    right = int(patient.observed[0].removeprefix("HP:"))
    parts = {name: np.zeros(COUNT) for name in ("match", "likeness", "onset", "sex", "prior")}
    match = np.random.default_rng(right).standard_normal(COUNT)
    match[right] = 0
    parts[helps[right]][right] = 2.0
    return Parts(**(parts | {"match": match + parts["match"]}))


def column(count: int) -> PlacedColumn:
    placed = []
    for i in range(count):
        case = RankedCase(str(i), (f"OMIM:{i}",), Patient((f"HP:{i}",)), frozenset())
        placed.append(Placed(case, Column.UNSEEN, (i,), "x", 1, 1, 1, 1, 0.5))
    return PlacedColumn(Column.UNSEEN, tuple(placed), COUNT, 0)


def made(plain: list[str], better: list[str] | None = None) -> Iterator[Made]:
    yield PLAIN, partial(lifted, plain)
    if better is not None:
        yield BETTER, partial(lifted, better)


def test_what_helps_other_diseases_is_chosen() -> None:
    chosen = choose_in_folds(column(20), made(["prior"] * 20), folds=5)
    assert sum(folds for _, folds in chosen.choices) == 5
    assert {choice.prior for choice, _ in chosen.choices} == {max(PRIOR)}
    chosen = choose_in_folds(column(20), made(["likeness"] * 20), folds=5)
    assert {choice.likeness for choice, _ in chosen.choices} == {max(LIKENESS)}


def test_the_structure_that_ranks_better_is_chosen() -> None:
    chosen = choose_in_folds(column(20), made(["onset"] * 20, ["match"] * 20), folds=5)
    assert {choice.structure for choice, _ in chosen.choices} == {BETTER}
    chosen = choose_in_folds(column(20), made(["match"] * 20, ["onset"] * 20), folds=5)
    assert {choice.structure for choice, _ in chosen.choices} == {PLAIN}


def test_a_disease_does_not_choose_what_ranks_it() -> None:
    helps = ["onset"] * 19 + ["prior"]
    together = choose_in_folds(column(20), made(helps), folds=20)
    assert {choice.onset for choice, _ in together.choices} == {max(ONSET)}
    parts = lifted(helps, Patient(("HP:19",)))
    by_prior = parts.match + max(PRIOR) * parts.prior
    assert together.places[-1] >= 1 + (by_prior > by_prior[19]).sum()


def test_every_choice_that_is_in_use_can_be_chosen() -> None:
    assert any(structure.weights == WEIGHTS for structure in STRUCTURES)
    assert WEIGHTS.likeness in LIKENESS
    assert WEIGHTS.onset in ONSET
    assert {1.0} < set(PRIOR)
