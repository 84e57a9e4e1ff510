"""Faults of single records on their way to quarantine: where, which rule, which field, and what stood there."""

from dataclasses import dataclass
from typing import Self

import pyarrow as pa

PROBLEMS = pa.schema(
    [
        pa.field("file", pa.int32(), nullable=False),
        pa.field("line", pa.int64(), nullable=False),
        pa.field("resource_type", pa.string()),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("field", pa.string()),
        pa.field("value", pa.string()),  # as it stood, not yet safe
        pa.field("records", pa.int64(), nullable=False),
    ]
)

Place = tuple[int, int]
"""File number and line number: the address of an input record within one ingest."""


@dataclass(slots=True)
class Problems:
    """Faults found so far, as columns. `records` is 1 for a fault that costs the record and 0 for one that costs a
    part of it, or that is named beside the fault that already costs the record."""

    rows: list[tuple[int, int, str | None, str, str | None, str | None, int]]

    @classmethod
    def none(cls) -> Self:
        return cls([])

    def add(
        self,
        place: Place,
        rule: str,
        *,
        resource_type: str | None = None,
        field: str | None = None,
        value: str | None = None,
        records: int = 1,
    ) -> None:
        self.rows.append((*place, resource_type, rule, field, value, records))

    def table(self) -> pa.Table:
        columns = list(zip(*self.rows, strict=True)) or [()] * len(PROBLEMS)
        arrays = [pa.array(column, kind.type) for column, kind in zip(columns, PROBLEMS, strict=True)]
        return pa.Table.from_arrays(arrays, schema=PROBLEMS)
