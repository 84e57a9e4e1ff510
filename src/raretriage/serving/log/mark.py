"""What the workers of one log share: a lock, and in the locked file how far the log is durable.

A worker that is killed while it writes leaves bytes behind the mark. They were never answered, so whoever writes next
sets them aside. The mark itself is not synced: a power cut ends all workers, and the first to come back reads the log
itself and marks anew.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from raretriage.serving.log.chain import GENESIS, Head

_NO_DAY = "-" * 10


@dataclass(frozen=True, slots=True)
class Mark:
    """The end of what is durable."""

    day: str | None
    """UTC date of the current file; None as long as it has no line."""
    size: int
    """Of the current file, in bytes."""
    head: Head

    def encoded(self) -> bytes:
        """Of one length, so that a newer mark covers an older one whole."""
        return f"{self.day or _NO_DAY} {self.size:020d} {self.head.seq:020d} {self.head.hash}\n".encode()

    @classmethod
    def decoded(cls, data: bytes) -> "Mark | None":
        """None for anything but a mark.

        >>> mark = Mark("2026-03-05", 812, Head(2, "ab" * 32))
        >>> Mark.decoded(mark.encoded()) == mark, Mark.decoded(b"")
        (True, None)
        """
        parts = data.decode("ascii", errors="replace").removesuffix("\n").split(" ")
        if len(data) != _LENGTH or len(parts) != 4 or not (parts[1].isdecimal() and parts[2].isdecimal()):
            return None
        day, size, seq, digest = parts
        return cls(None if day == _NO_DAY else day, int(size), Head(int(seq), digest))


_LENGTH = len(Mark(None, 0, GENESIS).encoded())


class SharedMark:
    """The file of the mark. Not safe for several threads: the caller holds a lock of its own."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One worker at a time. A killed one lets go."""
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def read(self) -> Mark | None:
        """Call it locked. None where nobody has marked yet."""
        return Mark.decoded(os.pread(self._descriptor, _LENGTH + 1, 0))

    def write(self, mark: Mark) -> None:
        """Call it locked, after what it says is durable."""
        os.pwrite(self._descriptor, mark.encoded(), 0)

    def close(self) -> None:
        os.close(self._descriptor)
