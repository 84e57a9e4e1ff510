"""An old answer comes out again, or it is said that it does not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from raretriage.bucket import current_entry, load_package
from raretriage.cli.exits import Exit
from raretriage.cli.main import run as raretriage
from raretriage.serving import NotReplayable, Outcome, Scorer, model_of, replay
from raretriage.serving.scorer import ENGINE
from raretriage.storage import Bucket, open_bucket
from tests.serving.conftest import Serve
from tests.serving.tiny_model import BASIC, COUGH, FEVER, Publisher, tiny_graph

Record = dict[str, Any]
FINDINGS = [{"hpo_id": COUGH, "onset_days": 3}, {"hpo_id": FEVER, "status": "excluded"}]
RICH = BASIC | {"sex": "female", "spo2": 97, "phenotypes": FINDINGS}


def last_line(folder: Path) -> Record:
    found: Record = json.loads((folder / "log" / "predicciones_dev.txt").read_text().splitlines()[-1])
    return found


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    """In a folder, so that the command reads the same one."""
    return open_bucket(f"file://{tmp_path}/bucket")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command's settings are those of the service."""
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "log"))
    monkeypatch.setenv("MODEL_URI", f"file://{tmp_path}/bucket")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_answer_comes_out_equal_to_the_bit(
    client: TestClient, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prediction = client.post("/predict", json=RICH).json()["prediction_id"]
    assert last_line(here)["content"]["onnxruntime"] == ENGINE
    assert raretriage(["log", "replay", prediction, "--json", "again.json"]) == Exit.DONE
    shown = " ".join(capsys.readouterr().out.split())
    assert f"equal to the bit; largest difference 0; ONNX Runtime {ENGINE} then" in shown
    assert json.loads((here / "again.json").read_text())["outcome"] == "bit_equal"


def test_the_model_that_answered_is_asked_not_the_one_of_today(
    client: TestClient, publisher: Publisher, here: Path
) -> None:
    prediction = client.post("/predict", json=RICH).json()["prediction_id"]
    publisher.publish(version="2026.04.01-test", onnx_bytes=tiny_graph(weights=[5.0] * 4).SerializeToString())
    assert raretriage(["log", "replay", prediction, "--json", "again.json"]) == Exit.DONE


def shifted(by: float) -> Callable[[Record], object]:
    return lambda content: content["probabilities"].update(rare=content["probabilities"]["rare"] + by)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (shifted(5e-7), "within_tolerance"),
        (shifted(5e-6), "differs"),
        (lambda content: content["input"].update(fever=7), "differs"),
        (lambda content: content.update(graph_input_sha256="0" * 64), "differs"),
    ],
)
def test_another_answer_is_no_replay(
    client: TestClient, bucket: Bucket, here: Path, change: Callable[[Record], object], outcome: str
) -> None:
    client.post("/predict", json=RICH)
    record = last_line(here)
    scorer = Scorer(load_package(bucket, current_entry(bucket, "dev")))
    assert replay(record, scorer).outcome is Outcome.BIT_EQUAL
    change(record["content"])
    assert replay(record, scorer).outcome == outcome


def test_what_no_model_answered_is_not_replayed(client: TestClient, here: Path) -> None:
    prediction = client.post("/predict", json=BASIC).json()["prediction_id"]
    answer = last_line(here)
    client.post("/feedback", json={"prediction_id": prediction, "verdict": "confirmed"})
    said = last_line(here)
    for record in (said, answer | {"content": None, "salt": None}):
        with pytest.raises(NotReplayable):
            model_of(record)
    assert raretriage(["log", "replay", str(said["id"])]) == Exit.BAD_INPUT
    assert raretriage(["log", "replay", "nothing"]) == Exit.BAD_INPUT


def test_the_rules_answer_is_not_replayed(serve: Serve, here: Path) -> None:
    with serve() as client:
        client.post("/predict", json=BASIC)
    with pytest.raises(NotReplayable, match="fixed rules"):
        model_of(last_line(here))
