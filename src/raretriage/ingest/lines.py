"""Lines of a file with their numbers, plain or gzip, in batches of bounded size.

Lines are split here and not by an engine's JSON reader: that one stops at the first malformed line, or drops it
without a trace. A line that is too long or not UTF-8 is kept as a `BadLine`; nothing is skipped but blank lines.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from raretriage.ingest.errors import SourceTruncated

MAX_LINE_BYTES = 32 << 20
"""A longer line is no resource that we use: the longest ones known are documents with embedded scans."""

BATCH_BYTES = 16 << 20
BATCH_LINES = 50_000

_GZIP_MAGIC = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no text. `content` is the line, or its first bytes where it is too long."""

    number: int
    rule: str
    content: bytes


@dataclass(slots=True)
class LineBatch:
    """Consecutive lines: their numbers (from 1) and texts, and what could not be read as text."""

    numbers: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.numbers) + len(self.bad)


def unpacked(pieces: Iterable[bytes], *, name: str) -> Iterator[bytes]:
    """The bytes, decompressed when they begin as gzip whatever the file is called; several members are joined.

    Args:
        name: what a message calls the file; it must be safe to show.

    Raises:
        SourceTruncated: the gzip stream breaks off or is damaged.
    """
    stream = iter(pieces)
    head = b""
    for piece in stream:
        head += piece
        if len(head) >= len(_GZIP_MAGIC):
            break
    if not head.startswith(_GZIP_MAGIC):
        if head:
            yield head
        yield from stream
        return
    yield from _inflated(head, stream, name)


def _inflated(head: bytes, stream: Iterator[bytes], name: str) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)
    given = 0
    piece: bytes | None = head
    while piece is not None:
        try:
            while piece:
                if inflater.eof:
                    inflater = zlib.decompressobj(wbits=31)
                # Bounded output: a small piece of gzip can hold a thousandfold of text.
                text = inflater.decompress(piece, 1 << 22)
                given += len(text)
                if text:
                    yield text
                piece = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        except zlib.error:
            raise _broken(name, given) from None
        piece = next(stream, None)
    if not inflater.eof:
        raise _broken(name, given)


def _broken(name: str, given: int) -> SourceTruncated:
    return SourceTruncated(
        f"{name}: the gzip stream breaks off after {given:,} bytes of text; the file was cut or damaged on its way. "
        "Fetch it again; nothing has landed"
    )


def lines(
    pieces: Iterable[bytes], *, batch_bytes: int = BATCH_BYTES, batch_lines: int = BATCH_LINES
) -> Iterator[LineBatch]:
    """All lines that are not blank, in order. A last line without a line end counts; a byte order mark does not."""
    batch, held = LineBatch(), 0
    for number, content in _numbered(pieces):
        if not content.strip():
            continue
        held += len(content)
        _add(batch, number, content)
        if held >= batch_bytes or len(batch) >= batch_lines:
            yield batch
            batch, held = LineBatch(), 0
    if len(batch):
        yield batch


def _add(batch: LineBatch, number: int, content: bytes) -> None:
    if len(content) > MAX_LINE_BYTES:
        batch.bad.append(BadLine(number, "line_too_long", content))
        return
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        batch.bad.append(BadLine(number, "not_utf8", content))
        return
    batch.numbers.append(number)
    batch.texts.append(text)


def _numbered(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(number, line without its end). Of a line that is too long only the beginning is held."""
    number, rest, is_first = 1, b"", True
    for piece in pieces:
        *whole, tail = piece.split(b"\n")
        for end in whole:
            line = rest + end
            rest = b""
            yield number, _bare(line, is_first)
            number, is_first = number + 1, False
        rest = rest + tail if len(rest) <= MAX_LINE_BYTES else rest
    if rest:
        yield number, _bare(rest, is_first)


def _bare(line: bytes, is_first: bool) -> bytes:
    line = line.removesuffix(b"\r")
    return line.removeprefix(_UTF8_BOM) if is_first else line
