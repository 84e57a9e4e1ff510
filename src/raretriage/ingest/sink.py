"""Where ingested rows go. The lake implements it; a test can with a list."""

from collections.abc import Mapping
from typing import Protocol

import pyarrow as pa


class Sink(Protocol):
    """A store of encounters and of quarantine. `ingest` calls quarantine, land, record_ingest, in this order."""

    def known_hashes(self, encounter_ids: pa.Array) -> pa.Array:
        """The row_hash that the store holds for each id, in the order given; null where it holds none."""
        ...

    def land(self, encounters: pa.RecordBatchReader) -> int:
        """Write the rows in one atomic commit, replacing rows of the same encounter_id; return the new version."""
        ...

    def quarantine(self, rows: pa.RecordBatchReader) -> None:
        """Keep the rows whose quarantine_id is new."""
        ...

    def record_ingest(self, report: Mapping[str, object]) -> None:
        """Keep the report of this ingest."""
        ...
