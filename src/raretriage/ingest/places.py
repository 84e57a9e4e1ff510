"""Where an export lies: files by name, each readable in pieces. A local path or a bucket URL."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from raretriage.ingest.errors import NothingUsable, SourceTruncated, SourceVanished
from raretriage.storage import NotFound, open_bucket

_log = logging.getLogger(__name__)

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of an export. `name` is relative to the export and may hold a patient's name: never log it."""

    name: str
    pieces: Callable[[], Iterator[bytes]]
    """Opens the file and yields its bytes. Raises SourceVanished, or SourceTruncated at the end."""


def find_files(url_or_path: str | Path) -> tuple[SourceFile, ...]:
    """The files of a source, by name: one file, all files below a folder, or all objects below a bucket URL.

    Hidden files and unfinished ones (`.tmp`, `.part`) are left out.

    Raises:
        NothingUsable: there is nothing there.
    """
    text = str(url_or_path)
    scheme, separator, rest = text.partition("://")
    if separator and scheme != "file":
        files = _in_bucket(text)
    else:
        files = _on_disk(Path(unquote(rest)) if separator else Path(text))
    if not files:
        raise NothingUsable(f"no file at {text}: give a file, a folder or a bucket URL that holds an export")
    return files


def _is_wanted(name: str) -> bool:
    return not any(part.startswith(".") for part in name.split("/")) and not name.endswith((".tmp", ".part"))


def _on_disk(path: Path) -> tuple[SourceFile, ...]:
    if path.is_file():
        return (_local(path, path.name),)
    if not path.is_dir():
        raise NothingUsable(f"{path} is neither a file nor a folder; check the path")
    names = sorted(found.relative_to(path).as_posix() for found in path.rglob("*") if found.is_file())
    return tuple(_local(path / name, name) for name in names if _is_wanted(name))


def _local(path: Path, name: str) -> SourceFile:
    size = path.stat().st_size

    def pieces() -> Iterator[bytes]:
        read = 0
        try:
            with path.open("rb") as file:
                while piece := file.read(_PIECE_BYTES):
                    read += len(piece)
                    yield piece
        except FileNotFoundError:
            raise _vanished() from None
        if read < size:
            raise SourceTruncated(
                f"a file of the source has {read:,} bytes but had {size:,} when listed: it was changed while being "
                "read. Wait until the export is complete, then run again; nothing has landed"
            )

    return SourceFile(name, pieces)


def _in_bucket(url: str) -> tuple[SourceFile, ...]:
    bucket = open_bucket(url)

    def one(key: str) -> SourceFile:
        def pieces() -> Iterator[bytes]:
            try:
                yield from bucket.stream(key)
            except NotFound:
                raise _vanished() from None

        return SourceFile(key, pieces)

    return tuple(one(key) for key in bucket.list("") if _is_wanted(key))


def _vanished() -> SourceVanished:
    return SourceVanished(
        "a file of the source was there when listed and is gone now. Put the export where nothing removes it, then "
        "run again; nothing has landed"
    )
