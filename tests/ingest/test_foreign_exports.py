"""Real foreign files ingest as they are, and every record is accounted for."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from raretriage.ingest import IngestReport, ingest, open_source
from raretriage.knowledge import Knowledge
from tests.ingest.exports import KEYRING, NOW, MemorySink
from tests.released import released_knowledge

pytestmark = pytest.mark.shared_data

Ingest = Callable[[str], tuple[IngestReport, MemorySink]]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return released_knowledge()


@pytest.fixture
def ingested(shared_data: Path, knowledge: Knowledge, tmp_path: Path) -> Ingest:
    def run(name: str) -> tuple[IngestReport, MemorySink]:
        path = shared_data / name
        if path.name.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                archive.extractall(tmp_path, filter="data")
            path = tmp_path
        sink = MemorySink()
        # clinosim's visits lie in 2026.
        now = NOW.replace(year=2027)
        return ingest(open_source(path), sink=sink, keyring=KEYRING, knowledge=knowledge, now=now), sink

    return run


def filled(sink: MemorySink, field: str) -> int:
    return sum(row[field] is not None for row in sink.encounters.values())


def test_synthea_bundles(ingested: Ingest) -> None:
    report, sink = ingested("fhir/synthea-r4-bundles.tar.gz")
    assert (report.read, report.accepted, report.quarantined, report.duplicate) == (12_709, 3_260, 0, 0)
    assert report.encounters == {"accepted": 941}
    # Counted in the files with jq: 494 blood pressures, 488 pains, 485 pulses; no oxygen, no findings.
    assert [filled(sink, name) for name in ("systolic_bp", "pain", "heart_rate", "spo2")] == [494, 488, 485, 0]
    assert all(row["phenotypes"] == [] and row["state"] is None for row in sink.encounters.values())


def test_synthea_bulk_export(ingested: Ingest) -> None:
    report, sink = ingested("fhir/synthea-bulk-ndjson.tar.gz")
    assert (report.read, report.quarantined, report.duplicate) == (7_164, 0, 0)
    assert (len(sink.encounters), report.by_type["Patient"]) == (1_215, {"accepted": 13})
    assert report.unused_reasons["no resource type"] == 4
    assert report.by_type["DocumentReference"] == {"unused": 1_215}
    assert filled(sink, "heart_rate") == 0


def test_clinosim_export(ingested: Ingest) -> None:
    report, sink = ingested("fhir/clinosim-ndjson.tar.gz")
    assert (report.read, report.quarantined, report.duplicate) == (22_524, 0, 0)
    assert (len(sink.encounters), report.by_type["Patient"]) == (2_318, {"accepted": 362})
    assert filled(sink, "temperature_c") == filled(sink, "fever") == 590
    assert report.unmapped_codes[0].code == "80288-4"


def test_5274_phenopackets(ingested: Ingest) -> None:
    report, sink = ingested("phenopackets-dev.ndjson.gz")
    assert (report.read, report.accepted, report.quarantined) == (5_274, 5_274, 0)
    assert filled(sink, "age_years") == 4_034
    assert {row["source_file"] for row in sink.quarantined.values()} == {"phenopackets-dev.ndjson.gz"}
    findings = sum(len(row["phenotypes"]) for row in sink.encounters.values())  # type: ignore[arg-type, misc]
    unknown = report.quarantine_rules["unknown_hpo_id"]
    assert findings + unknown <= 110_522
    assert findings > 100_000
