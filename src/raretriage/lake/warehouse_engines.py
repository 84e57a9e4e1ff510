"""The two ways to reach a SQL warehouse: DuckDB's own client, and SQLAlchemy for every server.

DuckDB has no SQLAlchemy dialect among our dependencies. Tried on DuckDB and PostgreSQL; BigQuery and Redshift go
through the same SQLAlchemy path and are unverified.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.csv

from raretriage.lake.errors import WarehouseError

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy

DUCKDB_PREFIX = "duckdb:///"

# Any number will do, if every load takes the same one: two loads at once would each keep their own rows.
_LOAD_LOCK = 7_265_747


class Warehouse(Protocol):
    """One connection to a warehouse. Table names are ours, never a user's. Times are UTC; DuckDB's have no zone."""

    def columns(self, table: str) -> list[str] | None:
        """The table's columns, None where there is no such table."""
        ...

    def create(self, table: str, schema: pa.Schema) -> None: ...

    def drop(self, table: str) -> None: ...

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        """Add rows of flat columns."""
        ...

    def run(self, statement: str) -> None: ...

    def query(self, statement: str) -> list[tuple[object, ...]]: ...


@contextmanager
def open_warehouse(url: str) -> Iterator[Warehouse]:
    """A warehouse in one transaction: committed at the end of the block, rolled back if it raises.

    Args:
        url: `duckdb:///relative.duckdb`, `duckdb:////absolute.duckdb`, or any SQLAlchemy URL such as
            `postgresql+psycopg://user@host/database`.

    Raises:
        WarehouseError: the warehouse cannot be reached or refuses a statement.
    """
    if url.startswith("duckdb:"):
        with _open_duckdb(url) as warehouse:
            yield warehouse
    else:
        with _open_sqlalchemy(url) as warehouse:
            yield warehouse


@contextmanager
def _open_duckdb(url: str) -> Iterator[Warehouse]:
    import duckdb

    path = url.removeprefix(DUCKDB_PREFIX)
    if path == url or path in {"", ":memory:"}:
        raise WarehouseError(
            f"{url} names no file to keep the warehouse in; write duckdb:///relative.duckdb or duckdb:////absolute.duckdb"
        )
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(path)
    except (duckdb.Error, OSError) as error:
        raise WarehouseError(f"cannot open {url}; is it open in another program? {_fact(error)}") from None
    try:
        connection.begin()
        yield _DuckDB(connection)
        connection.commit()
    except duckdb.Error as error:
        raise WarehouseError(f"{url} refused the load: {_fact(error)}") from None
    finally:
        connection.close()  # rolls back what is not committed


class _DuckDB:
    def __init__(self, connection: "duckdb.DuckDBPyConnection") -> None:
        self._connection = connection

    def columns(self, table: str) -> list[str] | None:
        found = self._connection.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = 'main' AND table_name = ? ORDER BY ordinal_position",
            [table],
        ).fetchall()
        return [name for (name,) in found] or None

    def create(self, table: str, schema: pa.Schema) -> None:
        columns = ", ".join(
            f'"{field.name}" {_sql_type(field.type)[0]}{"" if field.nullable else " NOT NULL"}' for field in schema
        )
        self._connection.execute(f'CREATE TABLE "{table}" ({columns})')

    def drop(self, table: str) -> None:
        self._connection.execute(f'DROP TABLE IF EXISTS "{table}"')

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        self._connection.register("incoming", pa.Table.from_batches([_in_utc_without_zone(batch)]))
        self._connection.execute(f'INSERT INTO "{table}" BY NAME SELECT * FROM incoming')  # noqa: S608 - our own name
        self._connection.unregister("incoming")

    def run(self, statement: str) -> None:
        self._connection.execute(statement)

    def query(self, statement: str) -> list[tuple[object, ...]]:
        return self._connection.execute(statement).fetchall()


@contextmanager
def _open_sqlalchemy(url: str) -> Iterator[Warehouse]:
    import sqlalchemy

    try:
        engine = sqlalchemy.create_engine(url)
    except (sqlalchemy.exc.ArgumentError, ImportError) as error:
        # The text of an ArgumentError repeats the URL, and with it the password.
        raise WarehouseError(
            f"no warehouse at the given URL ({type(error).__name__}); write duckdb:///file.duckdb or "
            "postgresql+psycopg://user@host/database, and install the driver that it names"
        ) from None
    shown = engine.url.render_as_string(hide_password=True)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sqlalchemy.text(f"SELECT pg_advisory_xact_lock({_LOAD_LOCK})"))
            yield _SqlAlchemy(connection)
    except sqlalchemy.exc.DBAPIError as error:
        raise WarehouseError(f"{shown} refused the load: {_fact(error.orig or error)}") from None
    except engine.dialect.loaded_dbapi.Error as error:  # COPY goes past SQLAlchemy
        raise WarehouseError(f"{shown} refused the load: {_fact(error)}") from None
    finally:
        engine.dispose()


class _SqlAlchemy:
    def __init__(self, connection: "sqlalchemy.Connection") -> None:
        self._connection = connection

    def columns(self, table: str) -> list[str] | None:
        import sqlalchemy

        inspector = sqlalchemy.inspect(self._connection)
        return [column["name"] for column in inspector.get_columns(table)] if inspector.has_table(table) else None

    def create(self, table: str, schema: pa.Schema) -> None:
        import sqlalchemy

        columns = map(_sqlalchemy_column, schema)
        sqlalchemy.Table(table, sqlalchemy.MetaData(), *columns).create(self._connection)

    def drop(self, table: str) -> None:
        import sqlalchemy

        sqlalchemy.Table(table, sqlalchemy.MetaData()).drop(self._connection, checkfirst=True)

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        if self._connection.dialect.driver == "psycopg":
            self._copy(table, batch)
            return
        import sqlalchemy

        if batch.num_rows:
            columns = map(_sqlalchemy_column, batch.schema)
            target = sqlalchemy.Table(table, sqlalchemy.MetaData(), *columns)
            self._connection.execute(target.insert(), batch.to_pylist())

    def _copy(self, table: str, batch: pa.RecordBatch) -> None:
        # PostgreSQL's CSV and Arrow's agree: null is an empty field, an empty text is a pair of quotes.
        from psycopg import sql

        columns = sql.SQL(", ").join(map(sql.Identifier, batch.schema.names))
        statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(sql.Identifier(table), columns)
        text = io.BytesIO()
        pa.csv.write_csv(batch, text, pa.csv.WriteOptions(include_header=False))
        with self._connection.connection.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[attr-defined]
            copy.write(text.getvalue())

    def run(self, statement: str) -> None:
        self._connection.exec_driver_sql(statement)

    def query(self, statement: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in self._connection.exec_driver_sql(statement)]


# What an Arrow type is called in DuckDB and in SQLAlchemy.
_TYPES: tuple[tuple[Callable[[pa.DataType], bool], str, str], ...] = (
    (pa.types.is_string, "VARCHAR", "Text"),
    (pa.types.is_floating, "DOUBLE", "Double"),
    (pa.types.is_boolean, "BOOLEAN", "Boolean"),
    (pa.types.is_date, "DATE", "Date"),
    (pa.types.is_integer, "BIGINT", "BigInteger"),
    (pa.types.is_timestamp, "TIMESTAMP", "DateTime"),
)


def _in_utc_without_zone(batch: pa.RecordBatch) -> pa.RecordBatch:
    # DuckDB's Python client reads TIMESTAMPTZ only with pytz installed, which nothing here brings.
    zoned = [at for at, field in enumerate(batch.schema) if pa.types.is_timestamp(field.type)]
    for at in zoned:
        batch = batch.set_column(at, batch.schema.field(at).name, batch.column(at).cast(pa.timestamp("us")))
    return batch


def _sql_type(kind: pa.DataType) -> tuple[str, str]:
    for is_kind, duckdb_name, sqlalchemy_name in _TYPES:
        if is_kind(kind):
            return duckdb_name, sqlalchemy_name
    raise WarehouseError(f"no SQL type is known for {kind}")


def _sqlalchemy_column(field: pa.Field) -> "sqlalchemy.Column[object]":
    import sqlalchemy

    name = _sql_type(field.type)[1]
    kind = sqlalchemy.DateTime(timezone=True) if name == "DateTime" else getattr(sqlalchemy, name)()
    return sqlalchemy.Column(field.name, kind, nullable=field.nullable)


def _fact(error: BaseException) -> str:
    # Drivers put the offending row below the first line.
    return str(error).partition("\n")[0][:300]
