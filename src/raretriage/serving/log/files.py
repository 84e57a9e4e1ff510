"""The files of one environment's prediction log: one a closed day, the current one, and where the chain begins."""

import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from raretriage.serving.errors import BrokenChain, LogBusy
from raretriage.serving.log.chain import GENESIS, Head, Verified, verify_log


def current_file(folder: Path, environment: str) -> Path:
    return folder / f"predicciones_{environment}.txt"


def closed_file(folder: Path, environment: str, day: str) -> Path:
    """`day` is the UTC date."""
    return folder / f"predicciones_{environment}.{day}.txt"


def anchor_file(folder: Path, environment: str) -> Path:
    """Names the line that the first one here follows, on a disk that took the log over from the bucket."""
    return current_file(folder, environment).with_suffix(".start")


def closed_days(folder: Path, environment: str) -> list[str]:
    """UTC dates, oldest first."""
    found = folder.glob(f"predicciones_{environment}.????-??-??.txt")
    return sorted(path.name.split(".")[1] for path in found)


def log_files(folder: Path, environment: str) -> list[Path]:
    """All that are there, oldest first."""
    closed = [closed_file(folder, environment, day) for day in closed_days(folder, environment)]
    current = current_file(folder, environment)
    return [*closed, current] if current.exists() else closed


def mark_file(folder: Path, environment: str) -> Path:
    """How far the log is durable, for the workers that write it; see `mark.py`."""
    return current_file(folder, environment).with_suffix(".mark")


def shipped_file(folder: Path, environment: str) -> Path:
    """Which worker sends the log, and the number of the last line that arrived; see `shipping`."""
    return current_file(folder, environment).with_suffix(".shipped")


class Lease:
    """Who has the log: one process alone, to mend or to rewrite it, or the workers of a service together."""

    def __init__(self, folder: Path, environment: str) -> None:
        """Raises OSError when the lock's file cannot be made."""
        self._current = current_file(folder, environment)
        path = self._current.with_suffix(".lock")
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def take_alone(self) -> bool:
        """False where another process has it, alone or with others."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def share(self) -> None:
        """Have it together with others.

        Raises:
            LogBusy: another process has it alone.
        """
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LogBusy(
                f"{self._current} is being rewritten by another process: start again when its "
                "`raretriage log erase` has ended"
            ) from None

    def close(self) -> None:
        """Let it go."""
        os.close(self._descriptor)


@contextmanager
def held(folder: Path, environment: str) -> Iterator[None]:
    """The log, for this process alone.

    Raises:
        LogBusy: a service has it.
        OSError: the lock's file cannot be made.
    """
    lease = Lease(folder, environment)
    try:
        if not lease.take_alone():
            raise LogBusy(
                f"{current_file(folder, environment)} is written by another process: "
                "stop the service, do this, and start it again"
            )
        yield
    finally:
        lease.close()


def line_in(path: Path, entry_id: str) -> bytes | None:
    """The first whole line of a file with this id; None where there is none."""
    begin = b'{"id":' + orjson.dumps(entry_id) + b","
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:  # nothing to map
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            start = 0 if data[: len(begin)] == begin else data.find(b"\n" + begin) + 1
            if data[start : start + len(begin)] != begin or (end := data.find(b"\n", start)) < 0:
                return None
            return data[start:end]


def start_of(folder: Path, environment: str) -> Head:
    """What the first line here follows. Raises `BrokenChain` when the anchor is damaged."""
    anchor = anchor_file(folder, environment)
    if not anchor.exists():
        return GENESIS
    seq, _, digest = anchor.read_text().strip().partition(" ")
    if not seq.isdecimal() or len(digest) != len(GENESIS.hash):
        raise BrokenChain(f"{anchor.name} should hold a number and a hash: restore it from its backup")
    return Head(int(seq), digest)


def verify_folder(folder: Path, environment: str) -> Verified:
    """Check every line of every day.

    Raises:
        BrokenChain: names the first file and line that do not hold.
    """
    head, lines, erased = start_of(folder, environment), 0, 0
    for path in log_files(folder, environment):
        with path.open("rb") as file:
            try:
                found = verify_log(file, after=head)
            except BrokenChain as error:
                raise BrokenChain(f"{path.name}, {error}: restore it from its backup or the bucket") from error
        head, lines, erased = found.head, lines + found.lines, erased + found.erased
    return Verified(head, lines, erased)
