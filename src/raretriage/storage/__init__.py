"""One narrow interface to object storage, by URL. Knows nothing of what is stored."""

from raretriage.storage.address import open_bucket
from raretriage.storage.bucket import Bucket, check_key
from raretriage.storage.errors import (
    AlreadyExists,
    InvalidAddress,
    InvalidKey,
    NotFound,
    StorageError,
    Unreachable,
    Unsafe,
)
from raretriage.storage.local import sync_folder
from raretriage.storage.probe import probe_put_if_absent

__all__ = [
    "AlreadyExists",
    "Bucket",
    "InvalidAddress",
    "InvalidKey",
    "NotFound",
    "StorageError",
    "Unreachable",
    "Unsafe",
    "check_key",
    "open_bucket",
    "probe_put_if_absent",
    "sync_folder",
]
