import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from raretriage.cohort import WorkerLost
from raretriage.cohort.workers import MAX_WORKERS, run_jobs, workers_for

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Squares:
    """A job whose patients are numbers; it may fail at one of them."""

    fails_at: int = -1
    dies_at: int = -1

    def __call__(self, number: int, step, /) -> int:
        step(number)
        if number == self.fails_at:
            raise LookupError(f"no {number}")
        if number == self.dies_at:
            os._exit(9)
        return number * number


@dataclass(frozen=True)
class Endless:
    """A job that shows by a file that it has begun. Number 0 ends at once; the others go on until they are told to."""

    folder: Path

    def __call__(self, number: int, step, /) -> None:
        (self.folder / f"begun.{number}.{os.getpid()}").touch()
        while number:
            step(0)
            time.sleep(0.01)


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_numbers(workers: int) -> None:
    seen: list[int] = []
    assert run_jobs(Squares(), 5, workers=workers, progress=seen.append) == [0, 1, 4, 9, 16]
    assert sorted(seen) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_comes_through_and_says_which_part(workers: int) -> None:
    with pytest.raises(LookupError, match="no 3") as caught:
        run_jobs(Squares(fails_at=3), 50, workers=workers)
    assert "while part 3 was made" in caught.value.__notes__


def test_a_worker_that_is_killed_is_no_riddle() -> None:
    with pytest.raises(WorkerLost, match="fewer workers"):
        run_jobs(Squares(dies_at=1), 4, workers=2)


@pytest.mark.parametrize(
    ("wanted", "jobs", "expected"), [(1, 9, 1), (2, 9, 2), (4, 3, 3), (64, 100, 64), (3, 1, 1), (None, 1, 1)]
)
def test_there_are_as_many_workers_as_wanted_but_never_more_than_jobs(
    wanted: int | None, jobs: int, expected: int
) -> None:
    assert workers_for(wanted, jobs) == expected


def test_unasked_there_is_one_for_each_processor_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    for processors, expected in ((1, 1), (4, 4), (128, MAX_WORKERS), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda processors=processors: processors)
        assert workers_for(None, 1_000) == expected


def test_no_worker_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="workers: 0, expected at least 1"):
        workers_for(0, 3)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C goes to the whole group, of which one is idle; a kill goes to the parent alone."""
    code = (
        "import sys; from pathlib import Path\n"
        "from raretriage.cohort.workers import run_jobs\n"
        "from tests.cohort.test_workers import Endless\n"
        "if __name__ == '__main__': run_jobs(Endless(Path(sys.argv[1])), 3, workers=3)\n"
    )
    (tmp_path / "run.py").write_text(code, encoding="utf-8")
    parent = subprocess.Popen(
        [sys.executable, tmp_path / "run.py", tmp_path],
        start_new_session=True,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )
    try:
        workers = _wait_for(lambda: pids if len(pids := _begun(tmp_path)) == 3 else None)
        if how is signal.SIGINT:
            os.killpg(parent.pid, how)
        else:
            parent.kill()
        errors = parent.communicate(timeout=30)[1]
        _wait_for(lambda: not any(_is_alive(pid) for pid in workers) or None)
        if how is signal.SIGINT:
            assert errors.count("KeyboardInterrupt") == 1, "the workers leave the interrupt to their parent"
    finally:
        # whatever failed above, nobody stays
        with suppress(ProcessLookupError):
            os.killpg(parent.pid, signal.SIGKILL)


def test_what_waits_in_the_queue_is_not_begun_after_an_interrupt(tmp_path: Path) -> None:
    def interrupt(_patients: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs(Endless(tmp_path), 6, workers=2, progress=interrupt)
    assert len(_begun(tmp_path)) <= 3


def _begun(folder: Path) -> list[int]:
    return [int(path.suffix[1:]) for path in folder.glob("begun.*")]


def _is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def _wait_for(condition, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while (result := condition()) is None:
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)
    return result
