"""Builders: identified rows of made-up patients, and a keyring that never changes."""

from datetime import date
from typing import Any

import pyarrow as pa

from raretriage.privacy import Keyring
from raretriage.privacy.schemas import IDENTIFIED

KEYRING = Keyring.from_keys([bytes(range(32))])

_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(IDENTIFIED.names),
    "raw_encounter_id": "Encounter/1",
    "raw_patient_id": "Patient/1",
    "birth_date": date(1980, 5, 17),
    "encounter_date": date(2024, 8, 3),
    "pregnant": "unknown",
    "phenotypes": [],
    "source_file": "Encounter.000.ndjson.gz",
    "source_line": 1,
    "records": 1,
}


def row(**changes: Any) -> dict[str, Any]:
    return _DEFAULTS | changes


def batch(*rows: dict[str, Any]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows), schema=IDENTIFIED)


def finding(hpo_id: str, status: str = "observed", onset_days: float | None = None) -> dict[str, Any]:
    return {"hpo_id": hpo_id, "status": status, "onset_days": onset_days}
