"""The made-up knowledge: OMIM:1 is ORPHA:1 under another vocabulary, and cites PMID:2; ORPHA:1 cites PMID:1."""

import gzip
import json
from pathlib import Path

import pytest

from raretriage.knowledge import Knowledge, build_knowledge
from raretriage.validity import published_cases as published
from raretriage.validity.cases import Group
from raretriage.validity.published_cases import read_published
from tests.knowledge.conftest import HPOA, OBO

SEIZURE, MOTOR_SEIZURE, SEIZURE_BEFORE, WITHDRAWN, INHERITANCE = (
    "HP:0001250", "HP:0020219", "HP:0002125", "HP:0002004", "HP:0000005",
)  # fmt: skip


@pytest.fixture(scope="module")
def small() -> Knowledge:
    return build_knowledge(OBO.encode(), HPOA.encode())


def packet(*findings: str, disease: str = "OMIM:1", paper: str = "PMID:9", name: str = "a") -> bytes:
    """`-HP:…` is an excluded finding."""
    return json.dumps(
        {
            "id": name,
            "subject": {"id": "II.1", "sex": "MALE", "timeAtLastEncounter": {"age": {"iso8601duration": "P3Y"}}},
            "phenotypicFeatures": [
                {"type": {"id": f.lstrip("-")}, **({"excluded": True} if f.startswith("-") else {})} for f in findings
            ],
            "interpretations": [{"progressStatus": "SOLVED", "diagnosis": {"disease": {"id": disease}}}],
            "metaData": {"externalReferences": [{"id": paper}]},
        }
    ).encode()


def read(small: Knowledge, *lines: bytes, judge: Knowledge | None = None):
    return read_published(lines, knowledge=small, judge=judge or small)


@pytest.mark.parametrize(
    ("paper", "group"),
    [
        ("PMID:2", Group.SEEN),  # under the disease itself
        ("PMID:1", Group.SEEN),  # under its twin
        ("PMID:9", Group.UNSEEN),
        ("PMID:22", Group.UNSEEN),  # begins like one that was read
    ],
)
def test_a_case_is_seen_when_disease_or_twin_cite_its_paper(small, paper, group):
    assert [case.group for case in read(small, packet(SEIZURE, paper=paper)).cases] == [group]


def test_a_paper_is_found_in_the_id_as_well(small):
    assert read(small, packet(SEIZURE, paper="", name="PMID_1_II-1")).cases[0].group is Group.SEEN


def test_a_paper_cited_under_another_disease_leaves_the_case_unseen_and_is_counted(small):
    hpoa = HPOA + "OMIM:7\tOther\t\tHP:0001250\tPMID:9\tPCS\t\t3/4\t\t\tP\tx\n"
    knowledge = build_knowledge(OBO.encode(), hpoa.encode())
    found = read_published([packet(SEIZURE)], knowledge=knowledge, judge=knowledge)
    assert found.cases[0].group is Group.UNSEEN
    assert found.notes[published.CITED_ELSEWHERE] == 1


def test_an_old_id_is_followed_and_a_withdrawn_one_is_dropped_and_both_are_counted(small):
    found = read(small, packet(SEIZURE_BEFORE, WITHDRAWN, INHERITANCE))
    assert [finding.hpo_id for finding in found.cases[0].presentation.phenotypes] == [SEIZURE]
    assert found.notes == {
        "findings stated": 3,
        "findings followed from an old id": 1,
        "dropped: unknown_hpo_id": 1,
        "dropped: not_a_finding": 1,
    }


def test_findings_stand_in_the_order_of_the_packet_not_of_their_ids(small):
    told = read(small, packet(MOTOR_SEIZURE, SEIZURE)).cases[0].presentation.phenotypes
    assert [finding.hpo_id for finding in told] == [MOTOR_SEIZURE, SEIZURE]


def test_missing_basics_stay_missing(small):
    someone = read(small, packet(SEIZURE)).cases[0].presentation
    assert (someone.age_years, someone.sex.value) == (3, "male")
    unknown = ("fever", "pain", "days", "comorbidity", "visit_type", "heart_rate")
    assert [getattr(someone, field) for field in unknown] == [None] * 6


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (packet(SEIZURE, disease="OMIM:404"), published.NOT_IN_KNOWLEDGE),
        (packet(SEIZURE, disease="OMIM:2"), published.NO_VERDICT),
        (packet(SEIZURE, disease="ORPHA:99828"), published.NOT_RARE),
        (packet(), published.NO_FINDING),
        (packet(f"-{SEIZURE}"), published.NO_FINDING),
        (packet(WITHDRAWN), published.NO_FINDING),
        (packet(SEIZURE, disease="MONDO:1"), "no solved diagnosis in OMIM or ORPHA"),
        (packet(SEIZURE, name=""), "no id"),
        (b"{", "not JSON"),
        (b'{"resourceType": "Patient"}', "no phenopacket"),
        (b"[]", "no phenopacket"),
    ],
)
def test_who_is_not_used_is_counted_by_reason(small, line, reason):
    found = read(small, packet(SEIZURE, name="other"), line)
    assert (found.read, len(found.cases), found.unused) == (2, 1, {reason: 1})


def test_the_same_case_twice_counts_once(small):
    assert read(small, packet(SEIZURE), packet(SEIZURE)).unused == {"the same id again": 1}


@pytest.mark.shared_data
def test_every_published_case_is_used_or_has_its_reason(shared_data: Path, knowledge: Knowledge):
    lines = gzip.decompress((shared_data / "phenopackets-dev.ndjson.gz").read_bytes()).splitlines()
    found = read_published(lines, knowledge=knowledge, judge=knowledge)
    assert (found.read, len(found.cases)) == (5_274, 494)
    assert found.unused == {published.NOT_IN_KNOWLEDGE: 1_114, published.NO_VERDICT: 3_666}
    assert {g: sum(c.group is g for c in found.cases) for g in (Group.UNSEEN, Group.SEEN)} == {
        Group.UNSEEN: 272,
        Group.SEEN: 222,
    }


@pytest.mark.shared_data
def test_with_orphanets_tables_more_of_them_are_known_to_be_rare(
    shared_data: Path, knowledge: Knowledge, with_tables: Knowledge
):
    lines = gzip.decompress((shared_data / "phenopackets-dev.ndjson.gz").read_bytes()).splitlines()
    found = read_published(lines, knowledge=knowledge, judge=with_tables)
    assert (found.read, len(found.cases)) == (5_274, 2_378)
    assert found.unused == {published.NOT_IN_KNOWLEDGE: 1_114, published.NO_VERDICT: 1_782}
