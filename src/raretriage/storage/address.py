"""From a URL to a bucket."""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from obstore.exceptions import BaseError
from obstore.store import MemoryStore, from_url

from raretriage.storage.bucket import Bucket
from raretriage.storage.errors import InvalidAddress
from raretriage.storage.local import FolderBucket
from raretriage.storage.remote import ObjectBucket

if TYPE_CHECKING:  # obstore has these names for type checkers only
    from obstore.store import ClientConfig, RetryConfig, S3Config

REMOTE_SCHEMES = ("s3", "gs", "az")

# Bounded on purpose: a service must learn within seconds that its bucket is away, and say so.
_CONNECT_TIMEOUT = timedelta(seconds=3)
_READ_TIMEOUT = timedelta(seconds=30)  # between two pieces of an answer
_REQUEST_TIMEOUT = timedelta(minutes=10)  # for one whole object
_RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}


def open_bucket(url: str, **options: str) -> Bucket:
    """The bucket that a URL names. Nothing is read or written yet, except that a file in a folder's place is noticed.

    Args:
        url: `file:///data/bucket`, `file://./bucket`, a plain path, `memory://` (a new, empty one each time),
            `s3://bucket/folder`, `gs://bucket/folder` or `az://account/container/folder`.
        options: obstore's names (`endpoint`, `region`, `access_key_id` ...) and `allow_http="true"` for a server
            without TLS. What is not given comes from the provider's own environment variables (AWS_ENDPOINT_URL,
            AWS_ACCESS_KEY_ID, AWS_ALLOW_HTTP ...).

    Raises:
        InvalidAddress: unknown scheme or option, or no folder where one must be.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return _folder(url, options)
    match scheme:
        case "file":
            return _folder(unquote(rest.removeprefix("localhost")), options)
        case "memory":
            return ObjectBucket(MemoryStore(), url)
        case _ if scheme in REMOTE_SCHEMES:
            return _remote(url, options)
    raise InvalidAddress(
        f"{scheme}:// is no known kind of bucket; use a path, file://, memory://, s3://, gs:// or az://"
    )


def _folder(path: str, options: Mapping[str, str]) -> Bucket:
    if options:
        raise InvalidAddress(f"a folder takes no options, but {', '.join(sorted(options))} given")
    if not path:
        raise InvalidAddress("no folder is named; write file:///absolute/path, file://./relative or a path")
    return FolderBucket(Path(path))


def _remote(url: str, options: Mapping[str, str]) -> Bucket:
    if "@" in url or "?" in url:
        # The URL appears in logs and messages.
        raise InvalidAddress("no credentials or queries in a bucket's URL; use the environment or options")
    settings = dict(options)
    allow_http = settings.pop("allow_http", os.environ.get("AWS_ALLOW_HTTP", "false"))
    client: ClientConfig = {
        "connect_timeout": _CONNECT_TIMEOUT,
        "read_timeout": _READ_TIMEOUT,
        "timeout": _REQUEST_TIMEOUT,
        "allow_http": allow_http.lower() in {"1", "true", "yes"},
    }
    try:
        store = from_url(url, config=cast("S3Config", settings), client_options=client, retry_config=_RETRIES)
    except (BaseError, ValueError) as error:
        raise InvalidAddress(f"{url}: {str(error).partition(chr(10))[0]}") from error
    return ObjectBucket(store, url)
