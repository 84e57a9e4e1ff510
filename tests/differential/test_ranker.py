"""What the ranking promises of every answer."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.differential import Explainer, NothingToRank, Onset, Patient, Ranker
from raretriage.differential.build import Built, build_differential
from raretriage.domain import Sex
from raretriage.knowledge import Kind, Knowledge, Prevalence
from tests.differential.conftest import SMALL
from tests.differential.small import ROWS, TERMS, X_LINKED_RECESSIVE, small_knowledge

KNOWN = sorted(t for t in TERMS if t != "HP:0000118")
findings = st.lists(st.sampled_from(KNOWN), min_size=1, max_size=8, unique=True).map(tuple)
patients = st.builds(
    Patient,
    observed=findings,
    excluded=st.lists(st.sampled_from(KNOWN), max_size=3, unique=True).map(tuple),
    age_years=st.none() | st.floats(0, 120),
    onset=st.none() | st.sampled_from(Onset),
    sex=st.none() | st.sampled_from(Sex),
)


def place(ranker: Ranker, disease: str, patient: Patient) -> float:
    (index,) = ranker.places_of(disease)
    return ranker.rank(patient, with_prior=False).rank(index)


def test_the_disease_with_just_these_findings_comes_first(ranker: Ranker) -> None:
    assert place(ranker, "OMIM:3", Patient(("HP:0001639", "HP:0000518"))) == 1
    assert place(ranker, "OMIM:6", Patient(("HP:0000518",))) == 1


@given(patients, st.booleans(), st.floats(0, 1))
def test_the_explanation_adds_up_to_the_score(
    ranker: Ranker, explainer: Explainer, patient: Patient, with_prior: bool, prevalence_weight: float
) -> None:
    ranking = ranker.rank(patient, with_prior=with_prior, prevalence_weight=prevalence_weight)
    for disease in explainer.explain(patient, ranking, ranking.top(9)):
        weights = [e.log_likelihood_ratio for e in disease.evidence]
        others = disease.onset + disease.sex + disease.prior + disease.prevalence
        assert sum(weights) + others == pytest.approx(disease.score, abs=1e-4)
        assert with_prior or disease.prior == 0


@given(patients)
def test_the_posterior_is_a_distribution_in_the_order_of_the_scores(ranker: Ranker, patient: Patient) -> None:
    ranking = ranker.rank(patient)
    posterior = ranking.posterior()
    assert posterior.sum() == pytest.approx(1)
    order = ranking.top(len(posterior))
    assert sorted(order) == list(range(len(posterior)))
    assert all(posterior[a] >= posterior[b] for a, b in pairwise(order))
    assert [ranking.rank(i) for i in order] == sorted(ranking.rank(i) for i in order)


@given(patients, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_nor_an_unknown_finding_changes_a_score(
    ranker: Ranker, patient: Patient, random: Random
) -> None:
    told = [*patient.observed, patient.observed[0], "HP:9999999"]
    random.shuffle(told)
    other = replace(patient, observed=tuple(told))
    assert np.allclose(ranker.rank(patient).scores, ranker.rank(other).scores, atol=1e-5)


@given(patients)
def test_excluded_findings_are_not_scored(ranker: Ranker, patient: Patient) -> None:
    bare = replace(patient, excluded=())
    assert np.array_equal(ranker.rank(patient).scores, ranker.rank(bare).scores)


def test_an_early_onset_speaks_for_the_disease_that_begins_early(ranker: Ranker) -> None:
    (early,), (late,) = ranker.places_of("OMIM:1"), ranker.places_of("OMIM:3")
    infant = ranker.rank(Patient(("HP:0001250",), onset=Onset.INFANTILE))
    old = ranker.rank(Patient(("HP:0001250",), onset=Onset.LATE))
    assert infant.onset[early] > old.onset[early]
    assert infant.onset[late] < old.onset[late]


def test_an_age_rules_out_what_begins_later_and_says_little_else(ranker: Ranker) -> None:
    (early,), (late,) = ranker.places_of("OMIM:1"), ranker.places_of("OMIM:3")
    child = ranker.rank(Patient(("HP:0001250",), age_years=2))
    assert child.onset[late] < 0 < child.onset[early]
    old = ranker.rank(Patient(("HP:0001250",), age_years=90))
    assert np.allclose(old.onset, 0, atol=1e-6)


@pytest.mark.parametrize("observed", [(), ("HP:9999999",), ("HP:0000118",)])
def test_nothing_to_rank_by_is_refused(ranker: Ranker, observed: tuple[str, ...]) -> None:
    with pytest.raises(NothingToRank, match="at least one"):
        ranker.rank(Patient(observed))


def test_umbrellas_stand_where_their_members_do(ranker: Ranker) -> None:
    members = {ranker.arrays.candidates[i].id for i in ranker.places_of("ORPHA:10")}
    assert members == {"OMIM:1", "OMIM:2"}
    assert ranker.places_of("ORPHA:30") == ranker.places_of("OMIM:3")
    assert ranker.places_of("OMIM:99") == ()


def test_ties_share_the_middle_of_their_places(ranker: Ranker) -> None:
    ranking = ranker.rank(Patient(("HP:0001250",)))
    ranking.scores[:] = 0
    count = len(ranking.scores)
    assert ranking.rank(0) == (count + 1) / 2
    assert ranking.top(2) == [0, 1]
    assert ranking.top(0) == []


def test_the_same_knowledge_gives_the_same_ranking(knowledge: Knowledge, built: Built) -> None:
    again = build_differential(small_knowledge(), training=SMALL)
    assert again.onnx == built.onnx
    assert np.array_equal(again.arrays.levels, built.arrays.levels)


def test_a_disease_of_men_is_less_likely_in_a_woman() -> None:
    x_linked = small_knowledge((*ROWS, ("OMIM:5", X_LINKED_RECESSIVE, "", "OMIM:5")))
    built = build_differential(x_linked, training=SMALL)
    ranker = Ranker(built.arrays, built.onnx)
    (disease,), (other,) = ranker.places_of("OMIM:5"), ranker.places_of("OMIM:3")
    ataxia = Patient(("HP:0001251",))
    untold, man, woman, neither = (
        ranker.rank(replace(ataxia, sex=sex)).sex for sex in (None, Sex.MALE, Sex.FEMALE, Sex.OTHER)
    )
    assert woman[disease] < 0 < man[disease]
    assert woman[other] == man[other] == 0
    assert not untold.any()
    assert not neither.any()


def test_prevalence_counts_as_far_as_it_is_asked_to() -> None:
    known = small_knowledge()
    counted = Prevalence(100.0, 100.0, Kind.POINT, "Worldwide")
    diseases = tuple(replace(d, prevalence=counted) if d.id == "OMIM:5" else d for d in known.diseases)
    prevalent = replace(known, diseases=diseases)
    built = build_differential(prevalent, training=SMALL)
    ranker = Ranker(built.arrays, built.onnx)
    (common,), (uncounted,) = ranker.places_of("OMIM:5"), ranker.places_of("OMIM:3")
    seizure = Patient(("HP:0001250",))
    without, half, whole = (ranker.rank(seizure, prevalence_weight=w).prevalence for w in (0.0, 0.5, 1.0))
    assert not without.any()
    assert np.allclose(2 * half, whole)
    assert whole[common] - whole[uncounted] == pytest.approx(np.log(100 / 0.05), rel=1e-5)
