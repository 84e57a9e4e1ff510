"""Ingest into the real lake: idempotent, and never half a table, wherever it is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from raretriage.ingest import IngestSettings, ingest, open_source
from raretriage.lake import Lake
from tests.ingest.exports import KEYRING, NOW, Terms, encounter, ndjson, patient, vital

ROOT = Path(__file__).resolve().parents[2]

# Ingests argv[1] into the lake argv[2] and kills itself without warning at the point argv[3].
KILLED = """
import os, signal, sys
import pyarrow as pa
from raretriage.ingest import ingest, open_source
from raretriage.lake import Lake
from tests.ingest.exports import KEYRING, NOW, Terms

point = sys.argv[3]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Dying(Lake):
    def quarantine(self, rows):
        if point == "before":
            die()
        super().quarantine(rows)
        if point == "after-quarantine":
            die()

    def land(self, encounters):
        def broken():
            for number, batch in enumerate(encounters):
                if point == "while-landing" and number == 1:
                    die()
                yield batch
        version = super().land(pa.RecordBatchReader.from_batches(encounters.schema, broken()))
        if point == "after-landing":
            die()
        return version

ingest(open_source(sys.argv[1]), sink=Dying(sys.argv[2]), keyring=KEYRING, knowledge=Terms(), now=NOW,
       progress=lambda _n: die() if point == "while-reading" else None)
"""


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two batches of encounters and one bad record."""
    resources = [item for n in range(10_500) for item in (patient(f"p{n}"), encounter(f"e{n}", f"Patient/p{n}"))]
    bad = vital("bad", "8867-4", 999, "/min", encounter="Encounter/e1", subject="Patient/p1")
    return ndjson(tmp_path_factory.mktemp("export") / "export.ndjson.gz", [*resources, bad])


def content(lake: Lake) -> tuple[list[object], list[object]]:
    encounters = lake.read("encounters").sort_by("encounter_id").column("row_hash").to_pylist()
    return encounters, sorted(lake.read("quarantine").column("quarantine_id").to_pylist())


def land(export: Path, lake: Lake) -> int | None:
    settings = IngestSettings(memory_limit="300MB")
    source = open_source(export)
    return ingest(source, sink=lake, keyring=KEYRING, knowledge=Terms(), now=NOW, settings=settings).lake_version


def test_ingesting_twice_adds_no_version(export: Path, tmp_path: Path) -> None:
    lake = Lake(str(tmp_path / "lake"))
    first = land(export, lake)
    before = content(lake)
    assert first == lake.version("encounters")
    assert land(export, lake) is None
    assert lake.version("encounters") == first
    assert content(lake) == before
    assert (len(before[0]), len(before[1])) == (10_500, 1)


@pytest.mark.parametrize("point", ["while-reading", "before", "after-quarantine", "while-landing", "after-landing"])
def test_killed_anywhere_no_table_is_half_and_the_next_run_ends_the_same(
    export: Path, tmp_path: Path, point: str
) -> None:
    url = str(tmp_path / "lake")
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(export), url, point],
        cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    lake = Lake(url)
    landed = lake.read("encounters").num_rows if lake.exists("encounters") else 0
    assert landed == (10_500 if point == "after-landing" else 0)
    land(export, lake)
    encounters, quarantined = content(lake)
    assert (len(encounters), len(set(encounters)), len(quarantined)) == (10_500, 10_500, 1)
