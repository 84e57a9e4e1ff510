"""What a bucket is: seven methods and the rule for keys."""

import re
from collections.abc import Iterable, Iterator
from typing import Protocol

from raretriage.storage.errors import InvalidKey

MAX_KEY_BYTES = 1024
"""Amazon S3's limit for an object key in UTF-8; Google's is the same."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Bucket(Protocol):
    """Objects by key. Writing is atomic: a reader sees all of an object or none of it.

    Every method raises `InvalidKey` for a key that is no plain relative path and `Unreachable` when the store cannot
    be used now. `put_if_absent` may have written although it raised `Unreachable`, as the answer can get lost: after
    a retry that raises `AlreadyExists`, read the object to see whose it is.
    """

    def get(self, key: str) -> bytes:
        """The whole object. Raises NotFound."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Write the object, replacing one that is there. Durable when it returns."""
        ...

    def put_stream(self, key: str, pieces: Iterable[bytes]) -> None:
        """As `put`, of an object that need not fit into the memory. What `pieces` raises ends it, unwritten."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> None:
        """Write the object only if the key is free. Durable when it returns. Raises AlreadyExists."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object; a key that is not there is no fault."""
        ...

    def list(self, prefix: str = "") -> Iterator[str]:
        """All keys in the folder `prefix` and below it, ascending by code point.

        A prefix is whole path parts: `logs/dev` finds `logs/dev/1`, not `logs/development/1`. A folder that is not
        there has no keys. The keys (not the objects) are held in memory to be sorted.
        """
        ...

    def stream(self, key: str) -> Iterator[bytes]:
        """The object in pieces of bounded size. Raises NotFound before the first piece."""
        ...


def check_key(key: str) -> str:
    """The key itself, if it is a plain relative path.

    >>> check_key("ledger/dev/1")
    'ledger/dev/1'
    >>> check_key("../outside")
    Traceback (most recent call last):
    raretriage.storage.errors.InvalidKey: key '../outside': '..' is not allowed; use a relative path such as 'a/b.json'
    """
    fault = _fault(key)
    if fault is not None:
        raise InvalidKey(f"key {key[:200]!r}: {fault}; use a relative path such as 'a/b.json'")
    return key


def check_prefix(prefix: str) -> str:
    """The folder without its closing slash; "" is the whole bucket."""
    folder = prefix.removesuffix("/")
    return check_key(folder) if folder else ""


def _fault(key: str) -> str | None:
    if len(key.encode("utf-8", "surrogateescape")) > MAX_KEY_BYTES:
        return f"longer than {MAX_KEY_BYTES} bytes"
    if _CONTROL.search(key) or "\\" in key:
        return "control characters and backslashes are not allowed"
    for part in key.split("/"):
        if not part:
            return "a part between slashes is empty"
        if part in {".", ".."}:
            return f"{part!r} is not allowed"
    return None
