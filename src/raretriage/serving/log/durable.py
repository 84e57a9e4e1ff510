"""A file that grows by whole records, each on the disk before `append` returns."""

import errno
import logging
import os
from pathlib import Path
from typing import Protocol

from raretriage.serving.errors import LogUnavailable
from raretriage.storage import sync_folder

_log = logging.getLogger(__name__)


class FileOps(Protocol):
    """The system calls that can fail on a full or dying disk; a test puts faults in their place."""

    def write(self, descriptor: int, data: bytes | memoryview) -> int: ...

    def sync(self, descriptor: int) -> None: ...

    def truncate(self, descriptor: int, size: int) -> None: ...


class OsFileOps:
    """The operating system's own."""

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        os.fdatasync(descriptor)

    def truncate(self, descriptor: int, size: int) -> None:
        os.ftruncate(descriptor, size)


class DurableFile:
    """Append-only. After a fault the file is cut back to its last durable record before anything is added.

    Not safe for several threads: the caller holds a lock.
    """

    def __init__(self, path: Path, ops: FileOps) -> None:
        self.path = path
        self._ops = ops
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        sync_folder(path.parent)
        self.size = os.fstat(self._descriptor).st_size
        """Durable bytes."""
        self._is_clean = True

    def append(self, record: bytes) -> None:
        """Write the record whole and durably, or leave the file as it was.

        Raises:
            LogUnavailable: the record is not in the file, or is being cut off again; nothing may rest on it.
        """
        self.heal()
        try:
            self._write(record)
            self._ops.sync(self._descriptor)
        except OSError as error:
            self.cut_back(self.size)
            raise LogUnavailable(f"cannot write {self.path.name}: {_name(error)}; free or repair its disk") from error
        self.size += len(record)

    def heal(self) -> None:
        """Cut off what an earlier fault left behind.

        Raises:
            LogUnavailable: it still cannot be cut off.
        """
        if not self._is_clean:
            self.cut_back(self.size)
        if not self._is_clean:
            raise LogUnavailable(f"{self.path.name} ends in an unfinished line that cannot be removed: check its disk")

    def surplus(self) -> int:
        """Bytes behind the durable ones; below 0 where durable ones are gone. Raises OSError."""
        return os.fstat(self._descriptor).st_size - self.size

    def cut_back(self, size: int) -> None:
        """Only so many bytes count as durable, and no others stay; where that cannot be done, `heal` tries again."""
        self.size, self._is_clean = size, False
        try:
            self._ops.truncate(self._descriptor, size)
            self._ops.sync(self._descriptor)
        except OSError as error:
            _log.error("log.undo_failed file=%s reason=%s", self.path.name, _name(error))
        else:
            self._is_clean = True

    def read(self, offset: int, limit: int) -> bytes:
        """Durable bytes only, at most `limit`."""
        return os.pread(self._descriptor, max(0, min(limit, self.size - offset)), offset)

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, record: bytes) -> None:
        rest = memoryview(record)
        while rest:
            written = self._ops.write(self._descriptor, rest)
            if written <= 0:
                raise OSError(errno.EIO, "write returned nothing")
            rest = rest[written:]


def _name(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "unknown error")
