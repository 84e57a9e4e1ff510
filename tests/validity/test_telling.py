"""Two kinds are told apart on left-out diseases only; the interval knows that patients of one disease are alike."""

import numpy as np
import pytest

from raretriage.validity.errors import NothingToCompare
from raretriage.validity.telling import FOLDS, Contest, disease_folds, stacked


def diseases(count: int, *, each: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Half of the diseases are of the positive kind."""
    number = np.repeat(np.arange(count), each)
    return number % 2 == 0, number.astype(str).astype(object)


def test_a_disease_is_in_one_fold_and_kinds_are_spread() -> None:
    positive, group = diseases(40, each=7)
    fold = disease_folds(positive, group, np.random.default_rng(0))
    assert all(len(set(fold[group == name])) == 1 for name in set(group))
    counts = [np.bincount(fold[positive == kind], minlength=FOLDS) for kind in (True, False)]
    assert all(count.tolist() == [4 * 7] * FOLDS for count in counts)


def test_a_disease_of_both_kinds_is_in_one_fold() -> None:
    group = np.repeat(np.arange(20), 10).astype(str).astype(object)
    positive = np.arange(200) % 2 == 0
    fold = disease_folds(positive, group, np.random.default_rng(0))
    assert all(len(set(fold[group == name])) == 1 for name in set(group))


def test_too_few_diseases_of_a_kind_are_refused() -> None:
    positive, group = diseases(2 * FOLDS - 1)  # one fewer than the folds of the second kind
    with pytest.raises(NothingToCompare, match=f"{FOLDS - 1} diseases"):
        disease_folds(positive, group, np.random.default_rng(0))


def test_what_follows_the_kind_is_found() -> None:
    positive, group = diseases(60)
    noise = np.random.default_rng(1).normal(size=len(positive))
    contest = Contest.between(positive, group, seed=0, draws=50)
    figure = contest.estimate(contest.auc(*contest.scores(stacked([noise + 2 * positive]))))
    assert 0.88 < figure.low < figure.value < figure.high < 0.96  # normal(0) against normal(2): 0.921
    assert figure.n == len(positive)


def test_what_only_names_the_disease_is_no_help_with_another() -> None:
    positive, group = diseases(60)
    contest = Contest.between(positive, group, seed=0, draws=50)
    of_disease = np.random.default_rng(2).normal(size=60)[group.astype(int)]
    figure = contest.estimate(contest.auc(*contest.scores(stacked([of_disease]))))
    assert figure.low < 0.6
    assert figure.value < 0.65


def test_the_interval_widens_when_patients_of_a_disease_are_alike() -> None:
    positive, group = diseases(60)
    rng = np.random.default_rng(3)
    alone = rng.normal(size=len(positive))
    alike = rng.normal(size=60)[group.astype(int)]

    def width(scores: np.ndarray) -> float:
        contest = Contest.between(positive, group, seed=0, draws=200)
        figure = contest.estimate(contest.auc(scores))
        return figure.high - figure.low

    assert width(alike) > 2 * width(alone)


def test_folds_with_constants_of_their_own_give_a_half() -> None:
    positive, group = diseases(60)
    contest = Contest.between(positive, group, seed=0, draws=10)
    assert contest.auc(contest.fold.astype(float))[0] == 0.5


def test_changed_visits_are_scored_by_the_model_of_the_true_ones() -> None:
    positive, group = diseases(40)
    contest = Contest.between(positive, group, seed=0, draws=10)
    true = stacked([positive])
    scores, of_changed = contest.scores(true, 1 - true)
    assert contest.auc(scores)[0] == 1.0
    assert contest.auc(of_changed)[0] == 0.0
