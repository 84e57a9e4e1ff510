"""Files of cases as bytes: plain or gzip, whole documents or one a line."""

import gzip
from pathlib import Path

import orjson

from raretriage.fhir import is_packet
from raretriage.validity.errors import UnknownCases

_GZIP = b"\x1f\x8b"


def content(path: Path, limit: int = -1) -> bytes:
    """The file's content, unpacked; its first `limit` bytes.

    Raises:
        UnknownCases: a damaged .gz.
    """
    with path.open("rb") as file:
        is_packed = file.read(len(_GZIP)) == _GZIP
    try:
        with gzip.open(path, "rb") if is_packed else path.open("rb") as stream:
            return stream.read(limit)
    except (EOFError, gzip.BadGzipFile) as error:
        raise UnknownCases(f"{path} is a damaged .gz: fetch it again") from error


def text(path: Path) -> str:
    """The file's text, without a byte order mark."""
    return content(path).decode("utf-8-sig")


def packets(path: Path) -> list[bytes]:
    """The packets of a file: the lines, or the whole where it is one document."""
    found = content(path).removeprefix(b"\xef\xbb\xbf")
    return [found] if is_packet_text(found) else [line for line in found.split(b"\n") if line.strip()]


def is_packet_text(line: bytes) -> bool:
    """True for the JSON of a phenopacket."""
    try:
        return is_packet(orjson.loads(line))
    except orjson.JSONDecodeError:
        return False
