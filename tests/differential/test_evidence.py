"""What each finding met in the disease, and where it is written."""

import pytest

from raretriage.differential import Explained, Explainer, Patient, Ranker, Relation, next_questions
from raretriage.differential.build import build_differential
from tests.differential.conftest import SMALL
from tests.differential.small import ROWS, small_knowledge


def explained(ranker: Ranker, explainer: Explainer, disease: str, patient: Patient) -> Explained:
    return explainer.explain(patient, ranker.rank(patient), ranker.places_of(disease))[0]


@pytest.mark.parametrize(
    ("finding", "relation", "met"),
    [
        ("HP:0007359", Relation.EXACT, "HP:0007359"),
        ("HP:0001250", Relation.MORE_GENERAL, "HP:0007359"),
        ("HP:0001638", Relation.NONE, None),
    ],
)
def test_relation_to_the_disease_s_own_finding(
    ranker: Ranker, explainer: Explainer, finding: str, relation: Relation, met: str | None
) -> None:
    (evidence,) = explained(ranker, explainer, "OMIM:1", Patient((finding,))).evidence
    assert (evidence.met.relation, evidence.met.hpo_id) == (relation, met)


def test_frequency_and_source_are_those_of_the_annotation(ranker: Ranker, explainer: Explainer) -> None:
    (evidence,) = explained(ranker, explainer, "OMIM:1", Patient(("HP:0007359",))).evidence
    assert (evidence.met.frequency, evidence.met.reference, evidence.met.entry) == ("8/10", "PMID:11", "OMIM:1")
    assert evidence.met.share == pytest.approx(0.717, abs=0.01)


def test_a_finding_that_the_disease_has_weighs_more_than_one_that_it_lacks(
    ranker: Ranker, explainer: Explainer
) -> None:
    has, lacks = explained(ranker, explainer, "OMIM:3", Patient(("HP:0000518", "HP:0001251"))).evidence
    assert has.log_likelihood_ratio > lacks.log_likelihood_ratio


def test_an_excluded_finding_is_shown_with_the_diseases_that_have_it(ranker: Ranker, explainer: Explainer) -> None:
    patient = Patient(("HP:0001639",), excluded=("HP:0000518", "HP:0001251"))
    ((finding, met),) = explained(ranker, explainer, "OMIM:3", patient).excluded
    assert finding == "HP:0000518"
    assert met.relation is Relation.EXACT


def test_questions_tell_the_leading_diseases_apart_and_repeat_nothing(ranker: Ranker, explainer: Explainer) -> None:
    patient = Patient(("HP:0001250",), excluded=("HP:0000639",))
    ranking = ranker.rank(patient)
    leading = [*ranker.places_of("OMIM:1"), *ranker.places_of("OMIM:2")]
    questions = next_questions(patient, ranking, explainer, leading=leading)
    asked = [q.hpo_id for q in questions]
    assert {"HP:0002197", "HP:0007359", "HP:0001251"} >= set(asked)
    assert asked
    assert [q.information_gain for q in questions] == sorted((q.information_gain for q in questions), reverse=True)
    assert all(0 < q.information_gain <= 1 for q in questions)
    speaks = {q.hpo_id: q.speaks_for for q in questions}
    assert speaks.get("HP:0007359", "OMIM:1") == "OMIM:1"
    assert speaks.get("HP:0002197", "OMIM:2") == "OMIM:2"


def test_one_disease_alone_leaves_nothing_to_ask(ranker: Ranker, explainer: Explainer) -> None:
    patient = Patient(("HP:0001250",))
    assert next_questions(patient, ranker.rank(patient), explainer, leading=[0]) == ()


def test_what_most_diseases_have_is_no_question() -> None:
    vague = tuple((disease, "HP:0001626", "", disease) for disease in ("OMIM:2", "OMIM:6"))  # 3 and 4 have kinds of it
    known = small_knowledge(ROWS + vague)
    built = build_differential(known, training=SMALL)
    ranker = Ranker(built.arrays, built.onnx)
    patient = Patient(("HP:0001250",))
    leading = [*ranker.places_of("OMIM:2"), *ranker.places_of("OMIM:5")]
    asked = {
        question.hpo_id
        for question in next_questions(patient, ranker.rank(patient), Explainer(ranker, known), leading=leading)
    }
    assert asked == {"HP:0002197", "HP:0001251"}
