"""Why the rare head answered as it did: on the wire."""

import math

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from raretriage.domain import FindingStatus, Phenotype, Presentation, Sex
from raretriage.features import CATEGORICAL, NUMERIC, Encoder, FeatureContract, columns_of
from raretriage.serving.explanation import LINES, SMALLEST_WEIGHT, explanation_of
from raretriage.serving.shapley import MarginParts
from raretriage.serving.texts import text_table
from raretriage.serving.wire import Contribution, Explanation, PredictRequest
from tests.serving.conftest import Serve
from tests.serving.tiny_model import (
    BASIC,
    COUGH,
    FEVER,
    SCOLIOSIS,
    SEIZURE,
    SEIZURE_BEFORE,
    TINY_KNOWLEDGE,
    VOCABULARY,
    Publisher,
    tiny_explanation,
)

MOTOR_SEIZURE = "HP:0020219"
ROOT = "HP:0000118"


def encoder_of(*vocabulary: str) -> Encoder:
    contract = FeatureContract(
        numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=vocabulary, knowledge_version="toy"
    )
    return Encoder(contract, TINY_KNOWLEDGE)


def explain(presentation: Presentation, weights: dict[str, float], *, vocabulary: tuple[str, ...]) -> Explanation:
    """The lines of a patient, for whom each named input weighs what is given."""
    encoder = encoder_of(*vocabulary)
    names = (*NUMERIC, *CATEGORICAL, *vocabulary)
    inputs = np.array([weights.get(name, 0.0) for name in names])
    parts = MarginParts(base=-1.0, margin=-1.0 + float(inputs.sum()), inputs=inputs)
    return explanation_of(parts, encoder.encode(columns_of([presentation])), presentation, encoder, TINY_KNOWLEDGE)


def patient(*findings: tuple[str, str], **fields: object) -> Presentation:
    phenotypes = tuple(Phenotype(hpo_id=term, status=FindingStatus(status)) for term, status in findings)
    return Presentation.model_validate({"phenotypes": phenotypes, **fields})


def line(explanation: Explanation, name: str) -> Contribution:
    [found] = [one for one in explanation.contributions if one.name == name]
    return found


def test_every_input_is_in_exactly_one_line() -> None:
    inputs = [one for line in LINES.values() for one in line]
    assert sorted(inputs) == sorted((*NUMERIC, *CATEGORICAL))


def test_every_line_has_its_fields_name_or_its_inputs_and_a_text() -> None:
    assert set(LINES) <= set(PredictRequest.model_fields) | set(NUMERIC)
    assert {f"field.{name}" for name in LINES} <= set(text_table())


def test_what_stands_for_one_thing_is_added_up() -> None:
    weights = {"days": 0.5, "log_days": 0.25, "days_missing": -0.125, "fever_x_days": 7.0, "age_band": 3.0}
    explanation = explain(patient(days=30, age_years=2), weights, vocabulary=(FEVER,))
    days = line(explanation, "days")
    assert (days.weight, days.value, days.kind, days.label, days.status) == (0.625, 30, "number", None, None)
    assert (line(explanation, "age").weight, line(explanation, "age").value) == (3.0, 2)
    assert line(explanation, "fever_x_days").weight == 7.0


def test_what_was_not_given_has_no_value() -> None:
    explanation = explain(patient(sex=Sex.FEMALE), {}, vocabulary=(FEVER,))
    for name in ("days", "spo2", "pregnant", "visit_type", "pulse_pressure", "systems_involved", "fever_x_days"):
        assert line(explanation, name).value is None
    assert (line(explanation, "sex").value, line(explanation, "sex").kind) == ("female", "category")


def test_numbers_made_from_several_fields_have_the_value_that_the_model_got() -> None:
    explanation = explain(
        patient((SEIZURE, "observed"), (COUGH, "observed"), systolic_bp=120, diastolic_bp=70), {}, vocabulary=(FEVER,)
    )
    assert line(explanation, "pulse_pressure").value == 50
    assert line(explanation, "systems_involved").value == 2


def test_what_follows_from_a_finding_counts_with_it() -> None:
    """Motor seizure is not in the vocabulary: it is there as the more general terms."""
    explanation = explain(patient((MOTOR_SEIZURE, "observed")), {SEIZURE: 1.0, ROOT: 0.5}, vocabulary=(ROOT, SEIZURE))
    assert [(one.name, one.weight) for one in explanation.contributions if one.kind == "finding"] == [
        (MOTOR_SEIZURE, 1.5)
    ]


def test_what_follows_from_several_findings_counts_in_equal_parts() -> None:
    explanation = explain(
        patient((SEIZURE, "observed"), (COUGH, "observed"), (FEVER, "excluded")),
        {SEIZURE: 1.0, COUGH: -2.0, ROOT: 0.5, FEVER: 0.25},
        vocabulary=(ROOT, SEIZURE, FEVER, COUGH),
    )
    assert [line(explanation, name).weight for name in (SEIZURE, COUGH, FEVER)] == [1.25, -1.75, 0.25]


def test_a_finding_that_is_given_itself_keeps_its_own_weight() -> None:
    explanation = explain(
        patient((MOTOR_SEIZURE, "observed"), (SEIZURE, "observed")),
        {SEIZURE: 1.0, MOTOR_SEIZURE: 0.5},
        vocabulary=(SEIZURE, MOTOR_SEIZURE),
    )
    assert [line(explanation, name).weight for name in (SEIZURE, MOTOR_SEIZURE)] == [1.0, 0.5]


def test_an_excluded_finding_stands_for_all_its_kinds_but_not_for_one_that_is_there() -> None:
    weights = {SEIZURE: -1.0, MOTOR_SEIZURE: -0.5}
    absent = explain(patient((SEIZURE, "excluded")), weights, vocabulary=(SEIZURE, MOTOR_SEIZURE))
    assert (line(absent, SEIZURE).weight, line(absent, SEIZURE).status) == (-1.5, "excluded")
    both = explain(
        patient((SEIZURE, "excluded"), (MOTOR_SEIZURE, "observed")), weights, vocabulary=(SEIZURE, MOTOR_SEIZURE)
    )
    assert [line(both, name).weight for name in (SEIZURE, MOTOR_SEIZURE)] == [0, -1.5]


@pytest.mark.parametrize(("weight", "is_shown"), [(SMALLEST_WEIGHT, True), (-SMALLEST_WEIGHT, True), (0.0099, False)])
def test_unmentioned_findings_stand_alone_from_a_weight_on_and_are_else_added_up(weight: float, is_shown: bool) -> None:
    explanation = explain(patient(), {COUGH: weight, FEVER: 0.001}, vocabulary=(COUGH, FEVER))
    shown = [(one.name, one.status) for one in explanation.contributions if one.kind == "finding"]
    assert shown == ([(COUGH, "not_mentioned")] if is_shown else [])
    assert explanation.remainder == pytest.approx(0.001 if is_shown else 0.001 + weight)


def test_a_given_finding_is_shown_even_if_it_weighs_nothing() -> None:
    assert line(explain(patient((COUGH, "observed")), {}, vocabulary=(FEVER,)), COUGH).weight == 0


def test_the_heaviest_comes_first_whatever_its_sign() -> None:
    explanation = explain(patient(days=1), {"days": -2.0, "sex": 1.0, "spo2": -0.5}, vocabulary=(FEVER,))
    assert [one.name for one in explanation.contributions[:3]] == ["days", "sex", "spo2"]


_TERMS = (SEIZURE, MOTOR_SEIZURE, FEVER, COUGH, SCOLIOSIS)


@given(
    st.lists(
        st.tuples(st.sampled_from(_TERMS), st.sampled_from(["observed", "excluded"])), unique_by=lambda one: one[0]
    ),
    st.lists(st.floats(-3, 3), min_size=99, max_size=99),
    st.sets(st.sampled_from((ROOT, *_TERMS)), min_size=1),
)
def test_the_lines_and_the_remainder_sum_to_the_margin(
    findings: list[tuple[str, str]], numbers: list[float], vocabulary: set[str]
) -> None:
    names = (*NUMERIC, *CATEGORICAL, *sorted(vocabulary))
    weights = dict(zip(names, numbers, strict=False))
    explanation = explain(patient(*findings), weights, vocabulary=tuple(sorted(vocabulary)))
    total = explanation.base + explanation.remainder + sum(one.weight for one in explanation.contributions)
    assert total == pytest.approx(explanation.margin, rel=1e-9, abs=1e-9)


def ask(client: TestClient, **changes: object) -> dict:
    response = client.post("/predict", params={"include": "explanation"}, json=BASIC | changes)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.fixture
def explaining(publisher: Publisher, serve: Serve):
    publisher.publish(explanation=tiny_explanation())
    with serve() as client:
        yield client


def test_the_answer_says_what_its_probability_is_made_of(explaining: TestClient) -> None:
    body = ask(
        explaining,
        phenotypes=[{"hpo_id": SEIZURE_BEFORE}, {"hpo_id": SCOLIOSIS}, {"hpo_id": COUGH, "status": "excluded"}],
    )
    explanation = body["explanation"]
    assert (explanation["base"], explanation["margin"], explanation["remainder"]) == (-3, -1, 0)
    assert 1 / (1 + math.exp(-explanation["margin"])) == pytest.approx(body["probabilities"]["rare"], abs=1e-6)
    weights = {one["name"]: one["weight"] for one in explanation["contributions"] if one["weight"]}
    assert weights == {SEIZURE: 2, SCOLIOSIS: 2, COUGH: -2}
    first = next(one for one in explanation["contributions"] if one["name"] == SEIZURE)
    assert first == {
        "name": SEIZURE,
        "kind": "finding",
        "label": {"es": "Crisis epiléptica (convulsión)", "en": "Seizure"},
        "status": "observed",
        "value": None,
        "weight": 2,
    }


def test_numbers_and_choices_come_back_as_they_were_sent(explaining: TestClient) -> None:
    lines = {one["name"]: one for one in ask(explaining, sex="male", spo2=93.5)["explanation"]["contributions"]}
    assert [lines[name]["value"] for name in ("fever", "age", "sex", "spo2", "heart_rate")] == [
        2.5,
        40,
        "male",
        93.5,
        None,
    ]


def test_the_log_does_not_repeat_what_can_be_computed_again(explaining: TestClient, tmp_path) -> None:
    ask(explaining, phenotypes=[{"hpo_id": SEIZURE}])
    assert "weight" not in (tmp_path / "log" / "predicciones_dev.txt").read_text()


def test_without_a_file_or_a_model_there_is_no_explanation(client: TestClient, serve: Serve, tmp_path) -> None:
    assert ask(client)["explanation"] is None
    from raretriage.storage import open_bucket

    with serve(bucket=open_bucket("memory://"), log_dir=tmp_path / "other") as rules:
        body = ask(rules)
    assert (body["fallback"], body["explanation"]) == (True, None)


def test_the_vocabulary_of_the_tiny_model_is_what_these_tests_assume() -> None:
    assert set(VOCABULARY) == {SEIZURE, FEVER, COUGH, SCOLIOSIS}
