"""When a source breaks while being read nothing lands, and the message says what to do."""

import gzip
import json
import os
from pathlib import Path

import pytest

from raretriage.ingest import IngestSettings, SourceTruncated, SourceVanished, ingest, open_source
from raretriage.ingest.engine import Engine
from raretriage.storage import open_bucket
from tests.ingest.exports import KEYRING, NOW, MemorySink, Terms, encounter, ndjson, patient, run, vital
from tests.servers import S3Bucket

RESOURCES = [patient(), encounter(), vital("o", "8867-4", 80, "/min"), vital("bad", "8867-4", 999, "/min")]


def start(folder: Path, sink: MemorySink) -> object:
    return ingest(open_source(folder), sink=sink, keyring=KEYRING, knowledge=Terms(), now=NOW)


def test_a_truncated_gzip_stops_the_ingest_before_anything_lands(tmp_path: Path) -> None:
    ndjson(tmp_path / "Patient.ndjson", RESOURCES[:2])
    whole = gzip.compress("".join(json.dumps(item) + "\n" for item in RESOURCES[2:] * 200).encode())
    (tmp_path / "Observation.ndjson.gz").write_bytes(whole[:-20])
    sink = MemorySink()
    with pytest.raises(SourceTruncated, match=r"Observation\.ndjson\.gz.*Fetch it again; nothing has landed"):
        start(tmp_path, sink)
    assert sink.calls == []


def test_a_file_that_vanishes_stops_the_ingest_before_anything_lands(tmp_path: Path) -> None:
    ndjson(tmp_path / "a.ndjson", RESOURCES[:2])
    ndjson(tmp_path / "b.ndjson", RESOURCES[2:])
    source, sink = open_source(tmp_path), MemorySink()
    (tmp_path / "b.ndjson").unlink()
    with pytest.raises(SourceVanished, match="gone now"):
        ingest(source, sink=sink, keyring=KEYRING, knowledge=Terms(), now=NOW)
    assert sink.calls == []


def test_a_file_that_shrinks_stops_the_ingest_before_anything_lands(tmp_path: Path) -> None:
    path = ndjson(tmp_path / "a.ndjson", RESOURCES)
    source, sink = open_source(tmp_path), MemorySink()
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(SourceTruncated, match="changed while being"):
        ingest(source, sink=sink, keyring=KEYRING, knowledge=Terms(), now=NOW)
    assert sink.calls == []


def test_an_object_that_vanishes_from_a_bucket_is_the_same_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = open_bucket("memory://")
    bucket.put("Patient.ndjson", json.dumps(patient()).encode())
    monkeypatch.setattr("raretriage.ingest.places.open_bucket", lambda _url: bucket)
    source = open_source("s3://exports/monday")
    bucket.delete("Patient.ndjson")
    with pytest.raises(SourceVanished):
        ingest(source, sink=MemorySink(), keyring=KEYRING, knowledge=Terms(), now=NOW)


@pytest.mark.server
def test_an_export_in_an_s3_bucket_is_ingested_as_from_a_folder(
    tmp_path: Path, s3_bucket: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_bucket.env.items():
        monkeypatch.setenv(name, value)
    ndjson(tmp_path / "export.ndjson.gz", RESOURCES)
    open_bucket(s3_bucket.url).put("bulk/export.ndjson.gz", (tmp_path / "export.ndjson.gz").read_bytes())
    sink = MemorySink()
    report = run(f"{s3_bucket.url}/bulk", sink)
    assert (report.read, report.accepted, report.quarantined) == (4, 3, 1)


def test_quarantine_is_written_first_then_encounters_then_the_report(tmp_path: Path) -> None:
    sink = MemorySink()
    path = ndjson(tmp_path / "a.ndjson", RESOURCES)
    run(path, sink)
    assert sink.calls == ["quarantine", "land", "record"]
    run(path, sink)
    assert sink.calls[3:] == ["quarantine", "record"]
    assert (len(sink.quarantined), len(sink.encounters)) == (1, 1)


def test_the_working_folder_is_private_and_goes_even_when_the_ingest_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Path, int]] = []

    class Watched(MemorySink):
        def quarantine(self, rows: object) -> None:  # noqa: ARG002
            seen.extend((path, path.stat().st_mode & 0o777) for path in tmp_path.glob("raretriage-ingest-*"))
            raise OSError("disk full")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(OSError, match="disk full"):
        run(ndjson(tmp_path / "a.ndjson", RESOURCES), Watched())
    assert [mode for _, mode in seen] == [0o700]
    assert not seen[0][0].exists()


def test_what_spills_to_disk_cannot_be_read() -> None:
    with Engine(memory_limit="60MB", threads=1) as engine:
        connection = engine._connection
        connection.execute(
            "CREATE TABLE names AS SELECT i, 'ANA-PEREZ-' || i || repeat('-', 40) AS s FROM range(2000000) t(i)"
        )
        spilled = [path for path in engine.folder.rglob("*") if path.is_file() and path.stat().st_size]
        assert sum(path.stat().st_size for path in spilled) > 1_000_000
        assert not any(b"ANA-PEREZ" in path.read_bytes() for path in spilled)


def test_a_naive_now_is_refused(tmp_path: Path) -> None:
    path = ndjson(tmp_path / "a.ndjson", RESOURCES)
    with pytest.raises(ValueError, match="aware"):
        ingest(
            open_source(path), sink=MemorySink(), keyring=KEYRING, knowledge=Terms(),
            now=NOW.replace(tzinfo=None), settings=IngestSettings(),
        )  # fmt: skip
