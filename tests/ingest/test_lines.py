"""Lines keep their numbers and nothing is lost, however the bytes arrive."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.ingest import SourceTruncated
from raretriage.ingest.lines import BadLine, lines, unpacked

CONTENT = st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b"x"))


def cut(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def read(pieces: list[bytes], **limits: int) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    for batch in lines(pieces, **limits):
        found += zip(batch.numbers, (text.encode() for text in batch.texts), strict=True)
        found += [(bad.number, bad.content) for bad in batch.bad]
    return sorted(found)


@given(st.lists(CONTENT, max_size=12), st.integers(1, 17), st.sampled_from([b"\n", b"\r\n"]), st.integers(1, 4))
def test_every_line_that_is_not_blank_comes_out_once_with_its_number(
    rows: list[bytes], size: int, end: bytes, batch: int
) -> None:
    expected = [(number, bare) for number, row in enumerate(rows, 1) if (bare := (row + end).removesuffix(end)).strip()]
    if rows and rows[0].startswith(b"\xef\xbb\xbf"):
        return
    content = b"".join(row + end for row in rows)
    found = read(cut(content, size), batch_lines=batch)
    assert [number for number, _ in found] == [number for number, _ in expected]
    assert [line.rstrip(b"\r") for _, line in found] == [line.rstrip(b"\r") for _, line in expected]


@given(st.binary(max_size=200), st.integers(1, 50))
def test_gzip_is_known_by_its_bytes_and_comes_out_whole(content: bytes, size: int) -> None:
    packed = gzip.compress(content)
    assert b"".join(unpacked(cut(packed, size), name="x")) == content
    assert b"".join(unpacked(cut(packed + packed, size), name="x")) == content * 2


@given(st.integers(1, 40))
def test_a_cut_gzip_stream_is_an_error_and_never_a_shorter_file(missing: int) -> None:
    packed = gzip.compress(b'{"resourceType":"Patient"}\n' * 50)
    with pytest.raises(SourceTruncated, match=r"part\.ndjson\.gz: the gzip stream breaks off"):
        list(unpacked([packed[:-missing]], name="part.ndjson.gz"))


def test_a_damaged_gzip_stream_is_an_error() -> None:
    packed = bytearray(gzip.compress(b"a line\n" * 1000))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(SourceTruncated):
        list(unpacked([bytes(packed)], name="x"))


def test_the_last_line_needs_no_end_and_a_byte_order_mark_is_no_content() -> None:
    assert read([b"\xef\xbb\xbffirst\n\nthird"]) == [(1, b"first"), (3, b"third")]


def test_a_line_that_is_no_utf8_is_kept_as_bad() -> None:
    (batch,) = lines([b"good\n\xff\xfe\nalso good\n"])
    assert batch.texts == ["good", "also good"]
    assert batch.bad == [BadLine(2, "not_utf8", b"\xff\xfe")]


def test_a_line_that_is_too_long_is_bad_and_the_next_one_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raretriage.ingest.lines.MAX_LINE_BYTES", 10)
    (batch,) = lines(cut(b"x" * 11 + b"\n" + b"y" * 10 + b"\n", 4))
    assert [(bad.number, bad.rule) for bad in batch.bad] == [(1, "line_too_long")]
    assert (batch.numbers, batch.texts) == ([2], ["y" * 10])
