"""One log, several workers: a single chain, whoever writes, dies or fails."""

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from raretriage.serving import Head, LogBusy, LogUnavailable, verify_folder
from raretriage.serving.log.durable import OsFileOps
from raretriage.serving.log.files import held, log_files
from raretriage.serving.log.group_commit import GroupCommit
from raretriage.serving.log.predictions import PredictionLog
from tests.serving.test_prediction_log import FaultyOps

DAY = datetime(2026, 3, 5, 10, tzinfo=UTC)
NAME = "predicciones_dev.txt"


def put(log: PredictionLog, name: str, when: datetime = DAY) -> Head:
    return log.append(prediction_id=name, time=when, model=None, content={"name": name})


def names(folder: Path) -> list[str]:
    """Ids of all lines, in order; the chain is checked."""
    verify_folder(folder, "dev")
    return [json.loads(line)["id"] for path in log_files(folder, "dev") for line in path.read_text().splitlines()]


def test_two_workers_write_one_chain_by_turns(tmp_path: Path) -> None:
    one, two = PredictionLog(tmp_path, "dev"), PredictionLog(tmp_path, "dev")
    for i in range(3):
        put(one, f"one-{i}")
        put(two, f"two-{i}")
    assert one.head == two.head
    assert one.read("2026-03-05", 0, 1 << 20) == (tmp_path / NAME).read_bytes()
    assert names(tmp_path) == ["one-0", "two-0", "one-1", "two-1", "one-2", "two-2"]
    one.close()
    put(two, "last")
    two.close()
    assert names(tmp_path)[-1] == "last"


def test_processes_and_threads_under_load_lose_and_double_nothing(tmp_path: Path) -> None:
    code = """
import sys, threading
from datetime import UTC, datetime
from pathlib import Path
from raretriage.serving.log.predictions import PredictionLog
from tests.serving.test_prediction_log import FaultyOps
log, part = PredictionLog(Path(sys.argv[1]), "dev"), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
now = datetime(2026, 3, 5, tzinfo=UTC)
def ask(thread):
    for i in range(100):
        log.append(prediction_id=f"{part}-{thread}-{i}", time=now, model=None, content={})
threads = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
log.close()
"""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), str(n)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:  # all at once
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate(timeout=60)
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    expected = [f"{part}-{thread}-{i}" for part in range(3) for thread in range(4) for i in range(100)]
    assert sorted(names(tmp_path)) == sorted(expected)


def test_a_worker_that_is_killed_while_it_writes_leaves_nothing_that_counts(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    whole = b'{"id":"never answered"}\n{"id":"to'
    with (tmp_path / NAME).open("ab") as file:
        file.write(whole)
    put(log, "b")
    assert names(tmp_path) == ["a", "b"]
    assert (tmp_path / f"{NAME}.torn").read_bytes() == whole + b"\n"
    log.close()


def test_what_one_worker_cannot_take_back_another_sets_aside(tmp_path: Path) -> None:
    ops = FaultyOps()
    one, two = PredictionLog(tmp_path, "dev", ops=ops), PredictionLog(tmp_path, "dev")
    put(one, "a")
    ops.fail = {"sync", "truncate"}
    with pytest.raises(LogUnavailable):
        put(one, "refused")
    put(two, "b")
    ops.fail = set()
    put(one, "c")
    assert names(tmp_path) == ["a", "b", "c"]
    one.close()
    two.close()


def test_when_one_worker_closes_the_day_the_other_goes_on_in_the_new_file(tmp_path: Path) -> None:
    one, two = PredictionLog(tmp_path, "dev"), PredictionLog(tmp_path, "dev")
    put(one, "a")
    put(two, "b", DAY + timedelta(days=1))
    put(one, "c", DAY + timedelta(days=1))
    assert one.days() == two.days() == ["2026-03-05", "2026-03-06"]
    put(one, "d", DAY + timedelta(days=2))
    put(two, "e", DAY)
    assert names(tmp_path) == ["a", "b", "c", "d", "e"]
    one.close()
    two.close()


def test_a_group_that_straddles_midnight_goes_into_two_files(tmp_path: Path) -> None:
    is_open = threading.Event()

    class Waiting(OsFileOps):
        def sync(self, descriptor: int) -> None:
            is_open.wait(10)
            super().sync(descriptor)

    log = PredictionLog(tmp_path, "dev", ops=Waiting())
    futures = [log.submit({str(i): {}}, time=DAY + timedelta(days=i // 2), model=None) for i in range(5)]
    is_open.set()
    assert [future.result(10).seq for future in futures] == [1, 2, 3, 4, 5]
    log.close()
    assert [len(path.read_bytes().splitlines()) for path in log_files(tmp_path, "dev")] == [2, 2, 1]
    assert names(tmp_path) == ["0", "1", "2", "3", "4"]


def test_what_waits_for_the_disk_is_written_together(tmp_path: Path) -> None:
    syncs: list[int] = []
    is_open = threading.Event()

    class Slow(OsFileOps):
        def sync(self, descriptor: int) -> None:
            syncs.append(descriptor)
            is_open.wait(10)
            super().sync(descriptor)

    log = PredictionLog(tmp_path, "dev", ops=Slow())
    futures = [log.submit({str(i): {}}, time=DAY, model=None) for i in range(50)]
    is_open.set()
    assert [future.result(10).seq for future in futures] == list(range(1, 51))
    assert len(syncs) <= 3
    log.close()


def test_a_group_that_cannot_be_written_is_refused_as_a_whole(tmp_path: Path) -> None:
    ops = FaultyOps()
    log = PredictionLog(tmp_path, "dev", ops=ops)
    ops.fail = {"sync"}
    futures = [log.submit({str(i): {}}, time=DAY, model=None) for i in range(5)]
    for future in futures:
        with pytest.raises(LogUnavailable):
            future.result(10)
    ops.fail = set()
    put(log, "a")
    log.close()
    assert names(tmp_path) == ["a"]


def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    log.close()
    with pytest.raises(LogUnavailable, match="closed"):
        put(log, "a")


def test_a_log_that_was_cut_under_its_workers_takes_nothing(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    put(log, "b")
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(LogUnavailable, match="was cut by somebody"):
        put(log, "c")
    log.close()


def test_whoever_rewrites_the_log_is_alone_with_it(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    with pytest.raises(LogBusy, match="stop the service"), held(tmp_path, "dev"):
        pass
    log.close()
    with held(tmp_path, "dev"), pytest.raises(LogBusy, match="log erase"):
        PredictionLog(tmp_path, "dev")
    PredictionLog(tmp_path, "dev").close()


def test_a_mark_from_before_a_power_cut_is_not_believed(tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, "dev")
    put(log, "a")
    old = (tmp_path / "predicciones_dev.mark").read_bytes()
    put(log, "b")
    log.close()
    (tmp_path / "predicciones_dev.mark").write_bytes(old)
    log = PredictionLog(tmp_path, "dev")
    put(log, "c")
    log.close()
    assert names(tmp_path) == ["a", "b", "c"]


def test_a_group_commit_that_fails_leaves_nobody_waiting() -> None:
    def commit(_: object) -> None:
        raise ValueError("a fault of the program")

    commits: GroupCommit[int, int] = GroupCommit(commit, name="test")
    with pytest.raises(ValueError, match="a fault of the program"):
        commits.submit(1).result(10)
    commits.close()


class Workers(RuleBasedStateMachine):
    """Up to three workers that come, go, die and fail in any order, over several days."""

    @initialize()
    def begin(self) -> None:
        self._temporary = TemporaryDirectory()
        self.folder = Path(self._temporary.name)
        self.workers: dict[int, tuple[PredictionLog, FaultyOps]] = {}
        self.answered: list[str] = []
        self.asked = 0
        self.day = 0

    @rule(which=st.integers(0, 2))
    def join(self, which: int) -> None:
        if which not in self.workers:
            ops = FaultyOps()
            self.workers[which] = (PredictionLog(self.folder, "dev", ops=ops), ops)

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        log, ops = self.workers.pop(data.draw(st.sampled_from(sorted(self.workers))))
        ops.fail = set()
        log.close()

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), count=st.integers(1, 4), fail=st.sets(st.sampled_from(["write", "sync", "truncate"])))
    def ask(self, data: st.DataObject, count: int, fail: set[str]) -> None:
        log, ops = self.workers[data.draw(st.sampled_from(sorted(self.workers)))]
        ops.fail = fail
        futures = []
        for _ in range(count):
            self.asked += 1
            name = f"answer {self.asked}"
            when = DAY + timedelta(days=self.day)
            futures.append((name, log.submit({name: {"n": self.asked}}, time=when, model=None)))
        for name, future in futures:
            if future.exception(10) is None:
                self.answered.append(name)
        ops.fail = set()

    @rule(days=st.integers(-1, 2))
    def time_passes(self, days: int) -> None:
        self.day += days

    @precondition(lambda self: self.workers)
    @rule(torn=st.binary(min_size=1, max_size=30))
    def another_worker_is_killed(self, torn: bytes) -> None:
        with (self.folder / NAME).open("ab") as file:
            file.write(torn)

    @invariant()
    def what_was_answered_is_there_once_and_in_order(self) -> None:
        if not hasattr(self, "workers") or not self.workers:
            return
        log = next(iter(self.workers.values()))[0]
        log.check()
        assert names(self.folder) == self.answered
        assert log.head.seq == len(self.answered)
        first = [path.read_bytes().partition(b"\n")[0] for path in log_files(self.folder, "dev")]
        assert log.days() == [json.loads(line)["time"][:10] for line in first if line]

    def teardown(self) -> None:
        for log, ops in getattr(self, "workers", {}).values():
            ops.fail = set()
            log.close()
        if hasattr(self, "_temporary"):
            self._temporary.cleanup()


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)
