"""Which findings an answer asks for where rare was not assessed."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from raretriage.bucket import EVERYBODY, Manifest
from raretriage.domain import Basis, FindingStatus, InputTier, Phenotype, Presentation, RareFlag, Refusal, decide
from raretriage.serving.helpful import MOST_ASKED, asked_findings, helpful_findings
from raretriage.serving.texts import Texts
from tests.serving.conftest import Serve
from tests.serving.test_predict import ask, logged
from tests.serving.tiny_model import (
    COUGH,
    FEVER,
    HELPFUL,
    SCOLIOSIS,
    SEIZURE,
    STATUS_EPILEPTICUS,
    TINY_KNOWLEDGE,
    TONIC_STATUS,
    Publisher,
    certificate,
    helpful,
    tiny_manifest,
)

MOTOR_SEIZURE = "HP:0020219"


def asked_of(client: TestClient, **changes: object) -> list[str]:
    return ask(client, **changes)["decision"]["helpful_findings"]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (40, [SCOLIOSIS, SEIZURE]),
        (9.9, [SEIZURE]),
        (None, [COUGH, SCOLIOSIS]),
        (80, [COUGH, SCOLIOSIS]),  # a band without a list
    ],
)
def test_they_are_those_of_the_age_band_and_everybodys_where_there_are_none(
    client: TestClient, age: float | None, expected: list[str]
) -> None:
    assert asked_of(client, age=age) == expected


def test_a_band_whose_list_is_empty_has_everybodys(publisher: Publisher, serve: Serve) -> None:
    publisher.publish(helpful_findings=HELPFUL | {"adult": ()})
    with serve() as client:
        assert asked_of(client) == [COUGH, SCOLIOSIS]


def test_a_vital_sign_more_changes_nothing(client: TestClient) -> None:
    assert asked_of(client, heart_rate=80) == [SCOLIOSIS, SEIZURE]


def test_they_are_logged_with_the_answer(client: TestClient, tmp_path: Path) -> None:
    ask(client)
    assert logged(tmp_path)[0]["content"]["decision"]["helpful_findings"] == [SCOLIOSIS, SEIZURE]


def test_those_that_are_told_bring_the_assessment_that_was_asked_for(client: TestClient) -> None:
    first, second = asked_of(client)
    for status in FindingStatus:  # one alone, present or absent, rules nothing out
        assert ask(client, phenotypes=[{"hpo_id": first, "status": status}])["rare"] == "not_assessed"
        assert asked_of(client, phenotypes=[{"hpo_id": first, "status": status}]) == [second]
    body = ask(client, phenotypes=[{"hpo_id": first}, {"hpo_id": second}])
    assert body["rare"] == "yes"
    assert body["decision"]["helpful_findings"] == []


@pytest.mark.parametrize("changes", [{"days": 4000}, {"pregnant": "yes"}, {"age": 0.01}])
def test_outside_the_training_findings_would_not_help(client: TestClient, changes: dict[str, object]) -> None:
    assert asked_of(client, **changes) == []


def test_without_a_promise_for_findings_none_is_asked_for(publisher: Publisher, serve: Serve) -> None:
    refusal = {tier: Refusal(tier=tier, basis=Basis.SIMULATED, reason="x", positives=9) for tier in InputTier}
    publisher.publish(certificates=refusal)
    with serve() as client:
        assert asked_of(client) == []


def test_where_rare_was_assessed_none_is_asked_for(publisher: Publisher, serve: Serve) -> None:
    publisher.publish(certificates={tier: certificate(tier=tier) for tier in InputTier})
    with serve() as client:
        assert ask(client)["rare"] == "no"
        assert asked_of(client) == []


def test_the_rules_ask_for_nothing(serve: Serve) -> None:
    with serve() as client:
        body = ask(client)
    assert body["fallback"] is True
    assert body["decision"]["helpful_findings"] == []


def test_a_model_from_before_ranks_none(publisher: Publisher, serve: Serve) -> None:
    publisher.publish(helpful_findings={})
    with serve() as client:
        body = ask(client)
    assert body["decision"]["helpful_findings"] == []
    assert "hallazgos" in body["advice"]["es"]


def test_a_manifest_from_before_is_still_read() -> None:
    before = tiny_manifest(b"").model_dump(mode="json")
    del before["helpful_findings"]
    assert Manifest.model_validate(before).helpful_findings == {}


def test_no_more_than_can_be_asked_at_once(publisher: Publisher, serve: Serve) -> None:
    many = helpful(SEIZURE, COUGH, SCOLIOSIS, FEVER, STATUS_EPILEPTICUS, TONIC_STATUS)
    publisher.publish(helpful_findings={EVERYBODY: many})
    with serve() as client:
        assert asked_of(client) == [one.hpo_id for one in many[:MOST_ASKED]]


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ((SEIZURE, FindingStatus.OBSERVED), [STATUS_EPILEPTICUS, COUGH]),
        ((SEIZURE, FindingStatus.EXCLUDED), [COUGH]),
        ((TONIC_STATUS, FindingStatus.OBSERVED), [COUGH]),
        ((TONIC_STATUS, FindingStatus.EXCLUDED), [SEIZURE, STATUS_EPILEPTICUS, COUGH]),
        ((MOTOR_SEIZURE, FindingStatus.OBSERVED), [STATUS_EPILEPTICUS, COUGH]),
    ],
)
def test_what_is_told_or_follows_from_it_is_not_asked_for(told: tuple[str, FindingStatus], left: list[str]) -> None:
    decision = decide([], RareFlag.NOT_ASSESSED, tier=InputTier.FINDINGS, few_findings=True)
    manifest = tiny_manifest(b"", helpful_findings={EVERYBODY: helpful(SEIZURE, STATUS_EPILEPTICUS, COUGH)})
    patient = Presentation(phenotypes=(Phenotype(hpo_id=told[0], status=told[1]),))
    scorer = SimpleNamespace(manifest=manifest, knowledge=TINY_KNOWLEDGE)
    assert list(helpful_findings(decision, patient, scorer)) == left


def test_a_finding_that_the_knowledge_does_not_have_is_left_out() -> None:
    assert [one.label for one in asked_findings([COUGH, "HP:9999999"], TINY_KNOWLEDGE, Texts("es"))] == ["Tos"]
