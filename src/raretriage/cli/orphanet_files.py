"""Where do Orphanet's tables come from? A folder, a bucket or a web server."""

import re
from collections.abc import Callable, Mapping

from raretriage.cli.exits import InputError
from raretriage.cli.places import check_hash, reader, split_hash
from raretriage.knowledge import MalformedSource, Orphanet, SourceNotFound, read_orphanet

SUMS = "SHA256SUMS"
_SUM = re.compile(r"(?P<digest>[0-9a-fA-F]{64})[ \t]+\*?(?P<name>\S.*)")


def fetch_orphanet(place: str, release: str = "") -> Orphanet:
    """Read the tables from a place, and say in every error which place it was.

    Args:
        place: a folder's path, or a URL: http(s), file, s3, gs or az. `#sha256=` and 64 hexadecimal digits may follow:
            the hash of the folder's `SHA256SUMS`, by which each table is checked then.
        release: Orphanet's, such as `2025-12`: the tables do not say it.

    Raises:
        SourceNotFound: a table is not there.
        MalformedSource: a table cannot be read; file and line are named.
        InputError: a file has another hash than the one told.
        InvalidAddress: another kind of URL.
        Unreachable: the place cannot be read now.
    """
    folder, digest = split_hash(place)
    read = reader(folder)
    if digest is not None:
        read = _checked(folder, read, _sums(folder, read, digest))
    try:
        return read_orphanet(read, release=release)
    except SourceNotFound as error:
        raise SourceNotFound(f"{folder}: {error}") from error
    except MalformedSource as error:
        raise MalformedSource(f"{folder}: {error}") from error


def _sums(folder: str, read: Callable[[str], bytes | None], digest: str) -> Mapping[str, str]:
    """File name -> sha256."""
    content = read(SUMS)
    if content is None:
        raise InputError(
            f"{folder}/{SUMS} is not there, and its hash was told: make it with `sha256sum *.tsv* > {SUMS}`"
        )
    check_hash(f"{folder}/{SUMS}", content, digest)
    rows = [_SUM.fullmatch(line.strip()) for line in content.decode("utf-8", "replace").splitlines() if line.strip()]
    if None in rows:
        raise InputError(f"{folder}/{SUMS} is not as `sha256sum` writes it")
    return {row["name"]: row["digest"].lower() for row in rows if row is not None}


def _checked(
    folder: str, read: Callable[[str], bytes | None], sums: Mapping[str, str]
) -> Callable[[str], bytes | None]:
    def checked(name: str) -> bytes | None:
        content = read(name)
        if content is not None:
            if name not in sums:
                raise InputError(f"{folder}/{name} is not in {SUMS}")
            check_hash(f"{folder}/{name}", content, sums[name])
        return content

    return checked
