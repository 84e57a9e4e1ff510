"""One patient's content goes, everywhere; everything else stays to the byte, and the chain holds."""

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from raretriage.cli.exits import Exit
from raretriage.cli.main import run as raretriage
from raretriage.privacy import Keyring
from raretriage.serving import LogBusy, erase, labels_of, verify_folder, verify_log
from raretriage.serving.log.chain import GENESIS, make_line, seal
from raretriage.serving.log.erasure import _meant, _without
from raretriage.storage import Bucket, open_bucket
from tests.serving.conftest import Serve
from tests.serving.tiny_model import BASIC, NOW, Publisher

LOG = Path("log") / "predicciones_dev.txt"


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    """In a folder, so that the command reads the same one."""
    return open_bucket(f"file://{tmp_path}/bucket")


@pytest.fixture
def here(tmp_path: Path, publisher: Publisher, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two patients of two visits each, one of them corrected; shipped, and the service stopped."""
    for name, value in {"LOG_DIR": f"{tmp_path}/log", "MODEL_URI": f"file://{tmp_path}/bucket"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PSEUDONYM_KEY", f"{tmp_path}/key.json")
    monkeypatch.setenv("AUDIT_LOG", f"{tmp_path}/audit.jsonl")
    monkeypatch.chdir(tmp_path)
    keyring = Keyring.create()
    keyring.save(tmp_path / "key.json")
    publisher.publish()
    with serve(load_keyring=lambda: keyring) as client:
        for patient in ("A-1", "B-2", "A-1", "B-2"):
            visit(client, patient)
    return tmp_path


def visit(client: TestClient, patient: str) -> None:
    answer = client.post("/predict", json=BASIC | {"patient_id": patient})
    said = {"prediction_id": answer.json()["prediction_id"], "verdict": "corrected", "state": "chronic"}
    assert client.post("/feedback", json=said).status_code == 200


def contents(data: bytes) -> list[bool]:
    """Of each line, whether it has its content."""
    return [json.loads(line)["content"] is not None for line in data.splitlines()]


def test_everything_of_one_patient_goes_here_and_in_the_bucket(here: Path, bucket: Bucket) -> None:
    before = (here / LOG).read_bytes().splitlines()
    assert raretriage(["log", "erase", "--patient", "A-1", "--because", "request 7", "--json", "e.json"]) == Exit.DONE
    assert json.loads((here / "e.json").read_text()) == {"here": 4, "in_bucket": 4}
    after = (here / LOG).read_bytes()
    assert contents(after) == [False, False, True, True] * 2
    assert [a == b for a, b in zip(before, after.splitlines(), strict=True)] == [False, False, True, True] * 2
    assert verify_folder(here / "log", "dev").erased == 4
    stored = b"".join(bucket.get(key) for key in sorted(bucket.list("logs/dev/")) if key.endswith(".jsonl"))
    assert stored == after == bucket.get("logs/dev/predicciones_dev.txt")
    assert len(labels_of(after.splitlines())) == 2
    audit = (here / "audit.jsonl").read_text()
    assert "request 7" in audit
    assert "A-1" not in audit
    assert raretriage(["log", "verify"]) == Exit.DONE


def test_what_was_cut_off_is_finished_by_doing_it_again(here: Path, bucket: Bucket) -> None:
    key = next(key for key in bucket.list("logs/dev/") if key.endswith(".jsonl"))
    whole = bucket.get(key)
    assert raretriage(["log", "erase", "--patient", "A-1", "--because", "x"]) == Exit.DONE
    erased = bucket.get(key)
    bucket.put(key, whole)  # as if it had stopped before the bucket
    subject = next(json.loads(x)["content"]["input"]["patient_id"] for x in whole.splitlines())
    assert raretriage(["log", "erase", "--subject", subject, "--because", "x", "--json", "e.json"]) == Exit.DONE
    assert json.loads((here / "e.json").read_text()) == {"here": 0, "in_bucket": 4}
    assert bucket.get(key) == erased


def test_a_service_goes_on_after_an_erasure(here: Path, serve: Serve, bucket: Bucket) -> None:
    assert raretriage(["log", "erase", "--patient", "B-2", "--because", "x"]) == Exit.DONE
    with serve() as client:
        assert client.post("/predict", json=BASIC).status_code == 200
        assert client.get("/health").json()["problem"] is None
    assert verify_folder(here / "log", "dev").lines == 9
    assert raretriage(["log", "export", "--out", "all.jsonl"]) == Exit.DONE
    exported = Path("all.jsonl").read_bytes()
    assert exported == (here / LOG).read_bytes()
    assert verify_log(exported.splitlines()).erased == 4


def test_under_a_running_service_nothing_is_erased(here: Path, serve: Serve, bucket: Bucket) -> None:
    with serve(), pytest.raises(LogBusy, match="stop the service"):
        erase(here / "log", bucket, "dev", subjects=["x"])
    assert all(contents((here / LOG).read_bytes()))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["erase", "--because", "x"], Exit.USAGE),
        (["erase", "--patient", "A-1"], Exit.USAGE),
        (["erase", "--env", "prod", "--patient", "A-1", "--because", "x"], Exit.BAD_INPUT),
        (["export", "--env", "prod", "--out", "x"], Exit.BAD_INPUT),
    ],
)
def test_what_cannot_be_done_is_refused(here: Path, arguments: list[str], code: Exit) -> None:
    assert raretriage(["log", *arguments]) == code
    assert all(contents((here / LOG).read_bytes()))


def test_nobody_of_that_name_changes_nothing(here: Path) -> None:
    before = (here / LOG).read_bytes()
    assert raretriage(["log", "erase", "--patient", "C-3", "--because", "x"]) == Exit.DONE
    assert (here / LOG).read_bytes() == before


@given(st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=8)), max_size=12), st.sets(st.sampled_from("abc")))
def test_whatever_is_erased_the_chain_holds_and_the_rest_keeps_its_bytes(
    visits: list[tuple[str, str]], subjects: set[str]
) -> None:
    head, lines = GENESIS, []
    for number, (subject, text) in enumerate(visits):
        content = {"input": {"patient_id": subject, "complaint": text}}
        sealed = seal(
            prediction_id=str(number), time=NOW, environment="dev", model=None, content=content, salt=b"s" * 16
        )
        line, head = make_line(head, sealed)
        lines.append(line)
    whole = b"".join(lines)
    erased, count = _without(whole, _meant(whole.splitlines(), frozenset(subjects), frozenset()))
    assert count == sum(subject in subjects for subject, _ in visits)
    assert verify_log(erased.splitlines()).erased == count
    for (subject, _), before, after in zip(visits, whole.splitlines(), erased.splitlines(), strict=True):
        assert (before == after) is (subject not in subjects)
