"""POST /predict: what today's clients know, and what the decision table adds to it."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from raretriage.domain import NEONATE_UNDER_YEARS, Basis, InputTier, Refusal, State
from raretriage.privacy import Keyring
from tests.serving.conftest import Serve
from tests.serving.tiny_model import (
    BASIC,
    COUGH,
    FEVER,
    SCOLIOSIS,
    SEIZURE,
    SEIZURE_BEFORE,
    TONIC_STATUS,
    Publisher,
    certificate,
    tiny_differential,
    tiny_explanation,
)

TWO_FINDINGS = [{"hpo_id": SEIZURE}, {"hpo_id": SCOLIOSIS}]


def ask(client: TestClient, **changes: object) -> dict:
    response = client.post("/predict", json=BASIC | changes)
    assert response.status_code == 200, response.text
    return response.json()


def logged(tmp_path: Path) -> list[dict]:
    return [json.loads(line) for line in (tmp_path / "log" / "predicciones_dev.txt").read_text().splitlines()]


def test_todays_clients_get_what_they_expect(client: TestClient) -> None:
    response = client.post("/predict", json={"fever": 2.5, "pain": 3, "days": 3, "comorbidity": 0, "age": 40})
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "ENFERMEDAD LEVE"
    assert body["input"] == {"fever": 2.5, "pain": 3, "days": 3, "comorbidity": 0, "age": 40}


def test_age_and_comorbidity_are_echoed_by_default_but_missing_to_the_model(client: TestClient, tmp_path: Path) -> None:
    body = client.post("/predict", json={"fever": 2, "pain": 3, "days": 3}).json()
    assert (body["input"]["comorbidity"], body["input"]["age"]) == (0, 40)
    assert {"comorbidity", "age_years"}.isdisjoint(logged(tmp_path)[0]["content"]["input"])


def test_a_fractional_age_is_accepted_and_whole_numbers_come_back_whole(client: TestClient) -> None:
    response = client.post("/predict", content='{"fever":1,"pain":1,"days":1,"age":40.0}', headers=JSON)
    assert '"age":40,' in response.text.replace("}", ",")
    assert ask(client, age=1.5)["input"]["age"] == 1.5


JSON = {"Content-Type": "application/json"}


def test_the_state_probabilities_sum_to_one_and_name_every_state(client: TestClient) -> None:
    states = ask(client)["probabilities"]["states"]
    assert set(states) == set(State)
    assert sum(states.values()) == pytest.approx(1, abs=1e-6)


def test_every_answer_says_that_it_is_triage_in_both_languages(client: TestClient) -> None:
    notice = ask(client)["notice"]
    assert "no diagnostica" in notice["es"]
    assert "does not diagnose" in notice["en"]


def test_two_findings_reach_the_certified_threshold(client: TestClient) -> None:
    body = ask(client, fever=9, phenotypes=TWO_FINDINGS)
    assert (body["status"], body["rare"], body["rare_label"]) == ("ENFERMEDAD AGUDA", "yes", "ENFERMEDAD HUÉRFANA")
    assert body["decision"]["review"] is True
    assert body["decision"]["certificate"]["threshold"] == 0.5
    assert body["decision"]["tier"] == "findings"


def test_below_the_threshold_there_is_no_alert(client: TestClient) -> None:
    body = ask(client, phenotypes=[*TWO_FINDINGS, {"hpo_id": COUGH, "status": "excluded"}])
    assert (body["rare"], body["rare_label"]) == ("no", None)
    assert body["decision"]["review"] is False
    assert body["decision"]["certificate"] is not None


@pytest.mark.parametrize(
    "findings",
    [
        [{"hpo_id": SEIZURE}],
        [{"hpo_id": SEIZURE}, {"hpo_id": SEIZURE_BEFORE}],  # the same one twice
        [{"hpo_id": finding, "status": "excluded"} for finding in (SEIZURE, SCOLIOSIS, COUGH)],
        [{"hpo_id": SEIZURE}, {"hpo_id": COUGH, "status": "excluded"}, {"hpo_id": FEVER, "status": "excluded"}],
    ],
)
def test_with_hardly_a_finding_present_nothing_is_ruled_out(client: TestClient, findings: list[dict]) -> None:
    body = ask(client, phenotypes=findings)
    assert (body["rare"], body["rare_label"]) == ("not_assessed", None)
    assert body["decision"]["few_findings"] is True
    assert (body["decision"]["certificate"], body["decision"]["refusal"]) == (None, None)
    assert "no se descarta" in body["advice"]["es"].lower()


def test_with_hardly_a_finding_present_an_alert_stands(publisher: Publisher, serve: Serve) -> None:
    publisher.publish(certificates={InputTier.FINDINGS: certificate(threshold=0.1)})
    with serve() as client:
        body = ask(client, phenotypes=[{"hpo_id": SEIZURE}])
    assert (body["rare"], body["decision"]["certificate"]) == ("yes", None)


def test_a_probability_on_the_threshold_alerts(publisher: Publisher, serve: Serve) -> None:
    publisher.publish()
    with serve() as client:
        probability = ask(client, phenotypes=TWO_FINDINGS)["probabilities"]["rare"]
    for step, flag in ((0.0, "yes"), (1e-9, "no")):
        certified = {InputTier.FINDINGS: certificate(threshold=probability + step)}
        publisher.publish(version=f"v{flag}", certificates=certified)
        with serve() as client:
            assert ask(client, phenotypes=TWO_FINDINGS)["rare"] == flag


def test_an_excluded_finding_lowers_the_rare_probability(client: TestClient) -> None:
    present = ask(client, phenotypes=TWO_FINDINGS)["probabilities"]["rare"]
    absent = ask(client, phenotypes=[TWO_FINDINGS[0], {"hpo_id": SCOLIOSIS, "status": "excluded"}])
    assert absent["probabilities"]["rare"] < present


def test_without_findings_rare_is_not_assessed_and_the_answer_says_what_would_help(client: TestClient) -> None:
    body = ask(client)
    assert (body["rare"], body["decision"]["tier"], body["decision"]["certificate"]) == ("not_assessed", "basic", None)
    assert body["decision"]["refusal"] == "specificity under 0.5"
    assert body["decision"]["helpful_findings"] == [SCOLIOSIS, SEIZURE]
    assert "hallazgos" in body["advice"]["es"]
    assert "findings" in body["advice"]["en"]


def test_findings_are_not_asked_for_where_they_would_not_help(publisher: Publisher, serve: Serve) -> None:
    nothing = {tier: Refusal(tier=tier, basis=Basis.SIMULATED, reason="x", positives=9) for tier in InputTier}
    publisher.publish(certificates=nothing)
    with serve() as client:
        for phenotypes in ([], TWO_FINDINGS):
            body = ask(client, phenotypes=phenotypes)
            assert body["rare"] == "not_assessed"
            assert body["advice"]["en"].endswith("it cannot be promised that one is not missed.")


def test_outside_the_training_the_advice_says_so(client: TestClient) -> None:
    assert "outside the data" in ask(client, days=4000)["advice"]["en"]


def test_a_vital_sign_makes_the_vitals_tier(client: TestClient) -> None:
    assert ask(client, heart_rate=80)["decision"]["tier"] == "vitals"


def test_several_possible_states_are_unsure_and_listed(client: TestClient) -> None:
    body = ask(client, fever=2)
    assert body["status"] == "NO SEGURO"
    assert body["decision"]["states"] == ["healthy", "mild"]
    assert body["decision"]["unsure"] == ["several_states"]


def test_healthy_alone_but_rare_is_unsure(client: TestClient) -> None:
    body = ask(client, fever=0, phenotypes=TWO_FINDINGS)
    assert (body["status"], body["rare"]) == ("NO SEGURO", "yes")
    assert body["decision"]["unsure"] == ["healthy_but_rare"]


def test_a_case_unlike_all_others_is_unsure(publisher: Publisher, serve: Serve) -> None:
    strict = {"coverage": 0.9, "bounds": {tier: dict.fromkeys(State, 0.999) for tier in InputTier}}
    publisher.publish(state_sets=strict)
    with serve() as client:
        body = ask(client, fever=4)
    assert (body["status"], body["decision"]["unsure"]) == ("NO SEGURO", ["unlike_calibration"])


@pytest.mark.parametrize(
    ("changes", "outside"),
    [
        ({"days": 3650}, []),
        ({"days": 3651}, ["days"]),
        ({"pregnant": "yes"}, ["pregnant"]),
        ({"pregnant": "no"}, []),
        ({"age": 0.05}, ["age"]),
        ({"age": NEONATE_UNDER_YEARS}, []),
    ],
)
def test_who_lies_outside_the_training_is_unsure(client: TestClient, changes: dict, outside: list[str]) -> None:
    body = ask(client, **changes)
    assert body["decision"]["outside"] == outside
    assert (body["status"] == "NO SEGURO") is bool(outside)
    assert ("outside_training" in body["decision"]["unsure"]) is bool(outside)


def test_outside_the_training_no_certificate_applies_but_an_alert_stays(client: TestClient) -> None:
    above = ask(client, days=4000, phenotypes=TWO_FINDINGS)
    below = ask(client, days=4000, phenotypes=TWO_FINDINGS[:1])
    assert (above["rare"], above["decision"]["certificate"]) == ("yes", None)
    assert (below["rare"], below["decision"]["certificate"]) == ("not_assessed", None)


def test_red_flags_show_whatever_the_model_says(client: TestClient) -> None:
    assert ask(client, fever=0, spo2=91)["decision"]["red_flags"] == ["low_spo2"]
    assert ask(client, fever=0, spo2=92)["decision"]["red_flags"] == []


def test_a_red_flag_names_its_rule_and_source(client: TestClient) -> None:
    decision = ask(client, fever=0, age=0.5, respiratory_rate=60)["decision"]
    assert decision["red_flags"] == ["respiratory_rate"]
    assert decision["red_flag_rules"] == [
        {"flag": "respiratory_rate", "rule": "vitals.infant_breathing_high", "source": "NICE NG51 table 1"}
    ]


def test_a_kind_of_an_urgent_finding_is_urgent(client: TestClient) -> None:
    assert ask(client, phenotypes=[{"hpo_id": TONIC_STATUS}])["decision"]["red_flags"] == ["seizure_now"]
    assert ask(client, phenotypes=[{"hpo_id": SEIZURE}])["decision"]["red_flags"] == []
    excluded = [{"hpo_id": TONIC_STATUS, "status": "excluded"}]
    assert ask(client, phenotypes=excluded)["decision"]["red_flags"] == []


def test_the_complaint_is_judged_as_typed_and_none_of_it_is_logged(client: TestClient, tmp_path: Path) -> None:
    decision = ask(client, complaint="Dolor torácico opresivo, lo trae Marta")["decision"]
    assert decision["red_flags"] == ["chest_pain"]
    [line] = logged(tmp_path)
    assert line["content"]["decision"]["red_flags"] == ["chest_pain"]
    assert "complaint" not in line["content"]["input"]
    assert not any(word in json.dumps(line) for word in ("opresivo", "Marta", "Dolor"))


def test_an_alternative_id_counts_as_its_term(client: TestClient, tmp_path: Path) -> None:
    new = ask(client, phenotypes=[{"hpo_id": SEIZURE}])
    old = ask(client, phenotypes=[{"hpo_id": SEIZURE_BEFORE}])
    assert old["probabilities"] == new["probabilities"]
    assert logged(tmp_path)[1]["content"]["input"]["phenotypes"][0]["hpo_id"] == SEIZURE


def test_the_answer_names_the_model_that_gave_it(client: TestClient) -> None:
    body = ask(client)
    assert body["fallback"] is False
    assert body["model"]["name"] == "rare-disease-triage"
    assert body["model"]["version"] == "2026.03.01-test"
    assert body["model"]["environment"] == "dev"
    assert body["model"]["simulated"] is True
    assert len(body["model"]["sha256"]) == 64
    assert body["timestamp"] == "2026-03-05T10:30:00.123000Z"
    assert (body["explanation"], body["differential"]) == (None, None)


def test_the_log_holds_the_de_identified_input_and_what_the_graph_got(client: TestClient, tmp_path: Path) -> None:
    body = ask(client, age=97, complaint="Ana Pérez, tel. 600 123 456, tos", phenotypes=[{"hpo_id": COUGH}])
    [line] = logged(tmp_path)
    assert line["id"] == body["prediction_id"]
    assert line["content"]["input"]["age_years"] == 90
    assert "complaint" not in line["content"]["input"]
    assert line["content"]["decision"]["status"] == body["status"]
    assert line["content"]["probabilities"] == body["probabilities"]
    assert len(line["content"]["graph_input_sha256"]) == 64
    assert body["input"]["age"] == 97


def test_equal_patients_give_the_graph_equal_bytes(client: TestClient, tmp_path: Path) -> None:
    ask(client)
    ask(client)
    ask(client, fever=3)
    hashes = [line["content"]["graph_input_sha256"] for line in logged(tmp_path)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_identifiers_are_logged_as_pseudonyms_only(publisher: Publisher, serve: Serve, tmp_path: Path) -> None:
    publisher.publish()
    keyring = Keyring.create()
    with serve(load_keyring=lambda: keyring) as client:
        ask(client, patient_id="MRN-778812", encounter_id="V-91", site="Hospital Real", region="CO-ANT")
    text = (tmp_path / "log" / "predicciones_dev.txt").read_text()
    kept = logged(tmp_path)[0]["content"]["input"]
    assert kept["patient_id"].startswith("p-")
    assert kept["encounter_id"].startswith("e-")
    assert kept["site"].startswith("site-")
    assert kept["key_id"] == keyring.key_id
    assert kept["region"] == "CO-ANT"
    assert not any(raw in text for raw in ("MRN-778812", "V-91", "Hospital Real"))


def test_a_region_that_names_no_state_is_not_logged(client: TestClient, tmp_path: Path) -> None:
    ask(client, region="Calle Mayor 3")
    assert "region" not in logged(tmp_path)[0]["content"]["input"]


@pytest.mark.parametrize("field", ["patient_id", "encounter_id", "site"])
def test_identifiers_without_a_key_are_refused(client: TestClient, field: str, tmp_path: Path) -> None:
    response = client.post("/predict", json=BASIC | {field: "MRN-778812"})
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert error["field"] == field
    assert "PSEUDONYM_KEY" in error["fix"]
    assert "MRN-778812" not in response.text
    assert (tmp_path / "log" / "predicciones_dev.txt").read_text() == ""


def test_what_takes_longer_is_computed_when_it_is_asked_for(publisher: Publisher, serve: Serve, tmp_path: Path) -> None:
    publisher.publish(explanation=tiny_explanation(), differential=tiny_differential())
    body = BASIC | {"phenotypes": [{"hpo_id": COUGH}, {"hpo_id": FEVER}]}
    with serve() as client:
        plain = client.post("/predict", json=body).json()
        one = client.post("/predict?include=differential", json=body).json()
        both = client.post("/predict?include=explanation&include=differential", json=body).json()
    assert (plain["explanation"], plain["differential"]) == (None, None)
    assert (one["explanation"], one["differential"]["diseases"][0]["id"]) == (None, "OMIM:2")
    assert both["explanation"]["contributions"]
    assert both["differential"] == one["differential"]
    same = ("status", "rare", "probabilities", "decision", "model")
    assert {name: plain[name] for name in same} == {name: both[name] for name in same}
    assert [line["content"]["differential"] is None for line in logged(tmp_path)] == [True, False, False]


@pytest.mark.parametrize(("query", "field"), [("include=everything", "include"), ("explain=true", "explain")])
def test_what_cannot_be_asked_for_is_refused_by_name(client: TestClient, query: str, field: str) -> None:
    refused = client.post(f"/predict?{query}", json=BASIC)
    assert refused.status_code == 422
    [fault] = refused.json()["errors"]
    assert fault["field"] == field
    assert "include=explanation|differential" in fault["allowed"]
