"""Phenopackets, one a line or a document each."""

import json
from pathlib import Path

from tests.ingest.exports import MemorySink, ndjson, run


def packet(id_: str | None, *findings: str, disease: str = "OMIM:154700") -> dict[str, object]:
    return {
        **({} if id_ is None else {"id": id_}),
        "subject": {"id": "II-1", "sex": "MALE", "timeAtLastEncounter": {"age": {"iso8601duration": "P3Y"}}},
        "phenotypicFeatures": [{"type": {"id": found}} for found in findings],
        "interpretations": [{"progressStatus": "SOLVED", "diagnosis": {"disease": {"id": disease}}}],
        "metaData": {},
    }


def test_packets_land_and_each_bad_part_is_named(tmp_path: Path) -> None:
    sink = MemorySink()
    path = ndjson(
        tmp_path / "cases.ndjson.gz",
        [
            packet("a", "HP:0000001", "HP:9999999"),
            packet(None),
            "{",
            packet("b", disease="MONDO:0000001"),
            packet("a", "HP:0000001", "HP:9999999"),
            packet("b"),
            {"eventId": "log"},
            "[]",
        ],
    )
    report = run(path, sink)
    assert sink.faults() == [
        (1, "unknown_hpo_id", "phenotypicFeatures[1].type.id"),
        (2, "missing_id", "id"),
        (3, "malformed_json", None),
        (5, "unknown_hpo_id", "phenotypicFeatures[1].type.id"),
        (6, "conflict", "encounter_id"),
        (8, "not_an_object", None),
    ]
    assert (report.read, report.accepted, report.quarantined, report.duplicate, report.unused) == (8, 2, 4, 1, 1)
    rare = {row["diagnosis_code"]: (row["rare"], row["label_source"]) for row in sink.encounters.values()}
    assert rare == {"154700": (True, "coded"), "0000001": (None, None)}
    assert run(path, sink).accepted == 0


def test_a_folder_of_documents_is_read(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps(packet(name, "HP:0000001"), indent=1))
    sink = MemorySink()
    assert run(tmp_path, sink).accepted == 2
    assert {row["age_years"] for row in sink.encounters.values()} == {3.0}
