"""What somebody gets who marks and copies a PDF's text: read through the file's own tables of letters (ToUnicode)."""

import re
import zlib
from collections.abc import Iterator

_OBJECT = re.compile(rb"(?:^|\n)(\d+) 0 obj\n(.*?)\nendobj", re.DOTALL)
_MAPPED = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")
_SHOWN = re.compile(rb"/F(\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_CONTROLS = {b"r": b"\r", b"n": b"\n", b"t": b"\t"}


def pages_of(pdf: bytes) -> list[str]:
    """One text a page, a line for each piece that was set by itself."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    contents = [_reference(body, b"Contents") for body in objects.values() if re.search(rb"/Type /Page\b(?!s)", body)]
    resources = next(body for body in objects.values() if re.search(rb"/Font <</F", body))
    fonts = {
        number: _letters(_stream(objects[_reference(objects[int(at)], b"ToUnicode")]))
        for number, at in re.findall(rb"/F(\d+) (\d+) 0 R", resources)
    }
    return ["\n".join(_pieces(_stream(objects[content]), fonts)) for content in contents]


def _pieces(content: bytes, fonts: dict[bytes, dict[int, str]]) -> Iterator[str]:
    font: dict[int, str] = {}
    for chosen, text in _SHOWN.findall(content):
        if chosen:
            font = fonts[chosen]
            continue
        codes = _ESCAPED.sub(lambda found: _CONTROLS.get(found[1], found[1]), text)
        yield "".join(font[int.from_bytes(codes[at : at + 2])] for at in range(0, len(codes), 2))


def _letters(table: bytes) -> dict[int, str]:
    return {int(code, 16): bytes.fromhex(to.decode()).decode("utf-16-be") for code, to in _MAPPED.findall(table)}


def _reference(body: bytes, name: bytes) -> int:
    found = re.search(rb"/" + name + rb" (\d+) 0 R", body)
    assert found, f"no {name.decode()}"
    return int(found[1])


def _stream(body: bytes) -> bytes:
    found = re.search(rb"stream\n(.*)\nendstream", body, re.DOTALL)
    assert found, "no stream"
    return zlib.decompress(found[1]) if b"FlateDecode" in body[: found.start()] else found[1]
