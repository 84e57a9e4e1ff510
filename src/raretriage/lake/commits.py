"""One commit each: the ways in which a table changes.

Every commit is a compare-and-swap on the version that its table was opened at. With Delta's own retries an append
would go on top of whatever another writer had added meanwhile, and an encounter could be there twice.
"""

import logging
import secrets
import time
from collections.abc import Callable
from typing import TypeVar

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, WriterProperties, write_deltalake

from raretriage.lake.durable import sync_commit
from raretriage.lake.errors import Conflict
from raretriage.lake.place import answering
from raretriage.lake.tables import KEEP_RETENTION, PURGE_RETENTION

_log = logging.getLogger(__name__)

MAX_ATTEMPTS = 8
"""How often a commit is tried against other writers before `Conflict` is raised."""

_ROW_GROUP_ROWS = 65_536  # a reader holds a few row groups at a time, whatever the table's size

T = TypeVar("T")


def with_retries(attempt: Callable[[], T], *, pause: Callable[[float], None] = time.sleep) -> T:
    """Run `attempt`, again after a Conflict: it must open the table anew each time."""
    for number in range(1, MAX_ATTEMPTS):
        try:
            return attempt()
        except Conflict as conflict:
            # Doubling, with jitter so that two losers do not meet again: at most 3.2 s.
            seconds = min(3.2, 0.05 * 2**number) * (0.5 + secrets.randbelow(500) / 1000)
            _log.info("lake.conflict", extra={"attempt": number, "pause_s": seconds, "reason": str(conflict)})
            pause(seconds)
    return attempt()


def append(opened: DeltaTable, rows: pa.RecordBatchReader, reason: str) -> None:
    """Add rows."""
    with answering(f"appending to {opened.table_uri}"):
        write_deltalake(opened, rows, mode="append", writer_properties=_writer(), commit_properties=_swap(reason))
        sync_commit(opened)


def merge(opened: DeltaTable, rows: pa.RecordBatchReader, key: str, reason: str) -> None:
    """Replace the rows whose key is there, add the others."""
    with answering(f"merging into {opened.table_uri}"):
        opened.merge(
            rows,
            predicate=f"old.{key} = new.{key}",
            source_alias="new",
            target_alias="old",
            writer_properties=_writer(),
            commit_properties=_swap(reason),
        ).when_matched_update_all().when_not_matched_insert_all().execute()
        sync_commit(opened)


def replace(opened: DeltaTable, rows: pa.RecordBatchReader, reason: str) -> None:
    """Put these rows in the place of all that is there."""
    with answering(f"rewriting {opened.table_uri}"):
        write_deltalake(opened, rows, mode="overwrite", writer_properties=_writer(), commit_properties=_swap(reason))
        sync_commit(opened)


def purge(opened: DeltaTable, reason: str) -> int:
    """Delete the files and log entries of every older version, and files of commits that never were.

    Returns the version that remains.
    """
    with answering(f"purging {opened.table_uri}"):
        opened.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False, full=True)
        opened.alter.set_table_properties(dict(PURGE_RETENTION), commit_properties=_swap(reason))
        try:
            opened.create_checkpoint()
            opened.cleanup_metadata()
        finally:
            opened.alter.set_table_properties(dict(KEEP_RETENTION), commit_properties=_swap(reason))
    _log.info("lake.purged", extra={"table": opened.table_uri, "reason": reason})
    return int(opened.version())


def _swap(reason: str) -> CommitProperties:
    return CommitProperties(custom_metadata={"reason": reason}, max_commit_retries=0)


def _writer() -> WriterProperties:
    return WriterProperties(compression="ZSTD", max_row_group_size=_ROW_GROUP_ROWS)
