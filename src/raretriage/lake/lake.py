"""The lake: Delta tables of encounters, quarantine and ingests, by URL.

Every write is one commit that compares and swaps the version it started from, so writers at the same time neither
lose nor double a row. A writer that dies leaves files that no version names, and the old version as it was.
What a write reported as done is on the disk.
"""

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from raretriage.lake.commits import append, merge, purge, replace, with_retries
from raretriage.lake.errors import NoSuchVersion
from raretriage.lake.place import answering, storage_options, table_uri
from raretriage.lake.spool import Spool, check_columns, spooled
from raretriage.lake.tables import (
    HASH_COLUMN,
    INGESTS,
    KEYS,
    SCHEMAS,
    TableName,
    properties,
)
from raretriage.lake.versions import Version, parse_version

_log = logging.getLogger(__name__)

Change = Callable[[pa.RecordBatch], pa.RecordBatch]

_BATCH_ROWS = 16_384
_COUNTS = ("read", "accepted", "quarantined", "duplicate", "unused")


def utc_now() -> datetime:
    return datetime.now(UTC)


class Lake:
    """The tables of one lake. Opening it does nothing; a table is created by its first write.

    Row order is not promised by any reading: sort where it matters.
    """

    def __init__(self, url: str, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.url = url
        self._clock = clock
        self._options = storage_options(url)
        self._known: tuple[int, pa.Table] | None = None  # ids and hashes of one version, about 100 bytes a row

    def __repr__(self) -> str:
        return f"Lake({self.url!r})"

    # Reading

    def exists(self, table: TableName | str) -> bool:
        """True once the table has been created."""
        with answering(f"{self}: looking for {table}"):
            return bool(DeltaTable.is_deltatable(table_uri(self.url, table), self._options or None))

    def version(self, table: TableName | str = TableName.ENCOUNTERS) -> int:
        """The current version: the data version of whatever is made from the table. Raises NoSuchTable."""
        return int(self._open(TableName(table)).version())

    def history(self, table: TableName | str = TableName.ENCOUNTERS) -> list[Version]:
        """All versions that can be read, newest first. Raises NoSuchTable."""
        opened = self._open(TableName(table))
        with answering(f"{self}: reading the history of {table}"):
            return [parse_version(entry) for entry in opened.history()]

    def read(
        self,
        table: TableName | str = TableName.ENCOUNTERS,
        version: int | None = None,
        columns: list[str] | None = None,
        filter: ds.Expression | None = None,  # noqa: A002 - pyarrow's own word
    ) -> pa.Table:
        """A table in memory; see `scan`."""
        reader = self.scan(table, version, columns, filter)
        with answering(f"{self}: reading {table}"):
            return reader.read_all()

    def scan(
        self,
        table: TableName | str = TableName.ENCOUNTERS,
        version: int | None = None,
        columns: list[str] | None = None,
        filter: ds.Expression | None = None,  # noqa: A002 - pyarrow's own word
    ) -> pa.RecordBatchReader:
        """A table as a stream of batches; memory does not grow with the table.

        Args:
            version: an earlier version; the current one by default.
            columns: which columns, in this order; all by default.
            filter: a `pyarrow.compute` expression that rows must meet.

        Raises:
            NoSuchTable, NoSuchVersion, Unreachable.
        """
        opened = self._open(TableName(table), version)
        with answering(f"{self}: reading {table}"):
            scanner = opened.to_pyarrow_dataset().scanner(
                columns=columns, filter=filter, batch_size=_BATCH_ROWS, batch_readahead=4, fragment_readahead=1
            )
            return scanner.to_reader()

    def known_hashes(self, encounter_ids: pa.Array) -> pa.Array:
        """The row hash of each id that is in the lake, null for the others; shape (n,)."""
        if not self.exists(TableName.ENCOUNTERS):
            return pa.nulls(len(encounter_ids), pa.string())
        return self._hashes(self._open(TableName.ENCOUNTERS), encounter_ids)

    # Writing

    def land(self, encounters: pa.RecordBatchReader) -> int:
        """Insert new encounters and replace changed ones, in one commit. Returns the version that holds them.

        Rows whose hash is known already are left out; when all are, nothing is written and the version stays.

        Raises:
            SchemaMismatch, DuplicateRows: nothing was written.
            Conflict, Unreachable: nothing was written; safe to retry.
        """
        schema = SCHEMAS[TableName.ENCOUNTERS]
        check_columns(encounters.schema, schema)
        with spooled(encounters, schema, [KEYS[TableName.ENCOUNTERS], HASH_COLUMN]) as spool:
            return with_retries(lambda: self._upsert(spool))

    def quarantine(self, rows: pa.RecordBatchReader) -> None:
        """Keep rejected rows. A row whose `quarantine_id` is known is not kept twice. Raises as `land`."""
        key = KEYS[TableName.QUARANTINE]
        schema = self._schema(TableName.QUARANTINE) or rows.schema
        check_columns(rows.schema, schema)
        with spooled(rows, schema, [key]) as spool:
            with_retries(lambda: self._insert_new(TableName.QUARANTINE, spool))

    def record_ingest(self, report: Mapping[str, object]) -> None:
        """Keep the report of an ingest beside the version of the encounters that it left."""
        counts = {name: value if isinstance(value := report.get(name), int) else None for name in _COUNTS}
        row = {
            "recorded_at": self._clock(),
            "encounters_version": self.version() if self.exists(TableName.ENCOUNTERS) else -1,
            "report": json.dumps(report, sort_keys=True, ensure_ascii=False),
            **counts,
        }
        rows = pa.Table.from_pylist([row], schema=INGESTS)
        with_retries(lambda: append(self._create(TableName.INGESTS, INGESTS), rows.to_reader(), "ingest"))

    def rewrite(self, table: TableName | str, change: Change, reason: str, *, purge_history: bool = False) -> int:
        """Replace every row of a table by what `change` makes of its batch, in one commit.

        Args:
            change: pure, from a batch to a batch of the same columns (fewer rows erase); called again on a conflict.
            reason: kept in the table's history.
            purge_history: afterwards make every older version unreadable: its files and log entries are deleted.
                No other writer may be at work then, as files of unfinished commits are deleted too.

        Returns:
            The version that holds the new rows.

        Raises:
            NoSuchTable, SchemaMismatch, Conflict, Unreachable; and whatever `change` raises. Nothing was written.
        """
        name = TableName(table)
        version = with_retries(lambda: self._rewrite(name, change, reason))
        return purge(self._open(name), reason) if purge_history else version

    # Steps

    def _open(self, table: TableName, version: int | None = None) -> DeltaTable:
        with answering(f"{self}: opening {table}"):
            opened = DeltaTable(table_uri(self.url, table), storage_options=self._options or None)
        current = opened.version()
        if version is None or version == current:
            return opened
        oldest = min(entry["version"] for entry in opened.history())
        if not oldest <= version <= current:
            raise NoSuchVersion(f"{table} has the versions {oldest} to {current}, not {version}")
        with answering(f"{self}: opening {table} version {version}"):
            return DeltaTable(table_uri(self.url, table), version=version, storage_options=self._options or None)

    def _create(self, table: TableName, schema: pa.Schema) -> DeltaTable:
        """The table, created empty if need be."""
        if not self.exists(table):
            with answering(f"{self}: creating {table}"):
                DeltaTable.create(
                    table_uri(self.url, table),
                    schema,
                    mode="ignore",
                    configuration=properties(table),
                    storage_options=self._options or None,
                )
        return self._open(table)

    def _schema(self, table: TableName) -> pa.Schema | None:
        return pa.schema(self._open(table).schema().to_arrow()) if self.exists(table) else None

    def _hashes(self, opened: DeltaTable, ids: pa.Array | pa.ChunkedArray) -> pa.Array:
        if self._known is None or self._known[0] != opened.version():
            columns = [KEYS[TableName.ENCOUNTERS], HASH_COLUMN]
            with answering(f"{self}: reading row hashes"):
                self._known = (opened.version(), opened.to_pyarrow_dataset().to_table(columns=columns))
        known = self._known[1]
        at = pc.index_in(ids, value_set=known.column(0).combine_chunks())
        hashes = pc.take(known.column(1).combine_chunks(), at)
        return hashes.combine_chunks() if isinstance(hashes, pa.ChunkedArray) else hashes

    def _upsert(self, spool: Spool) -> int:
        opened = self._create(TableName.ENCOUNTERS, spool.schema)
        before = self._hashes(opened, spool.keys.column(0).combine_chunks())
        is_new = pc.is_null(before)
        is_changed = pc.fill_null(pc.not_equal(before, spool.keys.column(1).combine_chunks()), fill_value=False)
        new, changed = (pc.sum(mask).as_py() or 0 for mask in (is_new, is_changed))
        _log.info("lake.land", extra={"new": new, "changed": changed, "same": len(before) - new - changed})
        rows = spool.rows(pc.or_(is_new, is_changed))
        if changed:
            merge(opened, rows, KEYS[TableName.ENCOUNTERS], "ingest")
        elif new:
            append(opened, rows, "ingest")
        return int(opened.version())

    def _insert_new(self, table: TableName, spool: Spool) -> None:
        opened = self._create(table, spool.schema)
        key = KEYS[table]
        with answering(f"{self}: reading the keys of {table}"):
            known = opened.to_pyarrow_dataset().to_table(columns=[key]).column(0).combine_chunks()
        is_new = pc.invert(pc.is_in(spool.keys.column(0).combine_chunks(), value_set=known))
        if pc.any(is_new).as_py():
            append(opened, spool.rows(is_new), "ingest")

    def _rewrite(self, table: TableName, change: Change, reason: str) -> int:
        opened = self._open(table)
        schema = pa.schema(opened.schema().to_arrow())
        batches = opened.to_pyarrow_dataset().to_batches(batch_size=_BATCH_ROWS, fragment_readahead=1)
        keys = [KEYS[table]] if table in KEYS else []
        with spooled((change(batch) for batch in batches), schema, keys) as spool:
            replace(opened, spool.rows(), reason)
        return int(opened.version())
