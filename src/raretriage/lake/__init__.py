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

__all__ = [
    "Conflict",
    "DuplicateRows",
    "Lake",
    "LakeError",
    "NoSuchTable",
    "NoSuchVersion",
    "SchemaMismatch",
    "TableName",
    "Unreachable",
    "Version",
    "WarehouseError",
]
