"""Versioned tables (Delta Lake) and the SQL warehouse. Knows nothing of FHIR and nothing of models."""

from raretriage.lake.errors import (
    Conflict,
    DuplicateRows,
    LakeError,
    NoSuchTable,
    NoSuchVersion,
    SchemaMismatch,
    Unreachable,
    WarehouseError,
)
from raretriage.lake.lake import Lake
from raretriage.lake.tables import TableName
from raretriage.lake.versions import Version
from raretriage.lake.warehouse import LoadReport, load_warehouse
from raretriage.lake.warehouse_engines import Warehouse, open_warehouse

__all__ = [
    "Conflict",
    "DuplicateRows",
    "Lake",
    "LakeError",
    "LoadReport",
    "NoSuchTable",
    "NoSuchVersion",
    "SchemaMismatch",
    "TableName",
    "Unreachable",
    "Version",
    "Warehouse",
    "WarehouseError",
    "load_warehouse",
    "open_warehouse",
]
