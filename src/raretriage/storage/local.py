"""A bucket in a folder of this machine, with every write on the disk before the call returns.

Written here because the local store of obstore 0.12.1 renames into place without `fsync` (seen with strace), so that
a power cut can lose an object that was answered for. The prediction log and the ledger promise that it cannot.
"""

import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from raretriage.storage.bucket import check_key, check_prefix
from raretriage.storage.errors import AlreadyExists, InvalidAddress, InvalidKey, NotFound, Unreachable

CHUNK_BYTES = 1 << 20

# What a killed writer leaves behind: never listed, never read.
_UNFINISHED = re.compile(r"^\.unfinished-[0-9a-f]{16}$")


class FolderBucket:
    """Objects as files below `root`. The folder is created by the first write.

    Writes go to a file beside the target, are synced, moved into place by one system call, and the folder is synced.
    """

    def __init__(self, root: Path) -> None:
        if root.exists() and not root.is_dir():
            raise InvalidAddress(f"{root} is a file; a bucket needs a folder")
        self._root = root

    def __repr__(self) -> str:
        return f"FolderBucket({str(self._root)!r})"

    def get(self, key: str) -> bytes:
        with self._reading(key) as path:
            return path.read_bytes()

    def put(self, key: str, data: bytes) -> None:
        self._write(key, (data,), Path.replace)

    def put_stream(self, key: str, pieces: Iterable[bytes]) -> None:
        self._write(key, pieces, Path.replace)

    def put_if_absent(self, key: str, data: bytes) -> None:
        # link(2) is the atomic 'create only if free' of a folder; rename(2) would overwrite.
        self._write(key, (data,), _link)

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            path.unlink()
            sync_folder(path.parent)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return
        except OSError as error:
            raise Unreachable(f"{self}: cannot delete {key!r}: {error.strerror}") from error

    def list(self, prefix: str = "") -> Iterator[str]:
        start = self._root / check_prefix(prefix)
        found: list[str] = []
        try:
            for folder, _, files in os.walk(start, onerror=_raise_unless_missing):
                at = Path(folder).relative_to(self._root)
                found += [(at / name).as_posix() for name in files if not _UNFINISHED.match(name)]
        except OSError as error:
            raise Unreachable(f"{self}: cannot list {prefix!r}: {error.strerror}") from error
        return iter(sorted(found))

    def stream(self, key: str) -> Iterator[bytes]:
        with self._reading(key) as path:
            file = path.open("rb")
        return self._chunks(key, file)

    def _chunks(self, key: str, file: BinaryIO) -> Iterator[bytes]:
        try:
            with file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except OSError as error:
            raise Unreachable(f"{self}: cannot read on in {key!r}: {error.strerror}") from error

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    @contextmanager
    def _reading(self, key: str) -> Iterator[Path]:
        try:
            yield self._path(key)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotFound(f"{self} has no object {key!r}") from error
        except OSError as error:
            raise Unreachable(f"{self}: cannot read {key!r}: {error.strerror}") from error

    def _write(self, key: str, pieces: Iterable[bytes], place: Callable[[Path, Path], object]) -> None:
        path = self._path(key)
        unfinished = path.with_name(f".unfinished-{secrets.token_hex(8)}")
        try:
            _make_folder(path.parent)
            if path.is_dir():
                raise InvalidKey(f"{self}: {key!r} is a folder of other objects; choose another key")
            try:
                _write_synced(unfinished, pieces)
                place(unfinished, path)
            finally:
                unfinished.unlink(missing_ok=True)
            sync_folder(path.parent)
        except FileExistsError as error:
            if path.exists():
                raise AlreadyExists(f"{self} already has an object {key!r}") from error
            raise InvalidKey(f"{self}: a part of {key!r} is an object already, so it can hold no others") from error
        except NotADirectoryError as error:
            raise InvalidKey(f"{self}: a part of {key!r} is an object already, so it can hold no others") from error
        except OSError as error:
            raise Unreachable(f"{self}: cannot write {key!r}: {error.strerror}") from error


def _link(source: Path, target: Path) -> None:
    target.hardlink_to(source)


def _write_synced(path: Path, pieces: Iterable[bytes]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(descriptor)


def _make_folder(folder: Path) -> None:
    """Create the folder and its missing parents, each entered durably in the one above."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable: a new or renamed file is not there after a power cut without it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _raise_unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error
