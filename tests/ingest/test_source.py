"""What a source holds is decided by its content."""

import gzip
import json
from pathlib import Path

import pytest

from raretriage.ingest import AmbiguousSource, Kind, NothingUsable, open_source
from raretriage.ingest.source import Layout
from tests.ingest.exports import ndjson, patient

PACKET = {"id": "x", "subject": {"id": "1"}, "phenotypicFeatures": [], "metaData": {}}


def layouts(path: Path, **kind: str) -> dict[str, Layout]:
    return {part.file.name: part.layout for part in open_source(path, **kind).parts}


def test_any_file_name_will_do(tmp_path: Path) -> None:
    ndjson(tmp_path / "dump_of_monday", [patient(), patient("p2")])
    assert open_source(tmp_path).kind is Kind.FHIR
    assert layouts(tmp_path) == {"dump_of_monday": Layout.LINES}


def test_gzip_is_seen_whatever_the_name(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(gzip.compress(json.dumps(patient()).encode() + b"\n"))
    assert open_source(tmp_path).kind is Kind.FHIR


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_document_is_read_whole_on_one_line_or_many(tmp_path: Path, indent: int | None) -> None:
    document = {"resourceType": "Bundle", "type": "collection", "entry": []}
    (tmp_path / "b.json").write_text(json.dumps(document, indent=indent))
    (tmp_path / "p.json").write_text(json.dumps(PACKET, indent=indent))
    assert layouts(tmp_path, kind="fhir") == {"b.json": Layout.DOCUMENT}
    assert layouts(tmp_path, kind="phenopackets") == {"p.json": Layout.DOCUMENT}


def test_ndjson_with_the_ending_json_is_ndjson(tmp_path: Path) -> None:
    ndjson(tmp_path / "Patient.json", [patient(), patient("p2")])
    assert layouts(tmp_path) == {"Patient.json": Layout.LINES}


def test_one_long_line_of_ndjson_is_recognised(tmp_path: Path) -> None:
    ndjson(tmp_path / "Patient.ndjson", [patient(photo=[{"data": "A" * (2 << 20)}])])
    assert layouts(tmp_path) == {"Patient.ndjson": Layout.LINES}


def test_a_damaged_first_line_hides_nothing(tmp_path: Path) -> None:
    ndjson(tmp_path / "Patient.ndjson", ["{oops", patient()])
    ndjson(tmp_path / "Other.ndjson", ["oops", patient()])
    assert set(layouts(tmp_path)) == {"Patient.ndjson", "Other.ndjson"}


def test_a_log_beside_the_export_is_read_and_a_readme_is_named_as_ignored(tmp_path: Path) -> None:
    ndjson(tmp_path / "Patient.ndjson", [patient()])
    ndjson(tmp_path / "log.ndjson", [{"eventId": "kickoff"}])
    (tmp_path / "README.md").write_text("An export.\n")
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "Observation.ndjson.tmp").write_text("x")
    source = open_source(tmp_path)
    assert {part.file.name for part in source.parts} == {"Patient.ndjson", "log.ndjson"}
    assert source.ignored == ("README.md",)


def test_csv_is_known_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "patients.txt").write_text("Fever;Pain;Days;Shoe size\n1;2;3;44\n")
    assert open_source(tmp_path).kind is Kind.CSV


def test_a_table_with_other_columns_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("age,sex,income\n1,f,2\n")
    with pytest.raises(NothingUsable, match="expected FHIR R4"):
        open_source(tmp_path)


def test_two_kinds_need_a_word_from_the_caller(tmp_path: Path) -> None:
    ndjson(tmp_path / "Patient.ndjson", [patient()])
    ndjson(tmp_path / "cases.ndjson", [PACKET])
    with pytest.raises(AmbiguousSource, match=r"fhir, phenopackets.*kind="):
        open_source(tmp_path)
    assert open_source(tmp_path, kind="phenopackets").ignored == ("Patient.ndjson",)


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_nothing_there_is_said_plainly(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingUsable, match=name):
        open_source(tmp_path / name)


def test_a_file_url_is_a_path(tmp_path: Path) -> None:
    ndjson(tmp_path / "Patient.ndjson", [patient()])
    assert open_source(f"file://{tmp_path}").kind is Kind.FHIR
