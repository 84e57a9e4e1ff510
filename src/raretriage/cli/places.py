"""Where does a file come from? A path or a URL, and, where it is told, the hash that it must have.

tables/hp-es.tsv
https://example.org/hp.obo#sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
"""

import hashlib
import re
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from raretriage.cli.exits import InputError
from raretriage.storage import NotFound, Unreachable, open_bucket

_SECONDS = 30
_MAX_BYTES = 64 * 1024 * 1024
_HASH = re.compile(r"[0-9a-fA-F]{64}")
_MARK = "#sha256="
_WEB = ("http://", "https://")


def fetch(place: str) -> bytes:
    """The bytes of one file.

    Args:
        place: a path, or a URL (http(s), file, s3, gs, az); `#sha256=` and 64 hexadecimal digits may follow.

    Raises:
        InputError: the file is not there, or has another hash than the one told.
        InvalidAddress: another kind of URL.
        Unreachable: the place cannot be read now.
    """
    address, expected = split_hash(place)
    folder, _, name = address.rpartition("/")
    content = reader(folder or ("/" if address.startswith("/") else "."))(name)
    if content is None:
        raise InputError(f"{address} is not there: check the path")
    check_hash(address, content, expected)
    return content


def split_hash(place: str) -> tuple[str, str | None]:
    """(address, sha256 or None). Raises `InputError` for a hash that is none."""
    address, mark, digest = place.partition(_MARK)
    if not mark and "://" in place and "#" in place:  # read unchecked, it would be trusted for a check nobody made
        raise InputError(f"{place}: what follows # must be {_MARK[1:]} and 64 hexadecimal digits")
    if mark and _HASH.fullmatch(digest) is None:
        raise InputError(f"{place}: after {_MARK} come 64 hexadecimal digits, as `sha256sum` prints them")
    return address, digest.lower() or None


def check_hash(address: str, content: bytes, expected: str | None) -> None:
    """Raises `InputError` where the bytes have another hash than expected; None expects nothing."""
    found = hashlib.sha256(content).hexdigest()
    if expected is not None and found != expected:
        raise InputError(f"{address} has the sha256 {found}, expected {expected}: it is another file; nothing was read")


def reader(folder: str) -> Callable[[str], bytes | None]:
    """What reads a file of a folder or URL by its name; None where it is not there."""
    if folder.startswith(_WEB):
        return partial(_download, folder.rstrip("/"))
    bucket = open_bucket(folder)

    def read(name: str) -> bytes | None:
        try:
            return bucket.get(name)
        except NotFound:
            return None

    return read


def _download(folder: str, name: str) -> bytes | None:
    try:
        with urlopen(f"{folder}/{name}", timeout=_SECONDS) as answer:  # noqa: S310 - http and https only
            content: bytes = answer.read(_MAX_BYTES + 1)
    except HTTPError as error:
        if error.code == HTTPStatus.NOT_FOUND:
            return None
        raise Unreachable(f"{folder}/{name}: the server answered {error.code}") from error
    except (URLError, TimeoutError, HTTPException, ConnectionError) as error:
        raise Unreachable(f"{folder}/{name}: {error}") from error
    if len(content) > _MAX_BYTES:
        raise Unreachable(f"{folder}/{name} is larger than {_MAX_BYTES >> 20} MiB: not one of the files asked for")
    return content
