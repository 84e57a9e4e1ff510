"""DuckDB as the engine of one ingest: the only place that knows it, apart from reading JSON text (`staging.py`).

Tables live in memory up to a limit and spill to a private folder beyond it. They hold raw ids, so what spills is
encrypted with a key that only this process has, and the folder goes when the engine closes. DuckDB's built-in crypto
(mbedTLS) has a weaker random number generator than the OpenSSL of its `httpfs` extension, which would have to be
downloaded; hence `force_mbedtls_unsafe`. It protects a spill file left behind by a killed process, no more.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import ibis
import pyarrow as pa

from raretriage.ingest.errors import NotEnoughMemory

BATCH_ROWS = 10_000


class Engine:
    """A private DuckDB for one ingest. Use as a context manager; nothing of it survives."""

    def __init__(self, *, memory_limit: str = "1GB", threads: int | None = None) -> None:
        self._memory_limit = memory_limit
        self.folder = Path(tempfile.mkdtemp(prefix="raretriage-ingest-"))
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": str(self.folder / "spill"),
            "autoinstall_known_extensions": False,
            "preserve_insertion_order": False,
        }
        if threads is not None:
            config["threads"] = threads
        self._connection = duckdb.connect(":memory:", config=config)
        self._connection.execute("SET TimeZone = 'UTC'")
        # DuckDB draws its own bar on standard output, where our callers' figures go.
        self._connection.execute("SET enable_progress_bar = false")
        self._connection.execute("SET force_mbedtls_unsafe = 'true'")
        self._connection.execute("SET temp_file_encryption = true")
        self._backend = ibis.duckdb.from_connection(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if isinstance(error, duckdb.OutOfMemoryException):
            raise NotEnoughMemory(
                f"the engine's memory limit of {self._memory_limit} is too small for this export even with spilling to "
                "disk. Raise memory_limit: 150 MB a thread is the least that was seen to work. Nothing has landed"
            ) from None

    def create(self, name: str, schema: pa.Schema) -> None:
        """An empty table."""
        self._insert(f"CREATE TABLE {name} AS SELECT * FROM incoming", schema.empty_table())  # noqa: S608 - names are ours

    def append(self, name: str, rows: pa.Table) -> None:
        """Add rows whose columns are the table's, in its order."""
        self._insert(f"INSERT INTO {name} SELECT * FROM incoming", rows)  # noqa: S608 - names are ours

    def run(self, statement: str, rows: pa.Table) -> pa.Table:
        """Run a statement over `rows`, visible to it as the table `incoming`."""
        return self._insert(statement, rows)

    def _insert(self, statement: str, rows: pa.Table) -> pa.Table:
        self._connection.register("incoming", rows)
        try:
            return self._connection.sql(statement).to_arrow_table() if _is_query(statement) else self._do(statement)
        finally:
            self._connection.unregister("incoming")

    def _do(self, statement: str) -> pa.Table:
        self._connection.execute(statement)
        return pa.table({})

    def table(self, name: str) -> ibis.Table:
        return self._backend.table(name)

    def store(self, name: str, expression: ibis.Table) -> ibis.Table:
        """Compute an expression into a table."""
        self._connection.execute(f"CREATE TABLE {name} AS {self._backend.compile(expression)}")
        return self.table(name)

    def fetch(self, expression: ibis.Table) -> pa.Table:
        """The rows of an expression; for results that are small by nature."""
        return self._connection.sql(str(self._backend.compile(expression))).to_arrow_table()

    def batches(self, expression: ibis.Table, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """The rows of an expression in batches. Other statements may run meanwhile: the result has its own cursor."""
        cursor = self._connection.cursor()
        try:
            yield from cursor.sql(str(self._backend.compile(expression))).to_arrow_reader(rows)
        finally:
            cursor.close()


def _is_query(statement: str) -> bool:
    return statement.lstrip().upper().startswith("SELECT")
