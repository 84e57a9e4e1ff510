"""POST /predict/batch: many patients at once say what each would have said alone, in JSON and in Arrow."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raretriage.domain import RANGES, State
from raretriage.serving import verify_log
from raretriage.storage import open_bucket
from tests.serving.conftest import Serve
from tests.serving.tiny_model import BASIC, COUGH, FEVER, SCOLIOSIS, SEIZURE, STATUS_EPILEPTICUS, Publisher

ARROW = "application/vnd.apache.arrow.stream"
FINDING = pa.struct([("hpo_id", pa.string()), ("status", pa.string()), ("onset_days", pa.float64())])
SCHEMA = pa.schema(
    [
        *((name, pa.float64()) for name in ("fever", "pain", "days", "comorbidity", "age", "temperature_c", "spo2")),
        *((name, pa.string()) for name in ("sex", "pregnant", "visit_type", "complaint")),
        ("phenotypes", pa.list_(FINDING)),
    ]
)
PATIENTS: list[dict[str, object]] = [
    BASIC,
    BASIC | {"fever": 9, "spo2": 80.0, "sex": "female", "pregnant": "yes"},
    BASIC | {"phenotypes": [{"hpo_id": COUGH}, {"hpo_id": FEVER, "status": "observed", "onset_days": 2}]},
    BASIC | {"phenotypes": [{"hpo_id": SEIZURE, "status": "excluded"}], "age": 0.5},
    BASIC | {"complaint": "Dolor de pecho", "days": 5_000},
]


def stream(rows: Sequence[Mapping[str, object]], schema: pa.Schema = SCHEMA) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_table(pa.Table.from_pylist(list(rows), schema))
    return sink.getvalue().to_pybytes()


def ask_json(client: TestClient, patients: Sequence[Mapping[str, object]]):
    return client.post("/predict/batch", json={"patients": list(patients)})


def ask_arrow(client: TestClient, body: bytes):
    return client.post("/predict/batch", content=body, headers={"Content-Type": ARROW})


def told(answer: dict) -> dict:
    """All of an answer but its id."""
    return {name: value for name, value in answer.items() if name != "prediction_id"}


def test_each_answer_is_what_the_patient_would_have_got_alone(client: TestClient) -> None:
    alone = [client.post("/predict", json=patient).json() for patient in PATIENTS]
    answers = ask_json(client, PATIENTS).json()["answers"]
    assert [told(answer) for answer in answers] == [told(answer) for answer in alone]


def test_arrow_says_the_same_as_json(client: TestClient) -> None:
    answers = ask_json(client, PATIENTS).json()["answers"]
    response = ask_arrow(client, stream(PATIENTS))
    assert (response.status_code, response.headers["content-type"]) == (200, ARROW)
    table = pa.ipc.open_stream(response.content).read_all()
    rows = table.to_pylist()
    for row, answer in zip(rows, answers, strict=True):
        decision, probabilities = answer["decision"], answer["probabilities"]
        assert {name: row[name] for name in ("status", "rare")} == {name: answer[name] for name in ("status", "rare")}
        for name in ("review", "tier", "states", "unsure", "red_flags", "outside"):
            assert row[name] == decision[name]
        assert row["rare_probability"] == probabilities["rare"]
        assert {state: row[f"probability_{state}"] for state in State} == probabilities["states"]
    assert table.schema.metadata[b"model_version"] == b"2026.03.01-test"
    assert b"no diagnostica" in table.schema.metadata[b"notice_es"] or table.schema.metadata[b"notice_es"]


def test_every_answer_has_a_line_of_its_own(client: TestClient, tmp_path: Path) -> None:
    rows = pa.ipc.open_stream(ask_arrow(client, stream(PATIENTS)).content).read_all().to_pylist()
    lines = (tmp_path / "log" / "predicciones_dev.txt").read_bytes().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [row["prediction_id"] for row in rows]
    assert verify_log(lines).lines == len(PATIENTS)
    said = client.post("/feedback", json={"prediction_id": rows[2]["prediction_id"], "verdict": "confirmed"})
    assert said.status_code == 200


def test_one_bad_patient_and_nobody_is_answered(client: TestClient, tmp_path: Path) -> None:
    bad = [BASIC, BASIC | {"fever": 99}, BASIC | {"phenotypes": [{"hpo_id": "HP:9999999"}]}]
    for response in (ask_json(client, bad[:2]), ask_arrow(client, stream(bad[:2]))):
        assert response.status_code == 422
        [fault] = response.json()["errors"]
        assert fault["field"] == "patients[1].fever"
        assert "0 to 10" in fault["allowed"]
    for response in (ask_json(client, [bad[0], bad[2]]), ask_arrow(client, stream([bad[0], bad[2]]))):
        [fault] = response.json()["errors"]
        assert fault["field"] == "patients[1].phenotypes[0].hpo_id"
    assert (tmp_path / "log" / "predicciones_dev.txt").read_bytes() == b""


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        (b"", "", "Arrow IPC stream"),
        (b"no arrow at all", "", "Arrow IPC stream"),
        (stream(PATIENTS)[:-200], "", "Arrow IPC stream"),
        (stream([]), "patients", "no or too many rows"),
        (stream([{"fevre": 1.0}], pa.schema([("fevre", pa.float64())])), "fevre", "not a column"),
        (stream([{"fever": 1.0}], pa.schema([("fever", pa.float64())])), "patients[0].pain", "is missing"),
        (stream([{"fever": "1"}], pa.schema([("fever", pa.string())])), "patients[0].fever", "not a number"),
        (stream([BASIC | {"pain": float("nan")}]), "patients[0].pain", "finite"),
    ],
)
def test_a_bad_stream_is_refused_by_name(client: TestClient, body: bytes, field: str, words: str) -> None:
    response = ask_arrow(client, body)
    assert response.status_code == 422
    faults = response.json()["errors"]
    assert any(fault["field"] == field and words in fault["problem"] for fault in faults), faults


def test_a_table_may_lack_what_is_optional_and_come_in_several_batches(client: TestClient) -> None:
    schema = pa.schema([("days", pa.int32()), ("pain", pa.int64()), ("fever", pa.float32())])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for days in (3, 40, 400):
            writer.write_batch(pa.record_batch([[days], [3], [2.5]], schema=schema))
    table = pa.ipc.open_stream(ask_arrow(client, sink.getvalue().to_pybytes()).content).read_all()
    alone = [client.post("/predict", json={"days": days, "pain": 3, "fever": 2.5}).json() for days in (3, 40, 400)]
    assert table.column("status").to_pylist() == [answer["status"] for answer in alone]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=300), cut=st.integers(0, 2_000))
def test_no_bytes_make_it_fail(client: TestClient, data: bytes, cut: int) -> None:
    whole = stream(PATIENTS)
    for body in (data, whole[:cut] + data, whole[: cut // 2] + data + whole[cut // 2 + len(data) :]):
        assert ask_arrow(client, body).status_code in {200, 422}


_NUMBERS = {"fever": "fever", "pain": "pain", "days": "days", "age": "age_years", "spo2": "spo2"}
numbers = {name: st.floats(RANGES[field].low, RANGES[field].high) for name, field in _NUMBERS.items()}
patients = st.lists(
    st.fixed_dictionaries(
        {name: numbers[name] for name in ("fever", "pain", "days")},
        optional={
            "age": numbers["age"],
            "spo2": numbers["spo2"],
            "sex": st.sampled_from(["female", "male", "other"]),
            "phenotypes": st.dictionaries(
                st.sampled_from([COUGH, FEVER, SCOLIOSIS, SEIZURE, STATUS_EPILEPTICUS]),
                st.sampled_from(["observed", "excluded"]),
            ).map(lambda found: [{"hpo_id": hpo_id, "status": status} for hpo_id, status in found.items()]),
        },
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=patients)
def test_whoever_stands_beside_a_patient_changes_nothing(client: TestClient, asked: list[dict[str, object]]) -> None:
    alone = [client.post("/predict", json=patient).json() for patient in asked]
    answers = ask_json(client, asked).json()["answers"]
    assert [told(answer) for answer in answers] == [told(answer) for answer in alone]
    table = pa.ipc.open_stream(ask_arrow(client, stream(asked)).content).read_all()
    assert table.column("status").to_pylist() == [answer["status"] for answer in alone]
    assert table.column("rare_probability").to_pylist() == [answer["probabilities"]["rare"] for answer in alone]


def test_without_a_model_the_rules_answer_a_batch_too(serve: Serve) -> None:
    with serve(bucket=open_bucket("memory://")) as client:
        table = pa.ipc.open_stream(ask_arrow(client, stream(PATIENTS)).content).read_all()
        assert table.column("rare_probability").null_count == len(PATIENTS)
        assert table.schema.metadata[b"fallback"] == b"true"


def test_too_many_patients_are_refused(publisher: Publisher, serve: Serve) -> None:
    publisher.publish()
    with serve() as client:
        response = ask_json(client, [BASIC] * 4_097)
        assert response.status_code == 422
        assert "4096" in response.json()["errors"][0]["allowed"]
        assert ask_arrow(client, stream([BASIC] * 4_097)).status_code == 422


def test_the_interface_describes_both_forms(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"]["/predict/batch"]["post"]
    assert set(described["requestBody"]["content"]) == {"application/json", ARROW}
    assert set(described["responses"]["200"]["content"]) == {"application/json", ARROW}
