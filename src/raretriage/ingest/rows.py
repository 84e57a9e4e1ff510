"""Encounters that a source gives whole (CSV rows, phenopackets): one table, and what becomes of repeated ids."""

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from raretriage.ingest.engine import Engine
from raretriage.privacy.schemas import IDENTIFIED, PROVENANCE

_PROVENANCE = frozenset(field.name for field in PROVENANCE)

ROWS = pa.schema(
    [
        pa.field("file", pa.int32(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        *(field for field in IDENTIFIED if field.name not in _PROVENANCE),
    ]
)
"""IDENTIFIED without the provenance, with the address of the record instead."""

TABLE = "given_rows"


def create_rows(engine: Engine) -> None:
    engine.run(f"CREATE TABLE {TABLE} AS {_with_content()}", ROWS.empty_table())


def append_rows(engine: Engine, rows: Sequence[Mapping[str, object]]) -> None:
    """Add rows; a column that a row does not name is null."""
    if rows:
        engine.run(f"INSERT INTO {TABLE} {_with_content()}", pa.Table.from_pylist(list(rows), schema=ROWS))


def _with_content() -> str:
    content = ", ".join(f'"{name}"' for name in ROWS.names if name not in ("file", "line"))
    return f"SELECT *, hash({content}) AS content FROM incoming"  # noqa: S608 - names are ours


def judged_rows(rows: ir.Table) -> ir.Table:
    """Add `fault`: null for the first row of an id, else `duplicate` (equal content) or `conflict`."""
    copies = ibis.window(group_by=[rows.raw_encounter_id], order_by=[rows.file, rows.line])
    is_first = ibis.row_number().over(copies) == 0
    return rows.mutate(
        fault=ibis.cases(
            (is_first, ibis.null("string")),
            (rows.content == rows.content.first().over(copies), "duplicate"),
            else_="conflict",
        )
    )
