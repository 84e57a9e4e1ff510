"""Whether a store keeps the one promise that ledger and prediction log rest on."""

import secrets

from raretriage.storage.bucket import Bucket
from raretriage.storage.errors import AlreadyExists, Unsafe


def probe_put_if_absent(bucket: Bucket) -> None:
    """Create one object twice; the second must be refused and leave the first as it was.

    Some S3 gateways (`rclone serve s3`) take the condition and overwrite all the same, which would let two writers
    both win the same ledger entry.

    Raises:
        Unsafe: the second create passed, or changed the object.
    """
    key = f"probe/{secrets.token_hex(8)}"
    bucket.put_if_absent(key, b"first")
    try:
        refused = _is_refused(bucket, key)
        if not refused or bucket.get(key) != b"first":
            raise Unsafe(
                f"{bucket!r}: put-if-absent silently overwrites; keep ledger and log in a store with conditional "
                "writes (a local folder, Amazon S3, Google Cloud Storage, Azure, SeaweedFS)"
            )
    finally:
        bucket.delete(key)


def _is_refused(bucket: Bucket, key: str) -> bool:
    try:
        bucket.put_if_absent(key, b"second")
    except AlreadyExists:
        return True
    return False
