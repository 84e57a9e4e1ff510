"""Everything storage can raise.

StorageError
├── InvalidAddress   the URL, an option or the folder behind it cannot be a bucket
├── InvalidKey       the key is not a plain relative path
├── NotFound         the key is not there
├── AlreadyExists    put_if_absent lost the race: someone else published
├── Unreachable      network, credentials, a full or failing disk; safe to retry
└── Unsafe           put-if-absent silently overwrites: no ledger and no log may live here
"""


class StorageError(Exception):
    """The tree's root: catch this to answer any storage fault."""


class InvalidAddress(StorageError):
    """The URL, an option or the folder behind it cannot be a bucket."""


class InvalidKey(StorageError):
    """The key is not a plain relative path such as `models/dev/model.onnx`."""


class NotFound(StorageError):
    """The key is not there."""


class AlreadyExists(StorageError):
    """`put_if_absent` lost the race: the key is there and was left as it is."""


class Unreachable(StorageError):
    """Network, credentials, a full or failing disk. Safe to retry; after `put_if_absent`, see `Bucket`."""


class Unsafe(StorageError):
    """Put-if-absent silently overwrites, or is not offered: refuse the ledger and the prediction log here."""
