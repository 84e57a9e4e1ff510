"""How fast is the export, and how much memory does it take? Measured here and now, in a folder that goes away."""

import os
import re
import tempfile
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from raretriage.cohort.spec import CohortSpec
from raretriage.cohort.write import write_cohort
from raretriage.knowledge import Knowledge

_POLL_SECONDS = 0.1
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BenchmarkResult:
    """What writing one cohort of SIMULATED patients took."""

    patients: int
    encounters: int
    bytes: int
    workers: int | None
    """As asked for."""
    seconds: float
    """From the knowledge in memory to the finished folder."""
    peak_bytes: int | None
    """Sum over this process and its workers of the most that each ever had resident; None where the system does not
    tell (it takes Linux's /proc). An upper bound of what they had together: pages that they share count for each, and
    this process's peak includes what it did before, such as building the knowledge."""

    def as_json(self) -> dict[str, object]:
        """The result as the CLI's `--json` writes it."""
        return asdict(self)


def benchmark(patients: int, knowledge: Knowledge, *, workers: int | None = None) -> BenchmarkResult:
    """Write a cohort into a temporary folder and measure; the folder is removed.

    Args:
        patients: how many; everything else of the specification is the default.
        knowledge: as for `write_cohort`.
        workers: as for `write_cohort`.

    Raises:
        SpecError: less than one patient, or too many.
        OSError: the disk refuses.
    """
    spec = CohortSpec(patients=patients)
    with tempfile.TemporaryDirectory(prefix="raretriage-benchmark-") as folder, _Peaks() as peaks:
        start = monotonic()
        report = write_cohort(spec, Path(folder) / "export", knowledge, workers=workers)
        seconds = monotonic() - start
    return BenchmarkResult(patients, report.encounters, report.bytes, workers, seconds, peaks.total())


class _Peaks:
    """Watches this process and its children; each one's own peak is read, so a look now and then is enough.

    `resource.getrusage` would not do: of children it gives the largest one only, and a child's begins with the size of
    the parent that it was started from.
    """

    def __init__(self) -> None:
        self._of: dict[str, int] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def total(self) -> int | None:
        return sum(self._of.values()) or None

    def _watch(self) -> None:
        while True:
            is_last = self._stop.wait(_POLL_SECONDS)
            for pid in (str(os.getpid()), *_children()):
                peak = _peak_of(pid)
                if peak is not None:
                    self._of[pid] = peak
            if is_last:
                return


def _children() -> list[str]:
    """Process ids; read and not asked of `multiprocessing`, which would wait for those that ended."""
    found: list[str] = []
    for path in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            found += path.read_text(encoding="ascii").split()
    return found


def _peak_of(pid: str) -> int | None:
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
