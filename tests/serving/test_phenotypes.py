"""Findings by typing and from text, over HTTP."""

import pytest
from fastapi.testclient import TestClient

from tests.serving.conftest import Serve
from tests.serving.tiny_model import COUGH, FEVER, SEIZURE, SEIZURE_BEFORE, TINY_KNOWLEDGE


@pytest.mark.parametrize(
    ("asked", "lang", "hpo_id", "label"),
    [
        ("convulsiones", "es", SEIZURE, "Crisis epiléptica (convulsión)"),
        ("conv", "es", SEIZURE, "Crisis epiléptica (convulsión)"),
        ("calentura", "en", FEVER, "Fever"),
        ("feber", "en", FEVER, "Fever"),
        ("TOS", "es", COUGH, "Tos"),
        (SEIZURE_BEFORE, "es", SEIZURE, "Crisis epiléptica (convulsión)"),
    ],
)
def test_a_finding_is_found_by_its_names(client: TestClient, asked: str, lang: str, hpo_id: str, label: str) -> None:
    found = client.get("/phenotypes", params={"q": asked, "lang": lang}).json()
    assert (found["matches"][0]["hpo_id"], found["matches"][0]["label"]) == (hpo_id, label)
    assert found["knowledge"] == TINY_KNOWLEDGE.version
    assert "lexicon" in found["vocabulary"]


def test_nothing_is_found_by_nothing(client: TestClient) -> None:
    assert client.get("/phenotypes", params={"q": " ;;"}).json()["matches"] == []
    assert client.get("/phenotypes", params={"q": "x" * 201}).status_code == 422
    assert client.get("/phenotypes").status_code == 422


def test_a_note_gives_findings_to_confirm(client: TestClient) -> None:
    text = "niño con convulsiones y sin fiebre desde hace 3 días"
    found = client.post("/phenotypes/extract", json={"text": text, "lang": "en"}).json()
    assert [(m["hpo_id"], m["assertion"], m["label"]) for m in found["mentions"]] == [
        (SEIZURE, "observed", "Seizure"),
        (FEVER, "excluded", "Fever"),
    ]
    assert [text[m["start"] : m["end"]] for m in found["mentions"]] == ["convulsiones", "fiebre"]
    assert found["days"] == 3


def test_too_long_a_note_is_refused(client: TestClient) -> None:
    assert client.post("/phenotypes/extract", json={"text": "x" * 20_001}).status_code == 422


def test_without_a_model_there_is_no_vocabulary(serve: Serve) -> None:
    with serve() as client:
        assert client.get("/phenotypes", params={"q": "tos"}).status_code == 503
        assert client.post("/phenotypes/extract", json={"text": "tos"}).status_code == 503


def test_the_page_says_which_vocabulary_is_loaded(client: TestClient) -> None:
    assert TINY_KNOWLEDGE.version in client.get("/", params={"lang": "es"}).text
