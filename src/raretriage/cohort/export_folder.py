"""Where do the files go? Numbered NDJSON parts that appear under their name only when all are complete."""

import gzip
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import orjson

from raretriage.cohort.errors import ForeignFolder

MANIFEST = "cohort.json"
_UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True)
class PartFiles:
    """One part of an export: what its files will be called, and how many lines each type has."""

    names: tuple[str, ...]
    lines: Counter[str]


class PartWriter:
    """Writes the lines of one part under temporary names: a file for each resource type.

    Parts do not depend on each other and may be written by different processes at the same time.
    """

    def __init__(self, folder: Path, number: int, *, compress: bool) -> None:
        self._folder = folder
        self._number = number
        self._compress = compress
        self._open: dict[str, tuple[str, BinaryIO]] = {}
        self._lines: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def write(self, kind: str, line: bytes) -> None:
        """Append a line, its end included, to the file of its resource type."""
        if kind not in self._open:
            self._begin(kind)
        self._open[kind][1].write(line)
        self._lines[kind] += 1

    def finish(self) -> PartFiles:
        """Close the files, which have all lines now.

        Raises:
            OSError: the disk refuses the last of them.
        """
        names = tuple(name for name, _stream in self._open.values())
        self._close()
        return PartFiles(names, self._lines)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            # what is still buffered may be what the disk refused; that error is on its way already
            with suppress(OSError):
                self._close()

    def _begin(self, kind: str) -> None:
        name = f"{kind}.{self._number:03d}.ndjson" + (".gz" if self._compress else "")
        path = self._folder / (name + _UNFINISHED)
        # no file name and no time in the gzip header, so that the same cohort gives the same bytes
        stream = _Gzip(path) if self._compress else path.open("wb", buffering=1 << 20)
        self._open[kind] = (name, cast("BinaryIO", stream))

    def _close(self) -> None:
        with ExitStack() as stack:
            for _name, stream in self._open.values():
                stack.callback(stream.close)
        self._open.clear()


class ExportFolder:
    """Where an export comes to stand: `<Type>.<nnn>.ndjson[.gz]` for each part, then the manifest, then it is done.

    Until then every file has a temporary name: an interrupted run leaves an earlier export as it was, and nothing
    half-written under a name that ingest would read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._earlier = _earlier_files(folder)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        _remove_unfinished(self.folder)
        return self

    def finish(self, parts: Iterable[PartFiles], manifest: Mapping[str, object]) -> int:
        """Give every file its name, replace an earlier export of ours, write the manifest last.

        Args:
            parts: all parts, their writers finished.
            manifest: what `cohort.json` says besides `bytes` and `files`.

        Returns:
            Bytes of the export, manifest not counted.
        """
        names = sorted(name for part in parts for name in part.names)
        size = sum((self.folder / (name + _UNFINISHED)).stat().st_size for name in names)
        # Without its manifest the folder is nobody's finished export, whatever happens from here on.
        (self.folder / MANIFEST).unlink(missing_ok=True)
        for name in names:
            (self.folder / (name + _UNFINISHED)).replace(self.folder / name)
        for name in self._earlier - set(names):
            (self.folder / name).unlink(missing_ok=True)
        content = orjson.dumps({**manifest, "bytes": size, "files": names}, option=orjson.OPT_INDENT_2)
        temporary = self.folder / (MANIFEST + _UNFINISHED)
        temporary.write_bytes(content)
        temporary.replace(self.folder / MANIFEST)
        return size

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _remove_unfinished(self.folder)


class _Gzip(gzip.GzipFile):
    """A gzip file that closes what it opened, and whose header tells neither name nor time."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("wb", buffering=1 << 20)
        super().__init__(filename="", fileobj=self._raw, mode="wb", compresslevel=3, mtime=0)

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._raw.close()


def _earlier_files(folder: Path) -> set[str]:
    """The files of an earlier cohort here. Raises `ForeignFolder` if there are others' files."""
    if not folder.exists():
        return set()
    if not folder.is_dir():
        raise ForeignFolder(f"{folder} is a file; give a folder that is new, empty or an earlier cohort")
    found = {entry.name for entry in os.scandir(folder) if not entry.name.endswith(_UNFINISHED)}
    known: set[str] = set()
    if MANIFEST in found:
        try:
            known = set(orjson.loads((folder / MANIFEST).read_bytes())["files"])
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ForeignFolder(f"{folder / MANIFEST} is not the manifest of a cohort; give another folder") from error
    strangers = found - known - {MANIFEST}
    if strangers:
        raise ForeignFolder(
            f"{folder} holds {len(strangers)} files that are not an earlier cohort's ({min(strangers)}, ...); "
            "give a folder that is new or empty"
        )
    return known


def _remove_unfinished(folder: Path) -> None:
    for path in folder.glob(f"*{_UNFINISHED}"):
        path.unlink(missing_ok=True)
