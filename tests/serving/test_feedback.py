"""What a clinician says of an answer is durable, and becomes a label."""

import csv
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient

from raretriage.cli.exits import Exit
from raretriage.cli.main import run as raretriage
from raretriage.domain import OverrideReason, State, Verdict
from raretriage.serving import labels_of, verify_folder
from raretriage.serving.texts import text_table
from tests.serving.tiny_model import BASIC, COUGH, FEVER

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
RARE = [{"hpo_id": COUGH}, {"hpo_id": FEVER}]


def answered(client: TestClient, **more: object) -> str:
    answer = client.post("/predict", json=BASIC | more)
    assert answer.status_code == 200
    found: str = answer.json()["prediction_id"]
    return found


def say(client: TestClient, prediction_id: str, verdict: str, **more: object) -> dict[str, str]:
    answer = client.post("/feedback", json={"prediction_id": prediction_id, "verdict": verdict, **more})
    assert answer.status_code == 200, answer.text
    said: dict[str, str] = answer.json()
    return said


def lines(folder: Path) -> list[bytes]:
    return (folder / "log" / "predicciones_dev.txt").read_bytes().splitlines()


def test_it_is_a_line_of_the_same_chain_before_it_is_answered(client: TestClient, tmp_path: Path) -> None:
    prediction = answered(client)
    said = say(client, prediction, "corrected", state="chronic", rare=True)
    record = json.loads(lines(tmp_path)[-1])
    assert (record["id"], said["prediction_id"], said["verdict"]) == (said["feedback_id"], prediction, "corrected")
    assert record["content"]["feedback"] == {
        "prediction_id": prediction, "verdict": "corrected", "state": "chronic", "rare": True,
    }  # fmt: skip
    assert record["model"] == json.loads(lines(tmp_path)[0])["model"]
    assert verify_folder(tmp_path / "log", "dev").lines == 2
    assert 'raretriage_feedback_total{verdict="corrected"} 1.0' in client.get("/metrics").text


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"verdict": "corrected"}, "state"),
        ({"verdict": "overridden"}, "reason"),
        ({"verdict": "confirmed", "state": "acute"}, "state"),
        ({"verdict": "overridden", "reason": "other", "rare": False}, "rare"),
        ({"verdict": "perhaps"}, "verdict"),
        ({"verdict": "corrected", "state": "sick"}, "state"),
        ({"verdict": "overridden", "reason": "Juan says so"}, "reason"),
        ({"verdict": "corrected", "rare": "yes"}, "rare"),
        ({"verdict": "confirmed", "comment": "x"}, "comment"),
    ],
)
def test_what_does_not_fit_the_verdict_is_refused_by_field(
    client: TestClient, said: dict[str, object], field: str, tmp_path: Path
) -> None:
    refused = client.post("/feedback", json={"prediction_id": answered(client), **said})
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == [field]
    assert len(lines(tmp_path)) == 1


def test_an_answer_that_was_never_given_is_not_found(client: TestClient) -> None:
    prediction = answered(client)
    said = say(client, prediction, "confirmed")
    for strange in ("nothing", prediction[:-1], f'{prediction}"', said["feedback_id"]):
        assert client.post("/feedback", json={"prediction_id": strange, "verdict": "confirmed"}).status_code == 404


def test_the_last_word_on_an_answer_is_its_label(client: TestClient, tmp_path: Path) -> None:
    corrected, confirmed, unsure, overridden, untold = (
        answered(client, phenotypes=RARE), answered(client), answered(client, fever=2), answered(client),
        answered(client),
    )  # fmt: skip
    say(client, corrected, "corrected", state="mild")
    diagnosis = {"system": "http://www.orpha.net", "code": "558"}
    say(client, corrected, "corrected", state="chronic", rare=True, diagnosis=diagnosis)
    say(client, confirmed, "confirmed")
    say(client, unsure, "confirmed")
    say(client, overridden, "overridden", reason="already_referred")
    labels = {label.prediction_id: label for label in labels_of(lines(tmp_path))}
    assert labels.keys() == {corrected, confirmed}
    assert untold not in labels
    first = labels[corrected]
    assert (first.state, first.rare, first.diagnosis_code) == ("chronic", True, "558")
    assert first.input["phenotypes"] == [{"hpo_id": t, "status": "observed"} for t in (COUGH, FEVER)]
    assert (labels[confirmed].state, labels[confirmed].rare) == ("mild", None)


def test_the_command_writes_the_labels(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prediction = answered(client)
    say(client, prediction, "corrected", state="chronic", rare=False)
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "log"))
    monkeypatch.chdir(tmp_path)
    assert raretriage(["log", "labels", "--csv", "labels.csv", "--json", "labels.json"]) == Exit.DONE
    assert "1 labelled answers; by state: {'chronic': 1}" in capsys.readouterr().out
    [row] = csv.DictReader(Path("labels.csv").read_text().splitlines())
    assert (row["prediction_id"], row["state"], row["rare"]) == (prediction, "chronic", "False")
    assert json.loads(row["input"])["fever"] == BASIC["fever"]
    assert json.loads(Path("labels.json").read_text())["labels"][0]["state"] == "chronic"


def test_an_erased_answer_has_no_label(client: TestClient, tmp_path: Path) -> None:
    prediction = answered(client)
    say(client, prediction, "corrected", state="mild")
    first, second = lines(tmp_path)
    erased = json.dumps(json.loads(first) | {"content": None, "salt": None}).encode()
    assert labels_of([erased, second]) == []


def test_the_page_asks_and_notes_it(client: TestClient, tmp_path: Path) -> None:
    asked = client.post("/", content=urlencode({"lang": "es"} | {k: str(v) for k, v in BASIC.items()}), headers=FORM)
    prediction = json.loads(lines(tmp_path)[0])["id"]
    assert f'name="prediction_id" value="{prediction}"' in asked.text
    told = {"lang": "es", "prediction_id": prediction, "verdict": "corrected", "state": "mild", "rare": "no"}
    noted = client.post("/feedback/page", content=urlencode(told | {"reason": ""}), headers=FORM)
    assert noted.status_code == 200
    assert "Anotado" in noted.text
    assert json.loads(lines(tmp_path)[-1])["content"]["feedback"]["rare"] is False


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"verdict": "overridden"}, "Indique el motivo"),
        ({"verdict": "corrected"}, "Indique qué es lo correcto"),
        ({"verdict": ""}, "No se ha anotado"),
        ({"verdict": "confirmed", "prediction_id": "nothing"}, "No se ha anotado"),
        ({"verdict": "confirmed", "extra": "x"}, "No se ha anotado"),
    ],
)
def test_the_page_says_what_is_missing(client: TestClient, told: dict[str, str], message: str, tmp_path: Path) -> None:
    body = {"lang": "es", "prediction_id": answered(client)} | told
    refused = client.post("/feedback/page", content=urlencode(body), headers=FORM)
    assert refused.status_code == 422
    assert message in refused.text
    assert f'name="prediction_id" value="{body["prediction_id"]}"' in refused.text
    assert len(lines(tmp_path)) == 1
    assert client.post("/feedback/page", content=b"\xff", headers=FORM).status_code == 422


def test_every_verdict_and_reason_has_its_words() -> None:
    for key in (*(f"feedback.{v}" for v in Verdict), *(f"feedback.reason.{r}" for r in OverrideReason)):
        assert key in text_table()
    assert all(f"state.{state}" in text_table() for state in State)
