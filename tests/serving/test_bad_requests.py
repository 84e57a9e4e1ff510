"""Every bad request is a problem document that names the field and never repeats what was sent."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.serving.conftest import Serve
from tests.serving.tiny_model import BASIC, INHERITANCE, SCOLIOSIS, SEIZURE, SEIZURE_BEFORE

JSON = {"Content-Type": "application/json"}


def errors_of(client: TestClient, body: object, status: int = 422) -> list[dict]:
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    response = client.post("/predict", content=content, headers=JSON)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert {"type", "title", "detail"} <= problem.keys()
    return problem.get("errors", [])


@pytest.mark.parametrize(
    ("field", "value", "problem", "allowed"),
    [
        ("fever", 10.001, "above", "a number from 0 to 10 (points)"),
        ("fever", -0.001, "below", "a number from 0 to 10 (points)"),
        ("pain", 11, "above", "a number from 0 to 10 (points)"),
        ("days", -1, "below", "a number from 0 to 36525 (days)"),
        ("comorbidity", 6, "above", "a number from 0 to 5 (diseases)"),
        ("age", 121, "above", "a number from 0 to 120 (years)"),
        ("spo2", 101, "above", "a number from 40 to 100 (%)"),
        ("temperature_c", 98.6, "above", "a number from 25 to 45 (°C)"),
        ("fever", True, "is not a number", "a number from 0 to 10 (points)"),
        ("fever", "3", "is not a number", "a number from 0 to 10 (points)"),
        ("fever", None, "is not a number", "a number from 0 to 10 (points)"),
        ("fever", [3], "is not a number", "a number from 0 to 10 (points)"),
        ("sex", "F", "not of the right kind", "female, male, other"),
        ("visit_type", "ER", "not of the right kind", "emergency, outpatient"),
        ("phenotypes", "HP:0001250", "not of the right kind", "a list of {hpo_id, status, onset_days}"),
        ("complaint", "x" * 2001, "length", "at most 2000"),
        ("patient_id", "", "length", "at least 1"),
    ],
)
def test_a_bad_value_names_its_field_and_range(
    client: TestClient, field: str, value: object, problem: str, allowed: str
) -> None:
    [error] = errors_of(client, BASIC | {field: value})
    assert error["field"] == field
    assert problem in error["problem"]
    assert error["allowed"] == allowed
    assert error["fix"]


@pytest.mark.parametrize(("field", "value"), [("fever", 10), ("fever", 0), ("age", 120), ("spo2", 40), ("days", 36525)])
def test_the_ends_of_a_range_are_allowed(client: TestClient, field: str, value: float) -> None:
    assert client.post("/predict", json=BASIC | {field: value}).status_code == 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_nan_and_infinity_are_refused(client: TestClient, number: str) -> None:
    [error] = errors_of(client, '{"fever": %s, "pain": 1, "days": 1}' % number)  # noqa: UP031 - braces
    assert (error["field"], error["problem"]) == ("fever", "is not a finite number")


def test_all_missing_fields_are_named_at_once(client: TestClient) -> None:
    assert [(e["field"], e["problem"]) for e in errors_of(client, {})] == [
        ("fever", "is missing"),
        ("pain", "is missing"),
        ("days", "is missing"),
    ]


def test_an_unknown_field_is_refused_with_the_nearest_name(client: TestClient) -> None:
    [error] = errors_of(client, BASIC | {"feber": 3})
    assert error["field"] == "feber"
    assert error["fix"] == "did you mean fever?"


def test_the_label_of_a_patient_cannot_be_sent(client: TestClient) -> None:
    assert errors_of(client, BASIC | {"state": "acute"})[0]["problem"] == "is not a field of this request"


@pytest.mark.parametrize("body", ["[]", "3", '"text"', "null", "true"])
def test_a_body_that_is_no_object_is_refused(client: TestClient, body: str) -> None:
    errors_of(client, body)


@pytest.mark.parametrize(
    "body",
    [
        '{"fever":',
        "{'fever': 1}",
        "",
        b"\xff\xfe",
        b'{"fever": "\xff"}',
        "[" * 100_000,
        '{"fever": ' + "1" * 5000 + "}",
    ],
)
def test_malformed_json_is_a_400(client: TestClient, body: str | bytes) -> None:
    response = client.post("/predict", content=body, headers=JSON)
    assert response.status_code in {400, 422}
    assert response.headers["content-type"] == "application/problem+json"
    if body:
        assert response.status_code == 400


def test_an_unknown_finding_is_named_with_its_place_and_near_ones(client: TestClient) -> None:
    [error] = errors_of(client, BASIC | {"phenotypes": [{"hpo_id": SCOLIOSIS}, {"hpo_id": "HP:0001251"}]})
    assert error["field"] == "phenotypes[1].hpo_id"
    assert "not in the ontology" in error["problem"]
    assert error["fix"] == "did you mean HP:0001250 (Seizure)?"


def test_an_unknown_finding_without_neighbours_still_says_what_to_do(client: TestClient) -> None:
    [error] = errors_of(client, BASIC | {"phenotypes": [{"hpo_id": "HP:9999999"}]})
    assert "hpo.jax.org" in error["fix"]


@pytest.mark.parametrize("hpo_id", ["HP:1250", "0001250", "hp:0001250", "HP:00012500", ""])
def test_what_is_no_hpo_id_is_refused(client: TestClient, hpo_id: str) -> None:
    [error] = errors_of(client, BASIC | {"phenotypes": [{"hpo_id": hpo_id}]})
    assert error["field"] == "phenotypes[0].hpo_id"
    assert error["allowed"] == "an HPO id such as HP:0001250"


def test_a_term_that_is_no_finding_is_refused(client: TestClient) -> None:
    [error] = errors_of(client, BASIC | {"phenotypes": [{"hpo_id": INHERITANCE}]})
    assert "no clinical finding" in error["problem"]


def test_a_finding_cannot_be_observed_and_excluded_even_under_two_ids(client: TestClient) -> None:
    both = [{"hpo_id": SEIZURE}, {"hpo_id": SEIZURE_BEFORE, "status": "excluded"}]
    [error] = errors_of(client, BASIC | {"phenotypes": both})
    assert error["field"] == "phenotypes[1].status"
    assert "phenotypes[0]" in error["problem"]


@pytest.mark.parametrize(("systolic", "diastolic"), [(80, 80), (79, 80)])
def test_pressures_that_contradict_each_other_are_refused(client: TestClient, systolic: int, diastolic: int) -> None:
    [error] = errors_of(client, BASIC | {"systolic_bp": systolic, "diastolic_bp": diastolic})
    assert error["field"] == "systolic_bp"


def test_too_many_findings_are_refused(client: TestClient) -> None:
    [error] = errors_of(client, BASIC | {"phenotypes": [{"hpo_id": SEIZURE}] * 501})
    assert (error["field"], error["allowed"]) == ("phenotypes", "at most 500")


def test_no_error_repeats_a_value(client: TestClient) -> None:
    secret = {
        "fever": "SECRET-1",
        "sex": "SECRET-2",
        "age": 98765,
        "phenotypes": [{"hpo_id": "SECRET-3", "status": "SECRET-4", "onset_days": -98765}],
        "complaint": ["SECRET-5"],
        "patient_id": 98765,
    }
    text = client.post("/predict", json=BASIC | secret).text
    assert len(json.loads(text)["errors"]) == 8
    assert "SECRET" not in text
    assert "98765" not in text


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])
def test_another_media_type_is_a_415(client: TestClient, kind: str) -> None:
    response = client.post("/predict", content=json.dumps(BASIC), headers={"Content-Type": kind})
    assert response.status_code == 415
    assert response.headers["content-type"] == "application/problem+json"


def test_json_with_a_charset_is_json(client: TestClient) -> None:
    response = client.post(
        "/predict", content=json.dumps(BASIC), headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert response.status_code == 200


def test_an_unknown_address_is_a_404_problem(client: TestClient) -> None:
    response = client.get("/nothing")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


def test_a_wrong_method_is_a_405_problem_that_names_the_right_one(client: TestClient) -> None:
    response = client.get("/predict")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.headers["content-type"] == "application/problem+json"


def test_a_body_of_ten_megabytes_is_a_413(client: TestClient) -> None:
    response = client.post("/predict", content=b" " * 10_000_000, headers=JSON)
    assert response.status_code == 413
    assert response.headers["content-type"] == "application/problem+json"


def test_a_streamed_body_is_counted_without_a_declared_length(client: TestClient) -> None:
    def pieces():
        for _ in range(200):
            yield b" " * 10_000

    response = client.post("/predict", content=pieces(), headers=JSON)
    assert "content-length" not in response.request.headers
    assert response.status_code == 413


@pytest.mark.parametrize(("size", "status"), [(500, 200), (501, 413)])
def test_the_limit_is_exact(serve: Serve, size: int, status: int) -> None:
    body = json.dumps(BASIC)
    with serve(max_body_bytes=500) as client:
        response = client.post("/predict", content=body + " " * (size - len(body)), headers=JSON)
    assert response.status_code == status


def test_refused_requests_leave_no_line(client: TestClient, tmp_path: Path) -> None:
    errors_of(client, BASIC | {"fever": 11})
    errors_of(client, BASIC | {"phenotypes": [{"hpo_id": "HP:9999999"}]})
    assert (tmp_path / "log" / "predicciones_dev.txt").read_text() == ""


def test_a_fault_of_our_own_is_a_500_problem_without_details(serve: Serve) -> None:
    def broken_clock():
        raise RuntimeError("SECRET")

    with serve(now=broken_clock) as client:
        response = client.post("/predict", json=BASIC)
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "SECRET" not in response.text
