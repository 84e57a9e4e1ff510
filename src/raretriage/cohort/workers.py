"""How is work spread over processes? Numbered jobs, their results in order, and an end that leaves nobody behind."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import Protocol, TypeVar, cast

from raretriage.cohort.errors import WorkerLost

MAX_WORKERS = 8
"""As many as are started unasked: each holds the tables once more (150 MB and the catalogue)."""

_Result_co = TypeVar("_Result_co", covariant=True)
_Result = TypeVar("_Result")


class Stopped(Exception):
    """Raised in a worker that was told to stop between two steps of its job. It never reaches the caller."""


class Job(Protocol[_Result_co]):
    """Work that can be pickled, and be done for each number alone."""

    def __call__(self, number: int, step: Callable[[int], object], /) -> _Result_co:
        """Do the job of this number; call `step` with the patients done, at least once a second."""


def workers_for(wanted: int | None, jobs: int) -> int:
    """How many processes: as wanted, else as many as there are processors, and never more than jobs.

    Raises:
        ValueError: less than one is wanted.
    """
    if wanted is not None and wanted < 1:
        raise ValueError(f"workers: {wanted}, expected at least 1")
    return max(1, min(wanted or os.cpu_count() or 1, jobs, *([] if wanted else [MAX_WORKERS])))


def run_jobs(
    job: Job[_Result], jobs: int, *, workers: int, progress: Callable[[int], object] = lambda _n: None
) -> list[_Result]:
    """The results of job 0, 1, 2 ..., whoever did them.

    With one worker all happens here. Otherwise new processes are spawned, which inherit nothing; the first error, or
    an interrupt here, stops all of them before this function is left.

    Args:
        job: what to do. How often `progress` is called for a job depends on who does it; the sum does not.
        jobs: how many.
        workers: how many processes.
        progress: called here with the number of patients newly done.

    Raises:
        WorkerLost: a process ended without an answer, as when the system kills it for its memory.
        Exception: what the first failing job raised, with a note that says which one.
    """
    if workers == 1:
        return [_noted(job, number, progress) for number in range(jobs)]
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(workers, context, _begin, (job, stop)) as pool:
        with _unheard_interrupts():
            futures = [pool.submit(_do, number) for number in range(jobs)]
        try:
            for future in as_completed(futures):
                progress(future.result()[0])
        except BrokenProcessPool as error:
            raise WorkerLost(
                "a worker process ended without an answer; the system may have killed it for its memory. "
                "Use fewer workers, or look into the system's log"
            ) from error
        finally:
            # workers see it between two steps
            stop.set()
            pool.shutdown(cancel_futures=True)
    return [cast("_Result", future.result()[1]) for future in futures]


def _noted(job: Job[_Result], number: int, step: Callable[[int], object]) -> _Result:
    try:
        return job(number, step)
    except Exception as error:
        error.add_note(f"while part {number} was made")
        raise


@contextmanager
def _unheard_interrupts() -> Iterator[None]:
    """Processes started in here never hear Ctrl-C, which goes to the whole group: this one hears it and tells them.

    Here it is heard after all, when this is left. Workers cannot look away themselves: they take a second to begin.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker:
    """What a worker process holds; set once when it begins."""

    job: Job[object]
    stop: Event


def _begin(job: Job[object], stop: Event) -> None:
    _Worker.job, _Worker.stop = job, stop
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed tells nobody: without this its workers would wait for it for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(number: int) -> tuple[int, object]:
    done = 0

    def step(patients: int) -> None:
        nonlocal done
        done += patients
        if _Worker.stop.is_set():
            raise Stopped

    step(0)  # what stood in the queue when the others were stopped is not begun
    result = _noted(_Worker.job, number, step)
    return done, result
