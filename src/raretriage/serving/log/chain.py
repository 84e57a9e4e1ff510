"""One line of the prediction log, and whether a row of lines is what was once written.

A line's hash covers its header and a salted commitment to its content, not the content itself. So the content of one
patient can be erased by order, content and salt becoming null, and the chain still verifies; and nobody can guess an
erased content from its commitment, for the salt is gone with it.

What a chain cannot show by itself is that its newest lines were cut off: compare its head with the bucket's parts.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

import orjson

from raretriage.serving.errors import BrokenChain

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

FALLBACK = "fallback"
"""What stands for the model when the rules answered."""

_SIGNED = ("id", "seq", "time", "environment", "model", "commitment", "previous")
_FIELDS = ("id", "seq", "time", "environment", "model", "content", "salt", "commitment", "previous", "hash")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: number and hash of its last line."""

    seq: int
    hash: str


GENESIS = Head(0, "0" * 64)
"""What the very first line follows."""


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Which model answered; None in its place means the rules."""

    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What a row of lines proved to be."""

    head: Head
    lines: int
    erased: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """An answer that waits for its place in the chain: all of its line that does not depend on the lines before it."""

    prediction_id: str
    time: str
    """As `utc_text` writes it."""
    environment: str
    model: "dict[str, Json] | str"
    content: bytes
    """Canonical JSON."""
    salt: str
    commitment: str

    @property
    def day(self) -> str:
        """The UTC day, such as `2026-01-31`."""
        return self.time[:10]


def seal(
    *,
    prediction_id: str,
    time: datetime,
    environment: str,
    model: ModelRef | None,
    content: Mapping[str, Json],
    salt: bytes,
) -> Sealed:
    """Commit to a content. The salt must be new and random for each."""
    written = _canonical(dict(content))
    return Sealed(
        prediction_id=prediction_id,
        time=utc_text(time),
        environment=environment,
        model={"version": model.version, "sha256": model.sha256} if model else FALLBACK,
        content=written,
        salt=salt.hex(),
        commitment=_commitment(salt, written),
    )


def make_line(head: Head, sealed: Sealed) -> tuple[bytes, Head]:
    """The line that follows `head`, with its newline, and the head that it makes."""
    line: dict[str, object] = {
        "id": sealed.prediction_id,
        "seq": head.seq + 1,
        "time": sealed.time,
        "environment": sealed.environment,
        "model": sealed.model,
        "content": orjson.Fragment(sealed.content),
        "salt": sealed.salt,
        "commitment": sealed.commitment,
        "previous": head.hash,
    }
    digest = _hash(line)
    return orjson.dumps({**line, "hash": digest}) + b"\n", Head(head.seq + 1, digest)


def utc_text(time: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and a Z.

    >>> utc_text(datetime(2026, 1, 2, 3, 4, 5, 678_900, tzinfo=UTC))
    '2026-01-02T03:04:05.678Z'
    """
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def head_of(line: bytes) -> Head:
    """Number and hash that a line claims, unchecked.

    Raises:
        BrokenChain: it is no line of a prediction log.
    """
    record = _parse(line)
    seq, digest = record["seq"], record["hash"]
    if not isinstance(seq, int) or not isinstance(digest, str):
        raise BrokenChain("seq or hash of a line is of the wrong type")
    return Head(seq, digest)


def day_of(line: bytes) -> str:
    """The UTC day of a line, such as `2026-01-31`."""
    return str(_parse(line)["time"])[:10]


def verify_log(lines: Iterable[bytes], *, after: Head = GENESIS) -> Verified:
    """Check that every line is unchanged and follows from the one before.

    Args:
        lines: in their order, with or without the newline.
        after: the last line of the file before; the beginning of everything by default.

    Raises:
        BrokenChain: names the first line (counted from 1 in `lines`) that does not hold, and what about it.
    """
    head, count, erased = after, 0, 0
    for count, raw in enumerate(lines, start=1):
        line = raw.removesuffix(b"\n")
        try:
            record = _parse(line)
            erased += _check(line, record, head)
        except BrokenChain as error:
            raise BrokenChain(f"line {count}: {error}") from error
        head = Head(head.seq + 1, str(record["hash"]))
    return Verified(head, count, erased)


def _check(line: bytes, record: dict[str, Json], before: Head) -> bool:
    """True for an erased line, False for a whole one."""
    if record["seq"] != before.seq + 1:
        raise BrokenChain(f"its number should be {before.seq + 1}: a line is missing, doubled or out of place")
    if record["previous"] != before.hash:
        raise BrokenChain("it does not follow from the line before it")
    if record["hash"] != _hash(record):
        raise BrokenChain("its header was changed")
    content, salt = record["content"], record["salt"]
    is_erased = content is None and salt is None
    if not is_erased:
        if not isinstance(content, dict) or not isinstance(salt, str):
            raise BrokenChain("its content is half erased")
        if record["commitment"] != _commitment(_from_hex(salt), _canonical(content)):
            raise BrokenChain("its content was changed")
        record["content"] = orjson.loads(_canonical(content))
    # The same values may be spelled in other bytes; only one spelling is ours.
    if orjson.dumps({name: record[name] for name in _FIELDS}) != line:
        raise BrokenChain("it was rewritten: same values, other bytes")
    return is_erased


def _parse(line: bytes) -> dict[str, Json]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BrokenChain("it is not JSON") from error
    if not isinstance(record, dict) or set(record) != set(_FIELDS):
        raise BrokenChain(f"it should have the fields {', '.join(_FIELDS)}")
    return record


def _from_hex(text: str) -> bytes:
    try:
        salt = bytes.fromhex(text)
    except ValueError as error:
        raise BrokenChain("its salt is not hexadecimal") from error
    if salt.hex() != text:  # `fromhex` passes over spaces and capitals
        raise BrokenChain("its salt was rewritten")
    return salt


def _canonical(content: dict[str, Json]) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def _commitment(salt: bytes, canonical: bytes) -> str:
    return hashlib.sha256(salt + canonical).hexdigest()


def _hash(record: Mapping[str, object]) -> str:
    signed = {name: record[name] for name in _SIGNED}
    return hashlib.sha256(orjson.dumps(signed, option=orjson.OPT_SORT_KEYS)).hexdigest()
