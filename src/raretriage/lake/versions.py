"""The versions of a table, as a person reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

_ADDED = ("num_added_rows", "num_target_rows_inserted")


@dataclass(frozen=True, slots=True)
class Version:
    """One commit of one table."""

    version: int
    at: datetime
    """UTC, from the writer's clock."""
    operation: str
    """Delta Lake's word: CREATE TABLE, WRITE, MERGE, VACUUM END ..."""
    rows_added: int | None
    rows_updated: int | None
    reason: str | None
    """What the writer gave as its reason."""


def parse_version(entry: Mapping[str, object]) -> Version:
    """From one entry of a Delta table's history."""
    metrics = entry.get("operationMetrics")
    figures = metrics if isinstance(metrics, Mapping) else {}
    return Version(
        version=_whole(entry["version"]) or 0,
        at=datetime.fromtimestamp((_whole(entry["timestamp"]) or 0) / 1000, tz=UTC),
        operation=str(entry["operation"]),
        rows_added=next((count for name in _ADDED if (count := _whole(figures.get(name))) is not None), None),
        rows_updated=_whole(figures.get("num_target_rows_updated")),
        reason=reason if isinstance(reason := entry.get("reason"), str) else None,
    )


def _whole(value: object) -> int | None:
    # Other writers (Spark) put metrics as text.
    return int(value) if isinstance(value, int | str) else None
