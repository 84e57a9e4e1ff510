"""Where do Orphanet's tables come from? A folder, a bucket or a web server."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from raretriage.knowledge import MalformedSource, Orphanet, SourceNotFound, read_orphanet
from raretriage.storage import NotFound, Unreachable, open_bucket

_SECONDS = 30
_MAX_BYTES = 64 * 1024 * 1024


def fetch_orphanet(place: str, release: str = "") -> Orphanet:
    """Read the tables from a place, and say in every error which place it was.

    Args:
        place: a folder's path, or a URL: http(s), file, s3, gs or az.
        release: Orphanet's, such as `2025-12`: the tables do not say it.

    Raises:
        SourceNotFound: a table is not there.
        MalformedSource: a table cannot be read; file and line are named.
        InvalidAddress: another kind of URL.
        Unreachable: the place cannot be read now.
    """
    try:
        return read_orphanet(_files_at(place), release=release)
    except SourceNotFound as error:
        raise SourceNotFound(f"{place}: {error}") from error
    except MalformedSource as error:
        raise MalformedSource(f"{place}: {error}") from error


def _files_at(place: str) -> Callable[[str], bytes | None]:
    """What reads a file by its name from a folder or a URL; None where it is not there."""
    if place.startswith(("http://", "https://")):
        return partial(_download, place.rstrip("/"))
    folder = open_bucket(place)

    def read(name: str) -> bytes | None:
        try:
            return folder.get(name)
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
        raise Unreachable(f"{folder}/{name} is larger than {_MAX_BYTES >> 20} MiB: not one of the tables")
    return content
