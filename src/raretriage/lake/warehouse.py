"""The SQL copy of a lake version, for analysts: loaded whole, in one transaction, with documented views.

The views suppress cells of fewer than 5 patients. The tables below them are pseudonymised rows, not anonymous ones:
grant analysts the views.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources

import pyarrow as pa
import pyarrow.compute as pc

from raretriage.lake.errors import WarehouseError
from raretriage.lake.lake import Lake, utc_now
from raretriage.lake.tables import INGESTS, KEYS, TableName
from raretriage.lake.warehouse_engines import Warehouse, open_warehouse
from raretriage.privacy.schemas import ENCOUNTERS

_log = logging.getLogger(__name__)

# Not for analysts: free text, and what only the lake's own upkeep needs. Findings have a table of their own.
_LEFT_OUT = {"complaint", "key_id", "row_hash", "phenotypes"}

ENCOUNTER_COLUMNS = pa.schema(
    [*(field for field in ENCOUNTERS if field.name not in _LEFT_OUT), pa.field("findings", pa.int64(), nullable=False)]
)
"""One row an encounter; `findings` is how many rows of the table `findings` belong to it."""

FINDING_COLUMNS = pa.schema(
    [
        pa.field("encounter_id", pa.string(), nullable=False),
        pa.field("hpo_id", pa.string(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("onset_days", pa.float64()),
    ]
)
LOAD_INFO_COLUMNS = pa.schema(
    [
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("lake_version", pa.int64()),
        pa.field("row_count", pa.int64(), nullable=False),
        pa.field("loaded_at", pa.timestamp("us", tz="UTC"), nullable=False),
    ]
)
VIEW_INFO_COLUMNS = pa.schema(
    [pa.field("view_name", pa.string(), nullable=False), pa.field("description", pa.string(), nullable=False)]
)
_NO_QUARANTINE = pa.schema([pa.field(KEYS[TableName.QUARANTINE], pa.string(), nullable=False)])


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load put into the warehouse."""

    version: int
    """The version of the lake's encounters."""
    loaded_at: datetime
    rows: Mapping[str, int]
    views: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class View:
    """One documented view; the comment that opens its file is its documentation."""

    name: str
    description: str
    select: str


def load_warehouse(
    lake: Lake,
    url: str,
    version: int | None = None,
    *,
    clock: Callable[[], datetime] = utc_now,
    progress: Callable[[int], object] = lambda _n: None,
) -> LoadReport:
    """Replace the warehouse's tables by a lake version, all or nothing.

    Quarantine and ingests have versions of their own and are loaded as they are now.

    Args:
        url: see `open_warehouse`.
        version: of the encounters; the current one by default.
        progress: called with the number of rows newly loaded.

    Raises:
        NoSuchTable, NoSuchVersion: nothing was touched.
        WarehouseError: the old content is as it was.
    """
    started, loaded_at = time.monotonic(), clock().astimezone(UTC)
    chosen = lake.version(TableName.ENCOUNTERS) if version is None else version
    lake.scan(TableName.ENCOUNTERS, chosen).close()  # an unknown version is refused before anything is touched
    loaded: dict[str, tuple[int | None, int]] = {}
    views = read_views()
    with open_warehouse(url) as warehouse:
        for name, at, schema, batches in _sources(lake, chosen):
            loaded[name] = (at, _refill(warehouse, name, schema, batches, progress))
        info = [
            {"table_name": name, "lake_version": at, "row_count": rows, "loaded_at": loaded_at}
            for name, (at, rows) in loaded.items()
        ]
        _refill(warehouse, "load_info", LOAD_INFO_COLUMNS, [pa.RecordBatch.from_pylist(info, LOAD_INFO_COLUMNS)])
        about = [{"view_name": view.name, "description": view.description} for view in views]
        _refill(warehouse, "view_info", VIEW_INFO_COLUMNS, [pa.RecordBatch.from_pylist(about, VIEW_INFO_COLUMNS)])
        for view in views:
            warehouse.run(f"CREATE OR REPLACE VIEW {view.name} AS\n{view.select}")
    rows = {name: count for name, (_, count) in loaded.items()}
    _log.info("warehouse.loaded", extra={"lake_version": chosen, "rows": rows})
    return LoadReport(chosen, loaded_at, rows, tuple(view.name for view in views), time.monotonic() - started)


def read_views() -> tuple[View, ...]:
    """The views that come with the package, by name."""
    folder = resources.files("raretriage.lake") / "views"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return tuple(_parse_view(file.name.removesuffix(".sql"), file.read_text("utf-8")) for file in files)


def _parse_view(name: str, text: str) -> View:
    lines = text.splitlines()
    body = next((at for at, line in enumerate(lines) if not line.startswith("--")), len(lines))
    paragraphs = "\n".join(line.removeprefix("--").strip() for line in lines[:body]).split("\n\n")
    description = "\n".join(" ".join(paragraph.split()) for paragraph in paragraphs).strip()
    if not description:
        raise WarehouseError(f"view {name} has no description: open its file with a comment")
    return View(name, description, "\n".join(lines[body:]))


def _sources(lake: Lake, version: int) -> Iterator[tuple[str, int | None, pa.Schema, Iterable[pa.RecordBatch]]]:
    encounters = lake.scan(TableName.ENCOUNTERS, version)
    yield "encounters", version, ENCOUNTER_COLUMNS, (_flat_encounters(batch) for batch in encounters)
    phenotypes = lake.scan(TableName.ENCOUNTERS, version, columns=["encounter_id", "phenotypes"])
    yield "findings", version, FINDING_COLUMNS, (_findings(batch) for batch in phenotypes)
    for table, empty in ((TableName.QUARANTINE, _NO_QUARANTINE), (TableName.INGESTS, INGESTS)):
        if lake.exists(table):
            now = lake.version(table)
            rows = lake.scan(table, now)
            yield table, now, rows.schema, rows
        else:
            yield table, None, empty, ()


def _refill(
    warehouse: Warehouse,
    table: str,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    progress: Callable[[int], object] = lambda _n: None,
) -> int:
    """Empty and fill a table. One with other columns is made anew, which views of other people can prevent."""
    if warehouse.columns(table) == schema.names:
        # DELETE, not TRUNCATE: on PostgreSQL analysts go on reading the old rows until the commit.
        warehouse.run(f"DELETE FROM {table}")  # noqa: S608 - our own name
    else:
        warehouse.drop(table)
        warehouse.create(table, schema)
    count = 0
    for batch in batches:
        warehouse.insert(table, batch)
        count += batch.num_rows
        progress(batch.num_rows)
    return count


def _flat_encounters(batch: pa.RecordBatch) -> pa.RecordBatch:
    findings = pc.cast(pc.list_value_length(batch.column("phenotypes")), pa.int64())
    kept = batch.select(ENCOUNTER_COLUMNS.names[:-1])
    return pa.RecordBatch.from_arrays([*kept.columns, findings], schema=ENCOUNTER_COLUMNS)


def _findings(batch: pa.RecordBatch) -> pa.RecordBatch:
    """One row per encounter and finding."""
    lists = batch.column("phenotypes")
    owners = pc.take(batch.column("encounter_id"), pc.list_parent_indices(lists))
    structs = pc.list_flatten(lists)
    fields = [pc.struct_field(structs, name) for name in FINDING_COLUMNS.names[1:]]
    return pa.RecordBatch.from_arrays([owners, *fields], schema=FINDING_COLUMNS)
