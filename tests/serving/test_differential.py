"""Rare diseases that fit, over HTTP and on the page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from raretriage.bucket import DIFFERENTIAL_FILE, DifferentialFiles, differential_key
from raretriage.differential import Explainer, Onset, Ranker
from raretriage.differential.build import build_differential
from raretriage.domain import FindingStatus, Phenotype, Presentation, Sex
from raretriage.release import differential_ref
from raretriage.serving.differential import Differential
from raretriage.serving.disease_lines import disease_list_of
from raretriage.serving.texts import Language, Texts
from raretriage.serving.wire import DifferentialOut, OnsetPeriod
from raretriage.storage import Bucket
from tests.differential.conftest import SMALL
from tests.differential.small import ROWS, TERMS, X_LINKED_RECESSIVE, small_knowledge
from tests.serving.conftest import Serve
from tests.serving.tiny_model import (
    BASIC,
    COUGH,
    FEVER,
    INHERITANCE,
    SCOLIOSIS,
    SEIZURE,
    SEIZURE_BEFORE,
    TINY_KNOWLEDGE,
    Publisher,
    tiny_differential,
)


@pytest.fixture
def client(publisher: Publisher, serve: Serve) -> Iterator[TestClient]:
    publisher.publish(differential=tiny_differential())
    with serve() as running:
        yield running


def told(*observed: str, excluded: tuple[str, ...] = ()) -> list[dict[str, str]]:
    return [
        *({"hpo_id": t, "status": "observed"} for t in observed),
        *({"hpo_id": t, "status": "excluded"} for t in excluded),
    ]


def ask(client: TestClient, **body: object) -> dict[str, object]:
    answer = client.post("/differential", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_the_list_says_what_each_finding_weighs_and_adds_up(client: TestClient) -> None:
    who = {"age": 3, "sex": "male", "prevalence_weight": 0.5}
    found = ask(client, phenotypes=told(COUGH, FEVER, excluded=(SCOLIOSIS,)), with_prior=False, **who)
    first, *others = found["diseases"]
    assert (first["place"], first["id"], first["name"]) == (1, "OMIM:2", "Coughing disease")
    assert found["compared"] == 4
    for disease in [first, *others]:
        weights = sum(e["log_likelihood_ratio"] for e in disease["evidence"])
        others = sum(disease[part] for part in ("onset", "sex", "prior", "prevalence"))
        assert weights + others == pytest.approx(disease["score"], abs=1e-4)
        assert disease["prior"] == 0
    cough = first["evidence"][0]
    assert cough["label"] == {"es": "Tos", "en": "Cough"}
    assert (cough["met"]["relation"], cough["met"]["frequency"], cough["met"]["reference"]) == (
        "exact",
        "7/9",
        "PMID:2",
    )
    bent = next(d for d in found["diseases"] if d["id"] == "OMIM:3")
    assert [e["hpo_id"] for e in bent["excluded"]] == [SCOLIOSIS]


@pytest.fixture(scope="module")
def ranked() -> Differential:
    """The ranking of a small made-up knowledge with one disease of men, as the service holds it."""
    knowledge = small_knowledge((*ROWS, ("OMIM:5", X_LINKED_RECESSIVE, "", "OMIM:5")))
    built = build_differential(knowledge, training=SMALL)
    ranker = Ranker(built.arrays, built.onnx)
    return Differential("1", ranker, Explainer(ranker, knowledge), knowledge)


told_findings = st.lists(
    st.builds(
        Phenotype,
        hpo_id=st.sampled_from(sorted(set(TERMS) - {"HP:0000118"})),
        status=st.sampled_from(FindingStatus),
        onset_days=st.none() | st.floats(0, 36_525),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda phenotype: phenotype.hpo_id,
).map(tuple)
people = st.builds(
    Presentation,
    age_years=st.none() | st.floats(0, 120),
    sex=st.none() | st.sampled_from(Sex),
    phenotypes=told_findings,
)


@given(people, st.none() | st.sampled_from(Onset), st.booleans(), st.floats(0, 1))
def test_every_served_explanation_adds_up_to_its_score(
    ranked: Differential, told: Presentation, onset: Onset | None, with_prior: bool, weight: float
) -> None:
    found = ranked.of(told, onset=onset, with_prior=with_prior, prevalence_weight=weight)
    if not any(p.status is FindingStatus.OBSERVED for p in told.phenotypes):
        assert found is None
        return
    assert found is not None
    assert found.diseases
    for disease in found.diseases:
        weights = sum(e.log_likelihood_ratio for e in disease.evidence)
        others = disease.onset + disease.sex + disease.prior + disease.prevalence
        assert weights + others == pytest.approx(disease.score, abs=1e-4)


def test_what_began_early_is_ranked_by_its_beginning(ranked: Differential) -> None:
    def onset_of(age: float, since_years: float | None = None, onset: Onset | None = None) -> list[float]:
        days = None if since_years is None else 365.25 * since_years
        seizure = Phenotype(hpo_id="HP:0001250", onset_days=days)
        found = ranked.of(Presentation(age_years=age, phenotypes=(seizure,)), onset=onset)
        assert found is not None
        return [one.onset for one in sorted(found.diseases, key=lambda one: one.id)]

    assert onset_of(40) != onset_of(0)
    assert onset_of(40, since_years=40) == onset_of(0)
    assert onset_of(40, since_years=60) == onset_of(0)
    assert onset_of(40, onset=Onset.INFANTILE) == onset_of(0, onset=Onset.INFANTILE) != onset_of(0)


def test_the_periods_of_the_wire_are_those_of_the_ranking() -> None:
    assert set(get_args(OnsetPeriod)) == {period.name.lower() for period in Onset}


def test_old_ids_are_followed_and_an_unknown_one_is_named(client: TestClient) -> None:
    found = ask(client, phenotypes=told(SEIZURE_BEFORE))
    assert found["diseases"][0]["evidence"][0]["hpo_id"] == SEIZURE
    refused = client.post("/differential", json={"phenotypes": told("HP:0009999")})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "phenotypes[0].hpo_id"
    assert client.post("/differential", json={"phenotypes": told(INHERITANCE)}).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"phenotypes": []},
        {"phenotypes": told(excluded=(SEIZURE,))},
        {"phenotypes": told(SEIZURE), "limit": 0},
        {"phenotypes": told(SEIZURE), "age": "3"},
        {"phenotypes": told(SEIZURE), "fever": 3},
        {"phenotypes": told(SEIZURE), "sex": "both"},
        {"phenotypes": told(SEIZURE), "onset": "yesterday"},
        {"phenotypes": told(SEIZURE), "prevalence_weight": 2},
    ],
)
def test_what_cannot_be_ranked_is_refused_by_field(client: TestClient, body: dict[str, object]) -> None:
    refused = client.post("/differential", json=body)
    assert refused.status_code == 422
    assert refused.headers["content-type"].startswith("application/problem+json")
    assert refused.json()["errors"]


def test_every_list_is_in_the_log_and_names_its_version(client: TestClient, tmp_path: Path) -> None:
    found = ask(client, phenotypes=told(SEIZURE), age=95, limit=2)
    line = json.loads((tmp_path / "log" / "predicciones_dev.txt").read_text().splitlines()[-1])
    logged = json.dumps(line)
    assert found["version"] in logged
    assert [d["id"] for d in found["diseases"]] == line["content"]["differential"]["diseases"]
    assert line["content"]["input"]["age_years"] == 90  # capped, as everywhere


def test_triage_lists_diseases_where_a_rare_one_is_compatible_and_not_where_none_is(client: TestClient) -> None:
    def ask(*findings: str, excluded: str | None = None) -> dict:
        absent = [{"hpo_id": excluded, "status": "excluded"}] if excluded else []
        told_of = BASIC | {"phenotypes": [*told(*findings), *absent]}
        return client.post("/predict", params={"include": "differential"}, json=told_of).json()

    yes = ask(COUGH, FEVER)
    assert yes["rare"] == "yes"
    assert yes["differential"]["diseases"][0]["id"] == "OMIM:2"
    no = ask(COUGH, FEVER, excluded=SEIZURE)
    assert no["rare"] == "no"
    assert no["differential"] is None
    assert ask()["differential"] is None


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", ["Enfermedades raras que encajan", "Tos", "descrito en la enfermedad (7/9; PMID:2)", "Qué preguntar"]),
        ("en", ["Rare diseases that fit", "Cough", "described in the disease (7/9; PMID:2)", "What to ask"]),
    ],
)
def test_the_page_shows_the_list_with_links_and_questions(client: TestClient, language: str, words: list[str]) -> None:
    names = {"es": ["Tos", "Fiebre"], "en": ["Cough", "Fever"]}[language]
    form = {
        "lang": language, "fever": "3", "pain": "3", "days": "3",
        "finding": names, "finding_status": ["observed", "observed"],
    }  # fmt: skip
    page = client.post("/", data=form).text
    for text in [*words, "https://omim.org/entry/2", "Coughing disease"]:
        assert text in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("es", ["en inglés, CC BY 4.0", "CIE-10-MC, aproximado: E75.2, G40.1"]),
        ("en", ["ICD-10-CM, approximate: E75.2"]),
    ],
)
def test_a_disease_line_has_the_definition_and_the_codes_where_they_are_known(
    client: TestClient, language: Language, words: list[str]
) -> None:
    found = DifferentialOut(**ask(client, phenotypes=told(COUGH)))
    first = found.diseases[0].model_copy(update={"definition": "A made-up disease.", "icd10": ("E75.2", "G40.1")})
    listed = disease_list_of(found.model_copy(update={"diseases": (first,)}), Texts(language))
    assert listed is not None
    line = listed.lines[0]
    assert line.definition == "A made-up disease."
    shown = f"{Texts(language)('differential.definition')} {line.codes}"
    assert all(text in shown for text in words)
    bare = disease_list_of(found, Texts(language))
    assert bare is not None
    assert (bare.lines[0].definition, bare.lines[0].codes) == ("", "")


def test_without_a_published_ranking_the_service_says_so(publisher: Publisher, serve: Serve) -> None:
    publisher.publish()
    with serve() as client:
        answer = client.post("/differential", json={"phenotypes": told(SEIZURE)})
        assert answer.status_code == 503
        assert "no ranking" in answer.json()["detail"]
        asked = BASIC | {"phenotypes": told(COUGH, FEVER)}
        triage = client.post("/predict", params={"include": "differential"}, json=asked)
        assert (triage.status_code, triage.json()["differential"]) == (200, None)


def test_a_changed_ranking_is_never_served(publisher: Publisher, bucket: Bucket, serve: Serve) -> None:
    files = tiny_differential()
    publisher.publish(differential=files)
    key = differential_key(TINY_KNOWLEDGE.version, differential_ref(files).version, DIFFERENTIAL_FILE)
    bucket.put(key, files.arrays[:-1] + b"x")
    with serve() as client:
        assert client.get("/health").json()["model"] is None
        assert "SHA-256" in client.get("/health").json()["problem"]


def test_a_ranking_of_another_knowledge_is_never_served(publisher: Publisher, serve: Serve) -> None:
    from raretriage.differential import dump
    from raretriage.differential.build import build_differential
    from tests.differential.conftest import SMALL
    from tests.differential.small import small_knowledge

    built = build_differential(small_knowledge(), training=SMALL)
    publisher.publish(differential=DifferentialFiles(dump(built.arrays), built.onnx))
    with serve() as client:
        assert client.get("/health").json()["model"] is None
        assert "build it again" in client.get("/health").json()["problem"]
