"""Which tables the lake has, their columns, keys and Delta properties."""

from collections.abc import Mapping
from enum import StrEnum

import pyarrow as pa

from raretriage.privacy.schemas import ENCOUNTERS


class TableName(StrEnum):
    ENCOUNTERS = "encounters"
    QUARANTINE = "quarantine"
    INGESTS = "ingests"


INGESTS = pa.schema(
    [
        pa.field("recorded_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("encounters_version", pa.int64(), nullable=False),
        pa.field("read", pa.int64()),
        pa.field("accepted", pa.int64()),
        pa.field("quarantined", pa.int64()),
        pa.field("duplicate", pa.int64()),
        pa.field("unused", pa.int64()),
        pa.field("report", pa.string(), nullable=False),  # the whole report as JSON
    ]
)

SCHEMAS: Mapping[TableName, pa.Schema] = {TableName.ENCOUNTERS: ENCOUNTERS, TableName.INGESTS: INGESTS}
"""The quarantine's columns belong to whoever fills it: its first rows fix them."""

KEYS: Mapping[TableName, str] = {TableName.ENCOUNTERS: "encounter_id", TableName.QUARANTINE: "quarantine_id"}
"""The column that names a row for good. A row with a known key is never inserted again."""

HASH_COLUMN = "row_hash"
"""Equal hashes are equal rows; only a changed row replaces the one that is there."""

_KEPT_FOR_EVER = {
    # Delta's own defaults drop old log entries after 30 days; here every version stays readable until purged.
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
}


def properties(table: TableName) -> dict[str, str]:
    """The Delta properties of a new table. Column statistics would repeat patients' values in the log: keep few."""
    if table is TableName.ENCOUNTERS:
        return {**_KEPT_FOR_EVER, "delta.dataSkippingStatsColumns": "period"}
    return {**_KEPT_FOR_EVER, "delta.dataSkippingNumIndexedCols": "0"}


PURGE_RETENTION: Mapping[str, str] = {"delta.logRetentionDuration": "interval 0 days"}
KEEP_RETENTION: Mapping[str, str] = {"delta.logRetentionDuration": _KEPT_FOR_EVER["delta.logRetentionDuration"]}
