"""The promotions of one environment: append-only, hash-chained, and the highest entry is the state.

Two objects cannot be switched atomically, but one can be created. Whoever creates entry n has promoted; the copies
and the registry are repaired from it.
"""

import hashlib
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raretriage.bucket.errors import BrokenLedger, LostRace
from raretriage.bucket.layout import Environment, ledger_key, ledger_prefix
from raretriage.bucket.manifest import Sha256
from raretriage.storage import AlreadyExists, Bucket

GENESIS = "0" * 64
"""What the first entry names as the hash before it."""


class LedgerEntry(BaseModel):
    """One change of what an environment serves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: Annotated[int, Field(ge=1)]
    time: datetime
    who: str
    action: Literal["publish", "promote", "rollback"]
    environment: Environment
    from_version: str | None
    to_version: str
    why: str
    manifest_sha256: Sha256
    certificate_basis: Literal["simulated", "local"]
    previous: Sha256
    """SHA-256 of the entry before, as stored."""


def read_ledger(bucket: Bucket, env: Environment) -> list[LedgerEntry]:
    """All entries, oldest first, with the chain checked.

    Raises:
        BrokenLedger: a number is missing, an entry does not parse, or a hash does not follow.
    """
    entries: list[LedgerEntry] = []
    previous = GENESIS
    for number, key in enumerate(bucket.list(ledger_prefix(env)), start=1):
        stored = bucket.get(key)
        try:
            entry = LedgerEntry.model_validate_json(stored)
        except ValidationError as error:
            raise BrokenLedger(f"{key} is not a ledger entry: {error.error_count()} faults") from error
        if key != ledger_key(env, number) or entry.number != number or entry.environment != env:
            raise BrokenLedger(f"{key} should be entry {number} of {env}; an entry is missing or misplaced")
        if entry.previous != previous:
            raise BrokenLedger(f"{key} does not follow from the entry before it: restore the ledger from its backup")
        previous = hashlib.sha256(stored).hexdigest()
        entries.append(entry)
    return entries


def append(
    bucket: Bucket,
    env: Environment,
    *,
    action: Literal["publish", "promote", "rollback"],
    to_version: str,
    manifest_sha256: str,
    certificate_basis: Literal["simulated", "local"],
    who: str,
    why: str,
    now: datetime,
) -> LedgerEntry:
    """Make `to_version` what `env` serves.

    Raises:
        LostRace: another entry was appended at the same time; nothing was changed by this call.
        BrokenLedger: the chain so far does not hold; nothing is appended to it.
    """
    entries = read_ledger(bucket, env)
    last = entries[-1] if entries else None
    previous = hashlib.sha256(bucket.get(ledger_key(env, last.number))).hexdigest() if last else GENESIS
    entry = LedgerEntry(
        number=len(entries) + 1,
        time=now,
        who=who,
        action=action,
        environment=env,
        from_version=last.to_version if last else None,
        to_version=to_version,
        why=why,
        manifest_sha256=manifest_sha256,
        certificate_basis=certificate_basis,
        previous=previous,
    )
    key, data = ledger_key(env, entry.number), entry.model_dump_json(indent=2).encode()
    try:
        bucket.put_if_absent(key, data)
    except AlreadyExists as error:
        # A retried request may have lost the answer to its own success: then the stored bytes are ours.
        if bucket.get(key) != data:
            raise LostRace(f"entry {entry.number} of {env} was just written by someone else: look again") from error
    return entry
