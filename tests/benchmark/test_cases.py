"""What a file of cases holds, and what is not usable is counted."""

import gzip
import json
from pathlib import Path

import pytest

from raretriage.benchmark import UnreadableCases, read_ranked_cases
from raretriage.differential import Onset
from raretriage.knowledge import Knowledge
from tests.benchmark.packets import packet


def write(path: Path, *packets: object) -> Path:
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, packets)).encode()))
    return path


def test_packets_are_read_with_papers_onset_and_excluded_findings(tmp_path: Path, knowledge: Knowledge) -> None:
    path = write(
        tmp_path / "cases.ndjson.gz",
        packet(
            "PMID_11_a", "OMIM:1", "HP:0001250", excluded=("HP:0000518",), paper="12", age="P3Y",
            onset={"ontologyClass": {"id": "HP:0003593"}},
        ),
        packet("b", "OMIM:2", "HP:0001250", onset={"age": {"iso8601duration": "P70Y"}}),
        packet("c", "OMIM:2", "HP:0001250", onset={"gestationalAge": {"weeks": 20}}),
        packet("d", "OMIM:2", "HP:0001250", onset={"ontologyClass": {"id": "HP:0003577"}}),
    )  # fmt: skip
    first, *others = read_ranked_cases([path], knowledge).cases
    assert first.diseases == ("OMIM:1",)
    assert first.papers == {"11", "12"}
    assert (first.patient.observed, first.patient.excluded) == (("HP:0001250",), ("HP:0000518",))
    assert (first.patient.age_years, first.patient.onset) == (3, Onset.INFANTILE)
    assert [case.patient.onset for case in others] == [Onset.LATE, Onset.ANTENATAL, Onset.NEONATAL]


def test_read_is_cases_and_unused(tmp_path: Path, knowledge: Knowledge) -> None:
    path = write(
        tmp_path / "cases.ndjson.gz",
        packet("a", "OMIM:1", "HP:0001250"),
        packet("a", "OMIM:1", "HP:0001251"),
        packet("b", "OMIM:1", excluded=("HP:0001250",)),
        packet("c", "ICD10:G40", "HP:0001250"),
        {"resourceType": "Patient"},
    )
    file = read_ranked_cases([path], knowledge)
    assert (file.read, len(file.cases)) == (5, 1)
    assert file.unused == {
        "the same id again": 1,
        "no observed finding": 1,
        "no solved diagnosis in OMIM or ORPHA": 1,
        "no phenopacket": 1,
    }


def test_a_folder_of_single_packets_is_read_in_order(tmp_path: Path, knowledge: Knowledge) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.json").write_text(json.dumps(packet(name, "OMIM:1", "HP:0001250"), indent=1))
    (tmp_path / "notes.txt").write_text("no case")
    assert [case.id for case in read_ranked_cases([tmp_path], knowledge).cases] == ["a", "b"]


def test_a_plain_list_has_findings_and_all_right_diseases(tmp_path: Path, knowledge: Knowledge) -> None:
    path = tmp_path / "cases.json"
    told = [["HP:0001250", "HP:0003593", "HP:9999999"], ["OMIM:2", "OMIM:1"]]
    path.write_text(json.dumps([told, [["x"], ["OMIM:1"]]]))
    file = read_ranked_cases([path], knowledge)
    assert not file.has_papers
    (case,) = file.cases
    assert (case.patient.observed, case.diseases, case.cluster) == (("HP:0001250",), ("OMIM:2", "OMIM:1"), "OMIM:1")
    assert file.unused == {"no observed finding": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[[1]]", "case 1: expected"),
        ("[[[], [3]]]", "case 1: expected"),
        ("[1", "not JSON"),
        ("[]", "no case"),
        ("", "no case"),
    ],
)
def test_what_is_no_list_of_cases_is_refused_by_place(
    tmp_path: Path, knowledge: Knowledge, content: str, message: str
) -> None:
    path = tmp_path / "cases.json"
    path.write_text(content)
    with pytest.raises(UnreadableCases, match=message):
        read_ranked_cases([path], knowledge)


def test_packets_and_lists_are_never_pooled(tmp_path: Path, knowledge: Knowledge) -> None:
    (tmp_path / "a.json").write_text(json.dumps([[["HP:0001250"], ["OMIM:1"]]]))
    write(tmp_path / "b.json.gz", packet("a", "OMIM:1", "HP:0001250"))
    with pytest.raises(UnreadableCases, match="cannot be pooled"):
        read_ranked_cases([tmp_path], knowledge)
    with pytest.raises(UnreadableCases, match="neither a file nor a folder"):
        read_ranked_cases([tmp_path / "c"], knowledge)
