"""The whole path, stage by stage through the command line: export, lake, warehouse, model, bucket, service, log.

One simulated hospital with identifiers planted everywhere goes through it; then all that was written is searched.
"""

import hashlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from raretriage.bucket import EVERYBODY, Manifest, current_entry, load_package
from raretriage.domain import Certificate, InputTier
from raretriage.features import Encoder
from raretriage.features.arrow import columns_of_table
from raretriage.knowledge import load_knowledge
from raretriage.lake import Lake
from raretriage.storage import open_bucket

pytestmark = [pytest.mark.server, pytest.mark.slow]

PATIENTS = 3_000
COMMAND = str(Path(sys.executable).parent / "raretriage")
CANARY = re.compile(rb"Canario[A-Z]?\d{4}")
PLANTED = ("Patient", "Encounter", "Condition", "Observation")


def cli(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in {"MODEL_URI", "LAKE_URL", "WAREHOUSE_URL"}}
    done = subprocess.run(
        [COMMAND, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, f"raretriage {' '.join(arguments)}: exit {done.returncode}\n{done.stderr[-3000:]}"
    return done


def plant(resource: dict[str, object], number: int) -> None:
    """Write a name that exists nowhere else into every kind of place that a hospital's resource may hide one in."""
    name = f"Canario{number % 10_000:04d}"
    resource["text"] = {"status": "generated", "div": f"<div>{name}E</div>".replace("E<", "<")}
    resource["extension"] = [
        {"url": "http://example.org/nickname", "valueString": name},
        {"url": "http://example.org/nested", "extension": [{"url": "x", "valueAddress": {"city": name}}]},
    ]
    resource["contained"] = [{"resourceType": "RelatedPerson", "id": "r", "name": [{"family": name}]}]
    resource["note"] = [{"text": f"Llamar a {name} al 3157778899"}]
    resource["fieldThatFhirMayAddOneDay"] = name
    resource["meta"] = {"source": name, "tag": [{"display": name}]}
    for coding in resource.get("code", {}).get("coding", []):  # type: ignore[attr-defined]
        coding["display"] = name
    if "code" in resource:
        resource["code"]["text"] = name  # type: ignore[index]
    if "subject" in resource:
        resource["subject"]["display"] = name  # type: ignore[index]
    if "serviceProvider" in resource:
        resource["serviceProvider"]["display"] = name  # type: ignore[index]
    if resource["resourceType"] == "Encounter":
        resource["reasonCode"] = [{"text": f"{name} tiene fiebre", "coding": [{"display": name}]}]
    if resource["resourceType"] == "Patient":
        resource["photo"] = [{"title": name}]
        resource["address"][0]["district"] = name  # type: ignore[index]
        resource["maritalStatus"] = {"text": name}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory) -> Path:
    """A folder in which every stage has run."""
    folder = tmp_path_factory.mktemp("hospital")
    cli(folder, "cohort", "export", "--patients", str(PATIENTS), "--out", "export", "--json", "cohort-figures.json")
    number = 0
    for kind in PLANTED:
        for path in sorted((folder / "export").glob(f"{kind}.*.ndjson")):
            lines = []
            for line in path.read_text(encoding="utf-8").splitlines():
                resource = json.loads(line)
                plant(resource, number := number + 1)
                lines.append(json.dumps(resource, ensure_ascii=False))
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # What hospitals send beside good lines: a cut one with a name in it, a reading that cannot be, a stray reference.
    with (folder / "export" / "Observation.000.ndjson").open("a", encoding="utf-8") as observations:
        observations.write('{"resourceType": "Observation", "id": "cut", "note": [{"text": "Canario0000\n')
    cli(folder, "ingest", "export", "--json", "ingest.json")
    cli(folder, "warehouse", "load", "--json", "warehouse.json")
    cli(folder, "train", "--json", "train.json")
    # 3,000 patients are too few for the cheat tests of the gate, which then says no.
    cli(folder, "evaluate", "--json", "evaluate.json", code=4)
    cli(folder, "publish", code=4)
    cli(folder, "publish", "--despite-gate", "--json", "publish.json")
    return folder


@pytest.fixture(scope="module")
def service(hospital) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (hospital / "service.log").open("wb") as log:
        process = subprocess.Popen([COMMAND, "serve", "--port", str(port)], cwd=hospital, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2)
                break
            except (urllib.error.URLError, ConnectionError):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((hospital / "service.log").read_text())
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def ask(service: str, body: dict[str, object]) -> dict[str, object]:
    request = urllib.request.Request(
        f"{service}/predict", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)  # type: ignore[no-any-return]


def figures(hospital: Path, name: str) -> dict[str, object]:
    return json.loads((hospital / name).read_text())  # type: ignore[no-any-return]


def test_every_record_is_accounted_for(hospital):
    made, report = figures(hospital, "cohort-figures.json"), figures(hospital, "ingest.json")
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in (hospital / "export").glob("*.ndjson"))
    assert report["read"] == lines + 1  # cohort.json is looked at too
    assert report["read"] == sum(report[key] for key in ("accepted", "quarantined", "duplicate", "unused"))
    bad = made["bad_records"]
    lost = bad.get("missing_subject", 0) + bad.get("unparsable_date", 0)
    assert report["encounters"]["accepted"] == made["encounters"] - lost
    assert report["duplicate"] == bad.get("identical_resources", 0)
    kept = Lake(str(hospital / "var/lake")).read("quarantine").to_pylist()
    assert len(kept) >= 1 + lost  # what belongs to a bad encounter is counted with it
    planted = len((hospital / "export" / "Observation.000.ndjson").read_text(encoding="utf-8").splitlines())
    assert ("Observation.000.ndjson", planted, None) in {
        (row["source_file"], row["source_line"], row["resource_type"]) for row in kept
    }


def test_ingesting_the_same_export_again_changes_nothing(hospital):
    lake = Lake(str(hospital / "var/lake"))
    before = (lake.version("encounters"), lake.read("quarantine").num_rows)
    cli(hospital, "ingest", "export", "--json", "again.json")
    again = figures(hospital, "again.json")
    assert (again["accepted"], again["lake_version"]) == (0, None)
    assert (lake.version("encounters"), lake.read("quarantine").num_rows) == before


def test_no_planted_name_and_no_raw_id_is_in_anything_that_was_written(hospital, service):
    ask(
        service,
        {"fever": 1, "pain": 1, "days": 1, "complaint": "Canario1234 tiene fiebre", "patient_id": "Canario1234"},
    )
    raw_ids = {
        json.loads(line)["id"]
        for path in (hospital / "export").glob("Patient.*")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    emails = set(re.findall(r"[\w.]+@correo\.example", (hospital / "export/Patient.000.ndjson").read_text("utf-8")))
    assert len(raw_ids) == PATIENTS
    assert len(emails) > PATIENTS / 2
    lake = Lake(str(hospital / "var/lake"))
    # Compressed stores are searched through their readers, everything else byte by byte.
    texts = [
        json.dumps(lake.read(t).to_pylist(), default=str).encode() for t in ("encounters", "quarantine", "ingests")
    ]
    with duckdb.connect(str(hospital / "var/warehouse.duckdb"), read_only=True) as warehouse:
        for (table,) in warehouse.execute("select table_name from information_schema.tables").fetchall():
            rows = warehouse.execute(f'select * from "{table}"').fetchall()  # noqa: S608 - names from the catalogue
            texts.append(json.dumps(rows, default=str).encode())
    with sqlite3.connect(hospital / "var/mlflow/mlflow.db") as mlflow:
        texts.append("\n".join(mlflow.iterdump()).encode())
    searched = [p for p in (hospital / "var").rglob("*") if p.is_file()]
    texts += [path.read_bytes() for path in searched]
    texts += [(hospital / name).read_bytes() for name in ("ingest.json", "train.json", "service.log", "warehouse.json")]
    folders = {path.relative_to(hospital / "var").parts[0] for path in searched}
    assert {"lake", "bucket", "log", "mlflow", "runs", "audit.jsonl"} <= folders
    everything = b"\n".join(texts)
    assert CANARY.findall(everything) == []
    assert [i for i in raw_ids if i.encode() in everything] == []
    assert [e for e in emails if e.encode() in everything] == []


def test_a_thousand_encounters_mean_the_same_in_training_and_in_the_service(hospital, service):
    bucket = open_bucket(f"file://{hospital}/var/bucket")
    package = load_package(bucket, current_entry(bucket, "dev"))
    table = Lake(str(hospital / "var/lake")).read("encounters").sort_by("encounter_id")
    for name in ("fever", "pain", "days"):  # the service requires these three
        table = table.filter(pc.is_valid(table[name]))
    table = table.slice(0, 1_000)
    assert table.num_rows == 1_000
    encoder = Encoder(package.manifest.features, load_knowledge(package.knowledge))
    wanted = encoder.encode(columns_of_table(table)).row_hashes()
    ids = [ask(service, request_of(row))["prediction_id"] for row in table.to_pylist()]
    logged = {
        line["id"]: line["content"]["graph_input_sha256"]
        for line in map(json.loads, (hospital / "var/log/predicciones_dev.txt").read_text("utf-8").splitlines())
    }
    assert [logged[i] for i in ids] == wanted
    assert len(set(wanted)) > 900


def request_of(row: dict[str, object]) -> dict[str, object]:
    """An encounter of the lake as a client would send it."""
    sent = ("fever", "pain", "days", "comorbidity", "sex", "pregnant", "visit_type", "temperature_c", "heart_rate",
            "respiratory_rate", "systolic_bp", "diastolic_bp", "spo2")  # fmt: skip
    body = {name: row[name] for name in sent if row[name] is not None}
    if row["age_years"] is not None:
        body["age"] = row["age_years"]
    body["phenotypes"] = [{k: v for k, v in finding.items() if v is not None} for finding in row["phenotypes"]]  # type: ignore[attr-defined]
    return body


def test_the_exported_graph_measures_as_the_training_did(hospital):
    manifest = Manifest.model_validate_json((hospital / "var/runs/latest/manifest.json").read_bytes())
    trained = {(m.tier, m.name, m.group): m for m in manifest.metrics if m.split == "temporal"}
    measured = {(m["tier"], m["name"], m["group"]): m for m in figures(hospital, "evaluate.json")["metrics"]}
    assert set(measured) == set(trained)
    for key, metric in trained.items():
        assert measured[key]["n"] == metric.n
        assert measured[key]["value"] == pytest.approx(metric.value, rel=0.01, abs=0.002)


def test_a_red_gate_says_what_is_missing_and_dev_takes_the_model_only_when_told(hospital):
    gate = figures(hospital, "evaluate.json")["gate"]
    assert gate["passed"] == {"dev": False, "prod": False}
    missing = {row["name"] for row in gate["rows"] if row["level"] == "dev" and not row["passed"]}
    assert "cheat test: rare from missingness" in missing
    assert not missing & {"ONNX parity", "no leaked patient", "no rare-only finding in the vocabulary"}
    assert "despite a red gate" in figures(hospital, "publish.json")["why"]


def test_the_model_is_what_the_ledger_says_and_mlflow_agrees(hospital):
    bucket = open_bucket(f"file://{hospital}/var/bucket")
    package = load_package(bucket, current_entry(bucket, "dev"))
    assert figures(hospital, "publish.json")["to_version"] == package.manifest.version
    served = (hospital / "var/bucket/models/rare-disease-triage/dev/model.onnx").read_bytes()
    assert hashlib.sha256(served).hexdigest() == package.manifest.files["model.onnx"].sha256
    with sqlite3.connect(hospital / "var/mlflow/mlflow.db") as mlflow:
        aliases = dict(mlflow.execute("select alias, version from registered_model_aliases"))
        tag = mlflow.execute(
            "select value from model_version_tags where key = 'version' and version = ?", (aliases["dev"],)
        ).fetchone()
        names = {row[0] for row in mlflow.execute("select name from runs")}
    assert tag == (package.manifest.version,)
    assert {"logistic_regression", "random_forest", "lightgbm"} <= {name.lower() for name in names}


def test_the_served_answer_is_the_command_lines_answer(hospital, service):
    body = {"fever": 6, "pain": 6, "days": 10, "comorbidity": 1, "age": 30, "heart_rate": 110,
            "phenotypes": [{"hpo_id": "HP:0001945"}, {"hpo_id": "HP:0012735"}]}  # fmt: skip
    (hospital / "patient.json").write_text(json.dumps(body))
    printed = json.loads(cli(hospital, "predict", "patient.json").stdout)
    answer = ask(service, body)
    assert (printed["status"], printed["rare"], printed["model"]) == (
        answer["status"], answer["rare"], answer["model"]["version"])  # fmt: skip
    assert answer["model"]["simulated"] is True


def test_who_tells_no_finding_is_asked_for_what_the_training_found(hospital, service):
    """Among so few patients that may be nothing: then nothing is asked for."""
    manifest = Manifest.model_validate_json((hospital / "var/runs/latest/manifest.json").read_bytes())
    found = manifest.helpful_findings
    assert {EVERYBODY, "child", "adult"} <= set(found)
    assert {one.hpo_id for own in found.values() for one in own} <= set(manifest.features.vocabulary)
    answer = ask(service, {"fever": 2, "pain": 3, "days": 10})
    promised = isinstance(manifest.certificates[InputTier.FINDINGS], Certificate)
    asked = [one.hpo_id for one in found[EVERYBODY]][:5] if answer["rare"] == "not_assessed" and promised else []
    assert answer["decision"]["helpful_findings"] == asked  # type: ignore[index]


def test_the_prediction_log_is_proved_unchanged_and_a_changed_one_is_not(hospital, service):
    ask(service, {"fever": 1, "pain": 1, "days": 1})
    cli(hospital, "log", "verify", "--json", "log.json")
    assert figures(hospital, "log.json")["lines"] >= 1
    changed = hospital / "changed"
    changed.mkdir(exist_ok=True)
    lines = (hospital / "var/log/predicciones_dev.txt").read_bytes()
    (changed / "predicciones_dev.txt").write_bytes(lines.replace(b'"fever":1', b'"fever":2', 1))
    environment = {**os.environ, "LOG_DIR": str(changed)}
    done = subprocess.run([COMMAND, "log", "verify"], cwd=hospital, env=environment, capture_output=True, check=False)
    assert (done.returncode, b"line 1" in done.stderr) == (4, True)


def test_any_lake_version_can_be_read_back(hospital):
    listed = cli(hospital, "lake", "history").stdout
    assert "ingest" in listed
    cli(hospital, "lake", "read", "--version", "1", "--out", "v1.parquet")
    rows = pq.read_metadata(hospital / "v1.parquet").num_rows
    assert rows == figures(hospital, "ingest.json")["encounters"]["accepted"]


def test_whoever_touches_lake_warehouse_or_keys_leaves_a_line(hospital):
    lines = [json.loads(line) for line in (hospital / "var/audit.jsonl").read_text().splitlines()]
    actions = {line["action"] for line in lines}
    assert {"create key", "read key", "ingest into", "load", "read for training", "publish"} <= actions
    assert all(line["who"] and line["when"] and line["target"] for line in lines)


def test_the_privacy_report_counts_patients_who_stand_out(hospital):
    cli(hospital, "privacy", "report", "--json", "k.json")
    assert figures(hospital, "k.json")["k_min"] >= 1


def test_a_new_key_renames_everybody_and_nothing_else(hospital):
    lake = Lake(str(hospital / "var/lake"))
    before = lake.read("encounters").sort_by("encounter_id")
    cli(hospital, "privacy", "rotate-key", "--yes")
    after = lake.read("encounters")
    assert set(before["patient_id"].to_pylist()) & set(after["patient_id"].to_pylist()) == set()
    assert after.num_rows == before.num_rows
    assert len(set(after["patient_id"].to_pylist())) == len(set(before["patient_id"].to_pylist()))
    cli(hospital, "ingest", "export", "--json", "after-rotation.json")
    report = figures(hospital, "after-rotation.json")
    assert (report["accepted"], report["lake_version"]) == (0, None), "the same patients got the same new pseudonyms"
    assert not (hospital / "var/keys/pseudonym.json.next").exists()
