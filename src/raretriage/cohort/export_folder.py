"""Where do the files go? Numbered NDJSON parts that appear under their name only when all are complete."""

import gzip
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, cast

import orjson

from raretriage.cohort.errors import ForeignFolder

MANIFEST = "cohort.json"
_PART_LINES = 200_000
_UNFINISHED = ".unfinished"


class ExportFolder:
    """Writes resources by type into `<Type>.<nnn>.ndjson[.gz]`, then the manifest, then it is done.

    Until then every file has a temporary name: an interrupted run leaves an earlier export as it was, and nothing
    half-written under a name that ingest would read.
    """

    def __init__(self, folder: Path, *, compress: bool, part_lines: int = _PART_LINES) -> None:
        self.folder = folder
        self._compress = compress
        self._part_lines = part_lines
        self._open: dict[str, tuple[str, BinaryIO]] = {}
        self._names: list[str] = []
        self.lines: Counter[str] = Counter()
        self._earlier = _earlier_files(folder)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        _remove_unfinished(self.folder)
        return self

    def write(self, resource: Mapping[str, object]) -> None:
        """Append one resource to its type's current part."""
        kind = str(resource["resourceType"])
        if self.lines[kind] % self._part_lines == 0:
            self._next_part(kind)
        self._open[kind][1].write(orjson.dumps(resource, option=orjson.OPT_APPEND_NEWLINE))
        self.lines[kind] += 1

    def finish(self, manifest: Mapping[str, object]) -> int:
        """Give every file its name, replace an earlier export of ours, write the manifest last.

        Returns:
            Bytes of the export, manifest not counted.
        """
        self._close()
        size = sum((self.folder / (name + _UNFINISHED)).stat().st_size for name in self._names)
        # Without its manifest the folder is nobody's finished export, whatever happens from here on.
        (self.folder / MANIFEST).unlink(missing_ok=True)
        for name in self._names:
            (self.folder / (name + _UNFINISHED)).replace(self.folder / name)
        for name in self._earlier - set(self._names):
            (self.folder / name).unlink(missing_ok=True)
        content = orjson.dumps({**manifest, "bytes": size, "files": sorted(self._names)}, option=orjson.OPT_INDENT_2)
        temporary = self.folder / (MANIFEST + _UNFINISHED)
        temporary.write_bytes(content)
        temporary.replace(self.folder / MANIFEST)
        return size

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        _remove_unfinished(self.folder)

    def _next_part(self, kind: str) -> None:
        number = self.lines[kind] // self._part_lines
        name = f"{kind}.{number:03d}.ndjson" + (".gz" if self._compress else "")
        if kind in self._open:
            self._open[kind][1].close()
        path = self.folder / (name + _UNFINISHED)
        # no file name and no time in the gzip header, so that the same cohort gives the same bytes
        stream = _Gzip(path) if self._compress else path.open("wb", buffering=1 << 20)
        self._open[kind] = (name, cast("BinaryIO", stream))
        self._names.append(name)

    def _close(self) -> None:
        for _name, stream in self._open.values():
            stream.close()
        self._open.clear()


class _Gzip(gzip.GzipFile):
    """A gzip file that closes what it opened, and whose header tells neither name nor time."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("wb", buffering=1 << 20)
        super().__init__(filename="", fileobj=self._raw, mode="wb", compresslevel=3, mtime=0)

    def close(self) -> None:
        super().close()
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
