"""A bucket behind obstore: S3, Google Cloud Storage, Azure, or this process's memory."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotSupportedError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)

from raretriage.storage.bucket import check_key, check_prefix
from raretriage.storage.errors import AlreadyExists, NotFound, Unreachable, Unsafe

if TYPE_CHECKING:  # obstore has this name for type checkers only
    from obstore.store import ObjectStore

MIN_CHUNK_BYTES = 1 << 20
MAX_CHUNK_BYTES = 4 << 20


class ObjectBucket:
    """Objects in a store of obstore. `url` is for messages only and must hold no secret."""

    def __init__(self, store: "ObjectStore", url: str) -> None:
        self._store = store
        self._url = url

    def __repr__(self) -> str:
        return f"ObjectBucket({self._url!r})"

    def get(self, key: str) -> bytes:
        with self._answering("read", check_key(key)):
            return bytes(obstore.get(self._store, key).bytes())

    def put(self, key: str, data: bytes) -> None:
        with self._answering("write", check_key(key)):
            obstore.put(self._store, key, data)

    def put_stream(self, key: str, pieces: Iterable[bytes]) -> None:
        # By way of a file: obstore cannot be called from inside its own call, and the pieces may come from a bucket.
        with tempfile.TemporaryFile() as file:
            file.writelines(pieces)
            file.seek(0)
            with self._answering("write", check_key(key)):
                obstore.put(self._store, key, file)

    def put_if_absent(self, key: str, data: bytes) -> None:
        with self._answering("create", check_key(key)):
            # One request, never multipart: the condition holds for the whole object.
            obstore.put(self._store, key, data, mode="create", use_multipart=False)

    def delete(self, key: str) -> None:
        try:
            with self._answering("delete", check_key(key)):
                obstore.delete(self._store, key)
        except NotFound:
            return

    def list(self, prefix: str = "") -> Iterator[str]:
        folder = check_prefix(prefix)
        with self._answering("list", folder):
            pages = obstore.list(self._store, folder or None, chunk_size=1000)
            return iter(sorted(entry["path"] for page in pages for entry in page))

    def stream(self, key: str) -> Iterator[bytes]:
        with self._answering("read", check_key(key)):
            chunks = iter(obstore.get(self._store, key).stream(min_chunk_size=MIN_CHUNK_BYTES))
        return self._chunks(key, chunks)

    def _chunks(self, key: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
        with self._answering("read on in", key):
            for chunk in chunks:
                whole = memoryview(chunk)
                # The memory store gives a whole object at once, an empty object as one empty piece.
                for start in range(0, len(whole), MAX_CHUNK_BYTES):
                    yield bytes(whole[start : start + MAX_CHUNK_BYTES])

    @contextmanager
    def _answering(self, action: str, key: str) -> Iterator[None]:
        """Turn obstore's faults into ours. Its text's first line is the fact; the rest is its debug dump."""
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound(f"{self} has no object {key!r}") from error
        except (AlreadyExistsError, PreconditionError) as error:
            raise AlreadyExists(f"{self} already has an object {key!r}") from error
        except NotSupportedError as error:
            raise Unsafe(f"{self} offers no way to {action} {key!r}: {_first_line(error)}") from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise Unreachable(
                f"{self}: no permission to {action} {key!r}; check the credentials: {_first_line(error)}"
            ) from error
        except (BaseError, OSError) as error:
            raise Unreachable(f"{self}: cannot {action} {key!r}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
