"""Made-up rows for the lake, with defaults: a test says only what matters."""

from collections.abc import Iterable
from datetime import date
from itertools import islice

import pyarrow as pa

from raretriage.privacy.schemas import ENCOUNTERS

QUARANTINE = pa.schema(
    [
        pa.field("quarantine_id", pa.string(), nullable=False),
        pa.field("source_file", pa.string(), nullable=False),
        pa.field("source_line", pa.int64(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("value", pa.string()),
    ]
)
"""A quarantine's columns as an ingest may define them; the lake asks only for `quarantine_id`."""


def encounter(number: int, **changed: object) -> dict[str, object]:
    row: dict[str, object] = {
        "encounter_id": f"e-{number}",
        "patient_id": f"p-{number // 2}",
        "encounter_date": date(2024, 1 + number % 12, 1),
        "period": f"2024Q{1 + number % 12 // 3}",
        "age_years": 40.0,
        "sex": "female",
        "pregnant": "unknown",
        "fever": 4.0,
        "temperature_c": 38.0,
        "phenotypes": [{"hpo_id": "HP:0001250", "status": "observed", "onset_days": 3.0}],
        "key_id": "key-1",
        "row_hash": f"hash-{number}",
    }
    return row | changed


def encounters(rows: Iterable[dict[str, object]]) -> pa.RecordBatchReader:
    """A stream that is made as it is read, a thousand rows at a time."""
    remaining = iter(rows)
    groups = iter(lambda: list(islice(remaining, 1000)), [])
    batches = (pa.RecordBatch.from_pylist(group, schema=ENCOUNTERS) for group in groups)
    return pa.RecordBatchReader.from_batches(ENCOUNTERS, batches)


def rejected(ids: Iterable[str]) -> pa.RecordBatchReader:
    rows = [
        {"quarantine_id": i, "source_file": "a.ndjson", "source_line": 1, "rule": "spo2", "value": "7"} for i in ids
    ]
    return pa.Table.from_pylist(rows, schema=QUARANTINE).to_reader()
