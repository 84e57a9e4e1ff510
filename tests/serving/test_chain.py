"""The chain of the prediction log: any edit is found, an erasure by order is not an edit."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.serving import GENESIS, BrokenChain, Head, verify_log
from raretriage.serving.log.chain import ModelRef, make_line, seal

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
contents = st.dictionaries(st.text(), json_values, max_size=4)


def chain_of(count: int, content: dict | None = None, start: Head = GENESIS) -> list[bytes]:
    lines, head = [], start
    for i in range(count):
        sealed = seal(
            prediction_id=f"id-{i}",
            time=datetime(2026, 3, 5, tzinfo=UTC),
            environment="dev",
            model=ModelRef("v1", "a" * 64) if i % 2 else None,
            content={"n": i} if content is None else content,
            salt=bytes(16),
        )
        line, head = make_line(head, sealed)
        lines.append(line)
    return lines


def erased(line: bytes, **fields: object) -> bytes:
    return orjson.dumps(orjson.loads(line) | {"content": None, "salt": None} | fields) + b"\n"


@given(contents)
def test_what_was_written_verifies(content: dict) -> None:
    verified = verify_log(chain_of(3, content))
    assert (verified.lines, verified.erased, verified.head.seq) == (3, 0, 3)


def test_an_empty_log_verifies() -> None:
    assert verify_log([]).head == GENESIS


@given(st.data())
def test_any_edited_byte_is_found(data: st.DataObject) -> None:
    lines = chain_of(3, {"fever": 2.5, "phenotypes": ["HP:0001250"], "name": "á"})
    which = data.draw(st.integers(0, 2))
    line = lines[which].rstrip(b"\n")
    at = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != line[at]))
    lines[which] = line[:at] + bytes([byte]) + line[at + 1 :] + b"\n"
    with pytest.raises(BrokenChain, match=f"line {which + 1}|line {which + 2}"):
        verify_log(lines)


@given(st.data())
def test_any_inserted_or_removed_byte_is_found(data: st.DataObject) -> None:
    lines = chain_of(2)
    line = lines[0].rstrip(b"\n")
    at = data.draw(st.integers(0, len(line) - 1))
    put = data.draw(st.sampled_from([b"", b" ", b"0", b"\\u0030"]))
    changed = line[:at] + put + line[at + (put == b"") :]
    with pytest.raises(BrokenChain, match="line 1"):
        verify_log([changed, lines[1]])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "other"),
        ("time", "2026-03-06T00:00:00.000Z"),
        ("environment", "prod"),
        ("model", "fallback"),
        ("model", {"version": "v2", "sha256": "a" * 64}),
        ("content", {"n": 2}),
        ("salt", "11" * 16),
        ("salt", "no hex"),
        ("salt", "00 " + "00" * 15),
        ("commitment", "b" * 64),
        ("previous", "b" * 64),
        ("hash", "b" * 64),
        ("seq", 3),
    ],
)
def test_an_edited_field_is_found_even_if_well_formed(field: str, value: object) -> None:
    lines = chain_of(3)
    lines[1] = orjson.dumps(orjson.loads(lines[1]) | {field: value}) + b"\n"
    with pytest.raises(BrokenChain, match="line 2"):
        verify_log(lines)


@pytest.mark.parametrize("order", [[0, 2], [1, 2], [0, 0, 1], [1, 0, 2], [0, 2, 1]])
def test_a_missing_doubled_or_moved_line_is_found(order: list[int]) -> None:
    lines = chain_of(3)
    with pytest.raises(BrokenChain, match="number should be"):
        verify_log([lines[i] for i in order])


def test_a_line_of_another_chain_with_the_right_number_is_found() -> None:
    ours, theirs = chain_of(3), chain_of(3, {"other": 1})
    with pytest.raises(BrokenChain, match="line 2: it does not follow"):
        verify_log([ours[0], theirs[1]])


@given(st.lists(st.booleans(), min_size=4, max_size=4))
def test_erased_content_still_verifies_and_is_counted(which: list[bool]) -> None:
    lines = [erased(line) if gone else line for line, gone in zip(chain_of(4), which, strict=True)]
    verified = verify_log(lines)
    assert (verified.lines, verified.erased) == (4, sum(which))


def test_an_erased_content_cannot_be_guessed_from_its_commitment() -> None:
    def commitment(salt: bytes) -> object:
        sealed = seal(
            prediction_id="x",
            time=datetime(2026, 3, 5, tzinfo=UTC),
            environment="dev",
            model=None,
            content={"fever": 3},
            salt=salt,
        )
        line, _ = make_line(GENESIS, sealed)
        return orjson.loads(line)["commitment"]

    assert commitment(bytes(16)) != commitment(bytes(15) + b"\x01")


@pytest.mark.parametrize("fields", [{"salt": "00" * 16}, {"content": {"n": 0}}])
def test_half_an_erasure_is_found(fields: dict) -> None:
    with pytest.raises(BrokenChain, match="half erased"):
        verify_log([erased(chain_of(1)[0], **fields)])


def test_an_erased_line_keeps_its_header_under_seal() -> None:
    with pytest.raises(BrokenChain, match="header"):
        verify_log([erased(chain_of(1)[0], time="2026-03-06T00:00:00.000Z")])


def test_a_chain_goes_on_in_another_file() -> None:
    first = chain_of(2)
    second = chain_of(2, start=verify_log(first).head)
    assert verify_log(second, after=verify_log(first).head).head.seq == 4
    with pytest.raises(BrokenChain, match="line 1"):
        verify_log(second)


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b"\xff", b'{"id": 1}', b"null"])
def test_what_is_no_line_is_named(line: bytes) -> None:
    with pytest.raises(BrokenChain, match="line 1"):
        verify_log([line])
