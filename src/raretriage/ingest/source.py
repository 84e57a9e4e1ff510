"""What kind of data a source holds, decided by content and not by file names."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import orjson

from raretriage.fhir import is_packet
from raretriage.ingest.columns import known_columns
from raretriage.ingest.errors import AmbiguousSource, NothingUsable, SourceTruncated
from raretriage.ingest.lines import unpacked
from raretriage.ingest.places import SourceFile, find_files

_LOOK_BYTES = 1 << 20
_LOOK_LINES = 20


class Kind(StrEnum):
    """What a source can hold."""

    FHIR = "fhir"
    PHENOPACKETS = "phenopackets"
    CSV = "csv"


class Layout(StrEnum):
    """How the records lie in a file."""

    LINES = "lines"
    DOCUMENT = "document"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Part:
    """A file that belongs to the source, and how it is laid out."""

    file: SourceFile
    layout: Layout


@dataclass(frozen=True, slots=True)
class Source:
    """An export that can be ingested."""

    kind: Kind
    parts: tuple[Part, ...]
    ignored: tuple[str, ...]
    """Files that are of no kind we read, or of another kind than this source's. Names are raw."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What the beginning of a file shows. `kind` is None for JSON that is neither FHIR nor a phenopacket."""

    layout: Layout
    kind: Kind | None


def open_source(url_or_path: str | Path, *, kind: Kind | str | None = None) -> Source:
    """Find the files of a source and what they hold. Nothing but their beginnings is read.

    Args:
        url_or_path: a file, a folder (searched to the bottom) or a bucket URL (`s3://...`, `gs://...`, `az://...`).
        kind: what to read when the source holds several kinds, or is too damaged to be recognised.

    Raises:
        NothingUsable: no file is of a kind we read.
        AmbiguousSource: there are several kinds and `kind` is not given.
        SourceVanished, SourceTruncated: a file cannot be read.
    """
    wanted = None if kind is None else Kind(kind)
    looks = [(file, _look(file, wanted)) for file in find_files(url_or_path)]
    kinds = {look.kind for _, look in looks if look is not None and look.kind is not None}
    chosen = wanted or _only(kinds, url_or_path)
    parts: list[Part] = []
    ignored: list[str] = []
    for file, look in looks:
        if look is not None and _belongs(look, chosen):
            parts.append(Part(file, look.layout))
        else:
            ignored.append(file.name)
    if not parts:
        raise NothingUsable(f"no file at {url_or_path} can be read as {chosen.value}; leave kind out or give another")
    return Source(chosen, tuple(parts), tuple(ignored))


def _only(kinds: set[Kind], where: str | Path) -> Kind:
    if not kinds:
        raise NothingUsable(
            f"nothing usable at {where}: expected FHIR R4 (NDJSON or Bundles), GA4GH phenopackets (NDJSON or JSON) or "
            "CSV with the encounter columns. If the data is damaged at its beginning, name its kind with kind="
        )
    if len(kinds) > 1:
        names = ", ".join(sorted(kind.value for kind in kinds))
        raise AmbiguousSource(f"{where} holds several kinds of data ({names}): say which with kind=")
    return next(iter(kinds))


def _belongs(look: _Look, kind: Kind) -> bool:
    # JSON of no known kind beside an export (its log, its manifest) is read, so that its records are counted.
    return look.kind is kind or (look.kind is None and (look.layout is Layout.TABLE) == (kind is Kind.CSV))


def _look(file: SourceFile, wanted: Kind | None) -> _Look | None:
    head, is_whole = _head(file)
    begin = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin[:1] in (b"{", b"["):
        return _look_at_json(file.name, begin, is_whole)
    header = begin.split(b"\n", 1)[0].decode("utf-8", "replace")
    if known_columns(header):
        return _Look(Layout.TABLE, Kind.CSV)
    if wanted is not None and begin:
        return _Look(Layout.TABLE if wanted is Kind.CSV else Layout.LINES, None)
    # A damaged first line: later ones may still be JSON.
    return _look_at_lines(begin) if b"\n{" in begin else None


def _look_at_json(name: str, begin: bytes, is_whole: bool) -> _Look:
    objects = list(_objects(begin))
    bare = name.removesuffix(".gz")
    is_document = not bare.endswith((".ndjson", ".jsonl")) and (
        (bare.endswith(".json") and len(objects) <= 1) or not objects or (is_whole and b"\n" not in begin.strip())
    )
    if not is_document:
        return _look_at_lines(begin) or _Look(Layout.LINES, None)
    return _Look(Layout.DOCUMENT, _kind_of(objects[0]) if objects else _kind_of_beginning(begin))


def _look_at_lines(begin: bytes) -> _Look | None:
    kinds = [kind for found in _objects(begin) if (kind := _kind_of(found)) is not None]
    return _Look(Layout.LINES, kinds[0] if kinds else _kind_of_beginning(begin))


def _objects(begin: bytes) -> Iterator[Mapping[str, object]]:
    """Those of the first lines that are whole JSON objects."""
    for line in begin.split(b"\n")[:_LOOK_LINES]:
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(found, dict):
            yield found


def _kind_of(found: Mapping[str, object]) -> Kind | None:
    if "resourceType" in found:
        return Kind.FHIR
    return Kind.PHENOPACKETS if is_packet(found) else None


def _kind_of_beginning(begin: bytes) -> Kind | None:
    """The kind of a document that spreads over lines, from the keys that its beginning names."""
    if b'"resourceType"' in begin:
        return Kind.FHIR
    return Kind.PHENOPACKETS if b'"subject"' in begin and b'"phenotypicFeatures"' in begin else None


def _head(file: SourceFile) -> tuple[bytes, bool]:
    """The first megabyte, and whether that is all."""
    head = b""
    try:
        for piece in unpacked(file.pieces(), name="a file of the source"):
            head += piece
            if len(head) >= _LOOK_BYTES:
                return head, False
    except SourceTruncated:
        # Told again, with its place, when the file is read to the end.
        return head, False
    return head, True
