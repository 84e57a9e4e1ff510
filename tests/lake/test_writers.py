"""Writers at the same time, writers that die, and rewriting by order."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from raretriage.lake import Conflict, Lake, NoSuchVersion, SchemaMismatch
from raretriage.lake.commits import MAX_ATTEMPTS, with_retries
from tests.lake.rows import encounter, encounters, rejected

ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import sys
from raretriage.lake import Lake
from tests.lake.rows import encounter, encounters
Lake(sys.argv[1]).land(encounters(encounter(n) for n in range(int(sys.argv[2]))))
"""


def ids(lake: Lake) -> list[str]:
    return sorted(lake.read(columns=["encounter_id"]).column(0).to_pylist())


def test_writers_at_the_same_time_neither_lose_nor_double_a_row(lake: Lake) -> None:
    lake.land(encounters([encounter(0)]))
    start = threading.Barrier(4)
    faults: list[BaseException] = []

    def write(writer: int) -> None:
        mine = Lake(lake.url)
        start.wait(timeout=30)
        try:
            # Every writer brings encounters that the others bring too, and some of its own.
            mine.land(encounters([encounter(n) for n in range(20)] + [encounter(100 + writer)]))
        except BaseException as fault:  # noqa: BLE001 - handed to the main thread
            faults.append(fault)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    assert ids(lake) == sorted(f"e-{n}" for n in [*range(20), *range(100, 104)])


def test_a_writer_that_was_overtaken_starts_again_from_what_is_there(local_lake: Lake) -> None:
    local_lake.land(encounters([encounter(1)]))
    calls: list[int] = []

    def age_a_year(batch: pa.RecordBatch) -> pa.RecordBatch:
        calls.append(batch.num_rows)
        if len(calls) == 1:
            Lake(local_lake.url).land(encounters([encounter(2)]))
        at = batch.schema.get_field_index("age_years")
        return batch.set_column(at, batch.schema.field(at), pc.add(batch.column(at), 1.0))

    version = local_lake.rewrite("encounters", age_a_year, "a year later")
    assert local_lake.read(columns=["age_years"]).column(0).to_pylist() == [41.0, 41.0]
    assert [entry.version for entry in local_lake.history()] == [3, 2, 1, 0]
    assert version == 3
    assert local_lake.history()[0].reason == "a year later"


def test_a_writer_that_is_always_overtaken_gives_up() -> None:
    attempts: list[int] = []
    pauses: list[float] = []

    def lose() -> None:
        attempts.append(1)
        raise Conflict("another writer committed first")

    with pytest.raises(Conflict):
        with_retries(lose, pause=pauses.append)
    assert len(attempts) == MAX_ATTEMPTS
    assert len(pauses) == MAX_ATTEMPTS - 1
    assert sum(pauses) < 15


ROWS = 300_000  # many row groups, so that files appear long before the commit


def writer_of(lake: Lake) -> list[str]:
    return [sys.executable, "-c", WRITER, lake.url, str(ROWS)]


def killed_before_its_commit(folder: Path) -> Lake | None:
    """A lake whose second writer was killed with its files half written; None where it had committed before the kill
    came, as it may on a machine that is busy with other things."""
    lake = Lake(str(folder / "lake"))
    before = lake.land(encounters([encounter(0)]))
    table = folder / "lake" / "encounters"
    files = set(table.iterdir())
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    with subprocess.Popen(writer_of(lake), cwd=ROOT, env={**os.environ, "TMPDIR": str(scratch)}) as writer:
        deadline = time.monotonic() + 60
        while set(table.iterdir()) == files:  # until its first data file appears
            assert time.monotonic() < deadline
            assert writer.poll() is None, "the writer ended before it was killed"
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL
    assert set(table.iterdir()) > files
    assert list(scratch.iterdir()) == []
    return lake if lake.version() == before else None


def test_a_killed_writer_leaves_the_old_version_and_a_rerun_ends_the_same(tmp_path: Path) -> None:
    tries = (killed_before_its_commit(tmp_path / str(nth)) for nth in range(10))
    lake = next((lake for lake in tries if lake is not None), None)
    assert lake is not None, "ten writers had committed before they could be killed"
    before = lake.version()
    assert ids(lake) == ["e-0"]
    subprocess.run(writer_of(lake), cwd=ROOT, check=True, timeout=120)
    assert lake.version() == before + 1
    assert lake.read(columns=["encounter_id"]).num_rows == ROWS


def test_a_write_is_on_the_disk_when_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local_lake = Lake(str(tmp_path / "años 100% #1"))
    synced: list[Path] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    table = Path(local_lake.url) / "encounters"
    writes = [
        lambda: local_lake.land(encounters([encounter(1)])),
        lambda: local_lake.land(encounters([encounter(1, row_hash="other")])),
        lambda: local_lake.rewrite("encounters", lambda batch: batch, "as it was"),
    ]
    for write in writes:
        before = set(table.glob("*.parquet"))
        synced.clear()
        version = write()
        (written,) = set(table.glob("*.parquet")) - before
        assert synced[0] == written
        assert synced[1] == table / "_delta_log" / f"{version:020d}.json"
        assert {table, table / "_delta_log"} < set(synced)


def test_a_reader_that_fails_lands_nothing(local_lake: Lake) -> None:
    good = encounters([encounter(1)])

    def half() -> object:
        yield good.read_next_batch()
        raise FileNotFoundError("Observation.ndjson vanished")

    with pytest.raises(OSError, match=r"Observation\.ndjson vanished"):
        local_lake.land(pa.RecordBatchReader.from_batches(good.schema, half()))
    assert not local_lake.exists("encounters")


def test_a_rewrite_that_fails_raises_its_own_fault_and_changes_nothing(local_lake: Lake) -> None:
    local_lake.land(encounters(encounter(n) for n in range(3)))

    def fail(_batch: pa.RecordBatch) -> pa.RecordBatch:
        raise KeyError("old key is missing")

    with pytest.raises(KeyError, match="old key is missing"):
        local_lake.rewrite("encounters", fail, "rotation")
    with pytest.raises(SchemaMismatch, match="missing"):
        local_lake.rewrite("encounters", lambda batch: batch.select(["encounter_id"]), "rotation")
    assert local_lake.version() == 1
    assert local_lake.read().num_rows == 3


def test_fewer_rows_erase(local_lake: Lake) -> None:
    local_lake.land(encounters(encounter(n) for n in range(4)))
    local_lake.rewrite("encounters", lambda b: b.filter(pc.not_equal(b.column("patient_id"), "p-1")), "erasure order 7")
    assert ids(local_lake) == ["e-0", "e-1"]
    assert local_lake.read(version=1).num_rows == 4


def test_purged_history_is_gone_from_data_and_log(lake: Lake) -> None:
    lake.land(encounters([encounter(1, patient_id="p-planted"), encounter(2)]))
    lake.land(encounters([encounter(2, row_hash="other"), encounter(3)]))

    def rekey(batch: pa.RecordBatch) -> pa.RecordBatch:
        at = batch.schema.get_field_index("patient_id")
        return batch.set_column(at, batch.schema.field(at), pa.array(["p-new"] * batch.num_rows))

    version = lake.rewrite("encounters", rekey, "key rotation", purge_history=True)
    assert set(lake.read().column("patient_id").to_pylist()) == {"p-new"}
    assert lake.version() == version
    assert {entry.reason for entry in lake.history()} == {"key rotation"}
    for old in range(4):
        with pytest.raises(NoSuchVersion):
            lake.read(version=old)
    # Life goes on, and from here on every version is kept again.
    after = lake.land(encounters([encounter(9)]))
    assert lake.read(version=version).num_rows == 3
    assert lake.read(version=after).num_rows == 4


def test_purging_deletes_the_files_of_old_versions_and_of_dead_writers(local_lake: Lake, tmp_path: Path) -> None:
    local_lake.land(encounters([encounter(1, patient_id="p-planted")]))
    table = tmp_path / "lake" / "encounters"
    (orphan,) = table.glob("*.parquet")
    dead = table / "part-00000-00000000-0000-0000-0000-000000000000-c000.zstd.parquet"
    dead.write_bytes(orphan.read_bytes())

    def rekey(batch: pa.RecordBatch) -> pa.RecordBatch:
        at = batch.schema.get_field_index("patient_id")
        return batch.set_column(at, batch.schema.field(at), pa.array(["p-new"] * batch.num_rows))

    local_lake.rewrite("encounters", rekey, "key rotation", purge_history=True)
    # Delta's later checkpoints drop log entries by this property: a purge must not leave it at nothing.
    assert DeltaTable(table).metadata().configuration["delta.logRetentionDuration"] == "interval 36500 days"
    left = list(table.rglob("*.parquet"))
    assert len(left) == 2  # the rows and the checkpoint
    assert not [path for path in left if "p-planted" in str(pq.read_table(path).to_pylist())]
    assert not [path for path in table.rglob("*.json") if b"p-planted" in path.read_bytes()]


def test_the_quarantine_can_be_rewritten_too(local_lake: Lake) -> None:
    local_lake.quarantine(rejected(["q-1", "q-2"]))
    local_lake.rewrite("quarantine", lambda b: b.slice(0, 1), "erasure")
    assert local_lake.read("quarantine").num_rows == 1


@pytest.mark.long
def test_memory_stays_flat_as_the_rows_grow_tenfold(tmp_path: Path) -> None:
    code = WRITER + "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    peaks = []
    for rows in (50_000, 500_000):
        command = [sys.executable, "-c", code, str(tmp_path / str(rows)), str(rows)]
        peaks.append(int(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600).stdout))
    assert peaks[1] < 2 * peaks[0]
