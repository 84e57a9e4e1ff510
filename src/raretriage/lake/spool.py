"""Rows kept on disk between the moment they arrive once and the moment it is known which of them are new."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from raretriage.lake.errors import DuplicateRows, SchemaMismatch


class Spool:
    """A stream of rows that can be read again, with their keys (and hashes) in memory."""

    def __init__(self, file: IO[bytes], schema: pa.Schema, keys: pa.Table) -> None:
        self._file = file
        self.schema = schema
        self.keys = keys

    def rows(self, wanted: pa.BooleanArray | None = None) -> pa.RecordBatchReader:
        """The rows where `wanted` (one value a row, in the order of arrival) is true, or all, as a stream."""
        return pa.RecordBatchReader.from_batches(self.schema, self._batches(wanted))

    def _batches(self, wanted: pa.BooleanArray | None) -> Iterator[pa.RecordBatch]:
        start = 0
        self._file.seek(0)
        with pa.ipc.open_stream(self._file) as reader:
            for batch in reader:
                kept = batch if wanted is None else batch.filter(wanted.slice(start, batch.num_rows))
                start += batch.num_rows
                if kept.num_rows:
                    yield kept


@contextmanager
def spooled(batches: Iterable[pa.RecordBatch], schema: pa.Schema, key_columns: list[str]) -> Iterator[Spool]:
    """Write the rows to a temporary file without a name: even a killed process leaves nothing of it.

    Delta Lake's writer must not be fed from Delta Lake's reader (deltalake 1.6 panics: a runtime within a runtime),
    and a fault of `batches` comes out here as it is, not as a text of the Arrow C interface.

    Raises:
        SchemaMismatch: columns or types differ from `schema`, or a required value is null.
        DuplicateRows: the first of `key_columns`, if there is one, has a value twice.
    """
    with tempfile.TemporaryFile() as file:
        keys: list[pa.Table] = [schema.empty_table().select(key_columns)]
        with pa.ipc.new_stream(file, schema) as writer:
            for batch in batches:
                fitted = fit(batch, schema)
                writer.write_batch(fitted)
                keys.append(pa.Table.from_batches([fitted.select(key_columns)]))
        table = pa.concat_tables(keys).combine_chunks()
        if key_columns:
            _check_unique(table.column(key_columns[0]), key_columns[0])
        yield Spool(file, schema, table)


def check_columns(given: pa.Schema, expected: pa.Schema) -> None:
    """The same column names in any order, or SchemaMismatch that names the difference."""
    missing = sorted(set(expected.names) - set(given.names))
    unknown = sorted(set(given.names) - set(expected.names))
    if missing or unknown:
        raise SchemaMismatch(f"columns do not fit the table: missing {missing}, unknown {unknown}")


def fit(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch in the schema's order and types. Required values are checked here: a store's own message shows rows."""
    check_columns(batch.schema, schema)
    for field in schema:
        if not field.nullable and batch.column(field.name).null_count:
            raise SchemaMismatch(f"column {field.name}: a required value is missing")
    ordered = batch.select(schema.names)
    try:
        columns = [column.cast(field.type) for column, field in zip(ordered.columns, schema, strict=True)]
        return pa.RecordBatch.from_arrays(columns, schema=schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        wrong = [f.name for f in schema if not f.type.equals(batch.schema.field(f.name).type)]
        raise SchemaMismatch(f"columns {wrong} do not have the table's types") from None


def _check_unique(keys: pa.ChunkedArray, column: str) -> None:
    duplicates = len(keys) - pc.count_distinct(keys).as_py()
    if duplicates:
        raise DuplicateRows(f"{duplicates} rows repeat the {column} of another; join or drop them before they land")
