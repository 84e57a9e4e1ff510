"""The log's file: durable or not there at all, mended after a crash, closed at midnight."""

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from raretriage.serving import BrokenChain, Head, LogUnavailable, verify_log
from raretriage.serving.log.durable import OsFileOps
from raretriage.serving.log.predictions import PredictionLog

DAY = datetime(2026, 3, 5, 10, tzinfo=UTC)
NAME = "predicciones_dev.txt"


class FaultyOps(OsFileOps):
    """The real calls, with faults on demand."""

    def __init__(self) -> None:
        self.fail: set[str] = set()
        self.short_write = 0
        """Bytes that the next write takes, as a disk that is nearly full would."""
        self.calls: list[str] = []

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        self.calls.append("write")
        if self.short_write:
            taken, self.short_write = self.short_write, 0
            return os.write(descriptor, data[:taken])
        if "write" in self.fail:
            raise OSError(errno.ENOSPC, "full")
        return super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self.calls.append("sync")
        if "sync" in self.fail:
            raise OSError(errno.EIO, "io")
        super().sync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        self.calls.append("truncate")
        if "truncate" in self.fail:
            raise OSError(errno.EIO, "io")
        super().truncate(descriptor, size)


def put(log: PredictionLog, name: str, when: datetime = DAY) -> Head:
    return log.append(prediction_id=name, time=when, model=None, content={"name": name})


def names(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def test_a_line_is_in_the_file_and_synced_when_append_returns(tmp_path: Path) -> None:
    ops = FaultyOps()
    log = PredictionLog(tmp_path, "dev", ops=ops)
    put(log, "a")
    assert ops.calls == ["write", "sync"]
    assert names(tmp_path / NAME) == ["a"]
    log.close()


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "prod")
    put(log, "a")
    assert names(tmp_path / "predicciones_prod.txt") == ["a"]
    log.close()


def test_the_chain_goes_on_after_a_restart(tmp_path: Path) -> None:
    for name in "abc":
        log = PredictionLog(tmp_path, "dev")
        put(log, name)
        log.close()
    assert verify_log(lines(tmp_path / NAME)).lines == 3


@pytest.mark.parametrize("fault", ["write", "sync"])
def test_a_fault_leaves_no_trace_and_the_next_line_follows(tmp_path: Path, fault: str) -> None:
    ops = FaultyOps()
    log = PredictionLog(tmp_path, "dev", ops=ops)
    put(log, "a")
    ops.fail = {fault}
    with pytest.raises(LogUnavailable, match=NAME):
        put(log, "b")
    ops.fail = set()
    put(log, "c")
    assert names(tmp_path / NAME) == ["a", "c"]
    assert verify_log(lines(tmp_path / NAME)).head == log.head
    log.close()


def test_half_a_line_before_the_disk_is_full_is_cut_off(tmp_path: Path) -> None:
    ops = FaultyOps()
    log = PredictionLog(tmp_path, "dev", ops=ops)
    put(log, "a")
    size = (tmp_path / NAME).stat().st_size
    ops.short_write, ops.fail = 20, {"write"}
    with pytest.raises(LogUnavailable, match="ENOSPC"):
        put(log, "b")
    assert (tmp_path / NAME).stat().st_size == size
    log.close()


def test_a_short_write_is_completed(tmp_path: Path) -> None:
    ops = FaultyOps()
    log = PredictionLog(tmp_path, "dev", ops=ops)
    ops.short_write = 10
    put(log, "a")
    assert ops.calls == ["write", "write", "sync"]
    assert verify_log(lines(tmp_path / NAME)).lines == 1
    log.close()


def test_a_log_that_cannot_be_cut_back_takes_nothing_until_it_can(tmp_path: Path) -> None:
    ops = FaultyOps()
    log = PredictionLog(tmp_path, "dev", ops=ops)
    put(log, "a")
    ops.fail = {"sync", "truncate"}
    with pytest.raises(LogUnavailable):
        put(log, "b")
    ops.fail = {"truncate"}
    with pytest.raises(LogUnavailable, match="unfinished line"):
        log.check()
    with pytest.raises(LogUnavailable, match="unfinished line"):
        put(log, "c")
    ops.fail = set()
    log.check()
    put(log, "d")
    assert names(tmp_path / NAME) == ["a", "d"]
    log.close()


def test_what_is_not_durable_is_not_read(tmp_path: Path) -> None:
    ops = FaultyOps()
    log = PredictionLog(tmp_path, "dev", ops=ops)
    put(log, "a")
    durable = log.read("2026-03-05", 0, 1 << 20)
    ops.fail = {"sync", "truncate"}
    with pytest.raises(LogUnavailable):
        put(log, "b")
    assert (tmp_path / NAME).stat().st_size > len(durable)
    assert log.read("2026-03-05", 0, 1 << 20) == durable
    log.close()


def test_a_torn_last_line_is_set_aside_and_the_chain_goes_on(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    log.close()
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"id": "torn", "se')
    log = PredictionLog(tmp_path, "dev")
    put(log, "b")
    log.close()
    assert names(tmp_path / NAME) == ["a", "b"]
    assert (tmp_path / f"{NAME}.torn").read_bytes() == b'{"id": "torn", "se\n'
    assert verify_log(lines(tmp_path / NAME)).lines == 2


def test_a_file_of_nothing_but_a_torn_line_starts_anew(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\0" * 100)
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    log.close()
    assert verify_log(lines(tmp_path / NAME)).lines == 1


def test_a_changed_line_stops_the_log_and_nothing_is_written(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    put(log, "b")
    log.close()
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes().replace(b'"name":"a"', b'"name":"x"'))
    before = path.read_bytes()
    with pytest.raises(BrokenChain, match=f"{NAME}, line 1: its content was changed"):
        PredictionLog(tmp_path, "dev")
    assert path.read_bytes() == before
    path.write_bytes(before.replace(b'"name":"x"', b'"name":"a"'))
    PredictionLog(tmp_path, "dev").close()


def test_a_log_whose_first_line_is_gone_is_refused(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    put(log, "b")
    log.close()
    (tmp_path / NAME).write_bytes(lines(tmp_path / NAME)[1])
    with pytest.raises(BrokenChain, match="number should be 1"):
        PredictionLog(tmp_path, "dev")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable, match="file"):
        PredictionLog(tmp_path / "file", "dev")


def test_many_threads_lose_and_double_nothing(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    threads = [
        threading.Thread(target=lambda part=part: [put(log, f"{part}-{i}") for i in range(20)]) for part in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    assert sorted(names(tmp_path / NAME)) == sorted(f"{part}-{i}" for part in range(8) for i in range(20))
    assert verify_log(lines(tmp_path / NAME)).lines == 160


MIDNIGHT = datetime(2026, 3, 6, tzinfo=UTC)


def test_at_midnight_the_day_is_closed_and_the_chain_goes_on(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a", MIDNIGHT - timedelta(milliseconds=1))
    put(log, "b", MIDNIGHT)
    assert log.days() == ["2026-03-05", "2026-03-06"]
    log.close()
    closed = tmp_path / "predicciones_dev.2026-03-05.txt"
    assert (names(closed), names(tmp_path / NAME)) == (["a"], ["b"])
    assert verify_log(lines(closed) + lines(tmp_path / NAME)).lines == 2


def test_a_restart_after_midnight_closes_yesterday(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    log.close()
    log = PredictionLog(tmp_path, "dev")
    put(log, "b", DAY + timedelta(days=3))
    log.close()
    log = PredictionLog(tmp_path, "dev")
    put(log, "c", DAY + timedelta(days=3))
    assert log.head.seq == 3
    assert log.days() == ["2026-03-05", "2026-03-08"]
    log.close()
    assert names(tmp_path / "predicciones_dev.2026-03-05.txt") == ["a"]


def test_a_clock_that_steps_back_stays_in_its_day(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a", MIDNIGHT)
    put(log, "b", MIDNIGHT - timedelta(seconds=1))
    log.close()
    assert names(tmp_path / NAME) == ["a", "b"]


def test_a_crash_between_closing_and_opening_a_day_is_mended(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    log.close()
    (tmp_path / NAME).rename(tmp_path / "predicciones_dev.2026-03-05.txt")
    log = PredictionLog(tmp_path, "dev")
    put(log, "b", MIDNIGHT)
    log.close()
    both = lines(tmp_path / "predicciones_dev.2026-03-05.txt") + lines(tmp_path / NAME)
    assert verify_log(both).lines == 2


def test_a_closed_day_is_never_overwritten(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    (tmp_path / "predicciones_dev.2026-03-05.txt").write_text("precious")
    with pytest.raises(LogUnavailable, match="is there already"):
        put(log, "b", MIDNIGHT)
    assert (tmp_path / "predicciones_dev.2026-03-05.txt").read_text() == "precious"
    log.close()


def test_a_new_disk_goes_on_from_what_reached_the_bucket(tmp_path: Path) -> None:
    arrived = Head(41, "c" * 64)
    for name in "ab":
        log = PredictionLog(tmp_path, "dev", resume=lambda: arrived)
        put(log, name)
        log.close()
    assert verify_log(lines(tmp_path / NAME), after=arrived).head.seq == 43


def test_a_resumed_log_that_lost_its_lines_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev", resume=lambda: Head(41, "c" * 64))
    put(log, "a")
    put(log, "b")
    log.close()
    (tmp_path / NAME).write_bytes(lines(tmp_path / NAME)[1])
    with pytest.raises(BrokenChain, match="number should be 42"):
        PredictionLog(tmp_path, "dev")


def test_reading_in_small_pieces_gives_whole_lines(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    for name in "abc":
        put(log, name)
    got, at = b"", 0
    while piece := log.read("2026-03-05", at, 5):
        assert piece.endswith(b"\n")
        got, at = got + piece, at + len(piece)
    assert got == (tmp_path / NAME).read_bytes()
    log.close()


def test_a_real_full_disk_is_an_unavailable_log(tmp_path: Path) -> None:
    code = """
import resource, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from raretriage.serving import LogUnavailable, verify_log
from raretriage.serving.log.predictions import PredictionLog

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = PredictionLog(Path(sys.argv[1]), "dev")
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
answered = 0
for i in range(10):
    try:
        log.append(prediction_id=str(i), time=datetime.now(UTC), model=None, content={"fill": "x" * 300})
        answered += 1
    except LogUnavailable as error:
        print(error)
        break
data = (Path(sys.argv[1]) / "predicciones_dev.txt").read_bytes()
assert data.endswith(b"\\n") and verify_log(data.splitlines()).lines == answered, data
print(answered)
"""
    said = subprocess.check_output([sys.executable, "-c", code, str(tmp_path)], text=True).splitlines()
    assert "EFBIG" in said[0]
    assert int(said[1]) >= 1


IN_A_SMALL_TMPFS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from raretriage.serving import LogUnavailable, verify_log
from raretriage.serving.log.predictions import PredictionLog

folder = Path(sys.argv[1])
ballast = folder / "ballast"
ballast.write_bytes(b"x" * 40_000)
log = PredictionLog(folder, "dev")

def put(name):
    log.append(prediction_id=name, time=datetime.now(UTC), model=None, content={"fill": "x" * 700})

answered = 0
try:
    for i in range(1000):
        put(str(i))
        answered += 1
except LogUnavailable as error:
    print(error)
ballast.unlink()
for i in range(5):
    put(f"after {i}")
lines = (folder / "predicciones_dev.txt").read_bytes().splitlines()
assert verify_log(lines).lines == answered + 5
print(answered)
"""


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=100k tmpfs {tmp_path} && exec {sys.executable} -c '{IN_A_SMALL_TMPFS}' {tmp_path}"
    as_who = ["--mount"] if os.geteuid() == 0 else ["--map-root-user", "--mount"]
    probe = ["unshare", *as_who, "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no file system of a size of its own can be mounted here (unshare --mount)")
    done = subprocess.run(["unshare", *as_who, "sh", "-c", mount], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert "ENOSPC" in said[0]
    assert int(said[1]) >= 10
