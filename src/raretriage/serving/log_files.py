"""The files of one environment's prediction log: one a closed day, the current one, and where the chain begins."""

import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from raretriage.serving.chain import GENESIS, Head, Verified, verify_log
from raretriage.serving.errors import BrokenChain, LogBusy


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


def take(folder: Path, environment: str) -> int:
    """Have the log for this process alone, until the descriptor is closed.

    Raises:
        LogBusy: another process has it.
        OSError: the lock's file cannot be made.
    """
    current = current_file(folder, environment)
    descriptor = os.open(current.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LogBusy(f"{current} is written by another process") from None
    return descriptor


@contextmanager
def held(folder: Path, environment: str) -> Iterator[None]:
    """The log, for this process alone. Raises as `take`, with what to do."""
    try:
        descriptor = take(folder, environment)
    except LogBusy as error:
        raise LogBusy(f"{error}: stop the service, do this, and start it again") from None
    try:
        yield
    finally:
        os.close(descriptor)


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
