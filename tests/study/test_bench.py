import os
import warnings
from dataclasses import replace
from typing import Self

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from threadpoolctl import threadpool_info

from raretriage.domain import InputTier
from raretriage.features import NUMERIC
from raretriage.study.bench import Bench, Variant, illness_and_rarity
from raretriage.study.kinds import kinds
from raretriage.training.candidates import HEADS, EstimatorKind, candidate
from raretriage.training.inputs import tier_inputs

AGE = NUMERIC.index("age_years")

pytestmark = pytest.mark.usefixtures("few_trees")


def places(rows: pd.DataFrame) -> np.ndarray:
    """Their age in tenths of a year is where they stand in the table: every masking leaves the age."""
    return (rows.iloc[:, AGE].to_numpy() * 10).round().astype(int)


class Spy(ClassifierMixin, BaseEstimator):
    """Notes which encounters it was given."""

    def fit(self, rows: pd.DataFrame, y: np.ndarray) -> Self:
        self.fitted, self.labels = places(rows), y
        self.threads = {library["num_threads"] for library in threadpool_info()}
        warnings.warn("known: says nothing", UserWarning, stacklevel=1)
        warnings.warn("unknown: says something", UserWarning, stacklevel=1)
        return self

    def predict_proba(self, rows: pd.DataFrame) -> np.ndarray:
        self.tested = places(rows)
        return np.full((len(rows), 2), 0.5)


@pytest.fixture
def watched(bench) -> Bench:
    columns = bench.inputs.columns
    counted = replace(columns, numbers={**columns.numbers, "age_years": np.arange(columns.count) / 10})
    return replace(bench, inputs=tier_inputs(counted, bench.inputs.encoder))


def spies_of(watched: Bench, **changes: object) -> list[Spy]:
    made: list[Spy] = []

    def build(_contract, _head, _seed) -> Spy:
        made.append(Spy())
        return made[-1]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        watched.answer(Variant("spy", build, **changes), "rare")
    return made


def test_no_patient_is_tested_by_a_model_that_was_fitted_on_them(watched):
    spies = spies_of(watched)
    assert len(spies) == len(watched.folds)
    patient = watched.rows.patient_id
    for spy in spies:
        assert not set(patient[spy.fitted]) & set(patient[spy.tested])


def test_every_encounter_with_findings_is_tested_once_and_no_other(watched):
    tested = np.concatenate([spy.tested for spy in spies_of(watched)])
    with_findings = np.flatnonzero(watched.inputs.reaches[InputTier.FINDINGS])
    assert len(with_findings) < len(watched.rows.state)
    assert sorted(tested) == with_findings.tolist()


@pytest.mark.parametrize("target", [None, illness_and_rarity])
def test_each_row_is_learnt_with_its_own_label_also_where_it_is_shown_again_masked(watched, target):
    for spy in spies_of(watched, **({} if target is None else {"target": target})):
        own = watched.rows.is_rare.astype(int) if target is None else target(watched.rows, "rare")
        assert spy.labels.tolist() == own[spy.fitted].tolist()
        assert len(spy.fitted) > len(set(spy.fitted))


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="with one core there is one thread anyway")
def test_every_library_keeps_to_one_thread_where_the_fits_run(watched):
    for spy in spies_of(watched):
        assert spy.threads == {1}


def test_only_the_warnings_that_a_variant_knows_of_are_kept_back(watched):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        watched.answer(Variant("spy", lambda *_: Spy(), known_warnings=("known: says",)), "rare")
    assert {str(warning.message) for warning in heard} == {"unknown: says something"}


def answer_of(bench: Bench, head="rare", kind=EstimatorKind.LIGHTGBM):
    return bench.answer(Variant("v", lambda c, h, seed: candidate(kind, c, head=h, seed=seed)), head)


@pytest.mark.parametrize("head", HEADS)
def test_the_same_bench_gives_the_same_answers_with_one_worker_and_with_two(bench, head):
    first, again = answer_of(bench, head), answer_of(replace(bench, workers=1), head)
    assert np.array_equal(first.scored.rare_probability, again.scored.rare_probability)
    assert np.array_equal(first.scored.state_probabilities, again.scored.state_probabilities)
    assert repr(first.folds) == repr(again.folds)
    other = answer_of(replace(bench, seed=99), head)
    assert repr(first.folds) != repr(other.folds)


def test_of_the_head_that_was_not_asked_nothing_is_said(bench):
    rare, state = answer_of(bench, "rare").scored, answer_of(bench, "state").scored
    assert np.all(rare.state_probabilities == 0.25)
    assert np.all(state.rare_probability == 0)
    assert np.array_equal(rare.cluster, state.cluster), "all variants answer to the same encounters in the same order"


def test_each_fold_is_one_step(bench):
    ticks: list[int] = []
    answer_of(replace(bench, progress=ticks.append), kind=EstimatorKind.LOGISTIC_REGRESSION)
    assert ticks == [1] * len(bench.folds)


def test_the_kinds_that_warn_of_nothing_that_matters_do_not_warn(bench):
    noisy = [variant for variant in kinds() if variant.known_warnings]
    assert {variant.name for variant in noisy} == {"nearest class mean", "explainable boosting"}
    for variant in noisy:
        with pytest.warns(UserWarning, match=variant.known_warnings[0][:30]):
            bench.answer(replace(variant, known_warnings=()), "rare")
