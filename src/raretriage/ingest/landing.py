"""Encounters on their way into the lake: de-identify, validate, compare with what is known, and set aside for landing.

What is set aside lies in a file of the ingest's private folder and is de-identified; the sink reads it back as a
stream, so that one commit takes any number of rows without holding them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from raretriage.domain import fever_from_temperature
from raretriage.ingest.contract import Failure, failures
from raretriage.ingest.engine import Engine
from raretriage.ingest.problems import PROBLEMS, Problems
from raretriage.ingest.sink import Sink
from raretriage.privacy import Keyring
from raretriage.privacy.batch import deidentify
from raretriage.privacy.schemas import ENCOUNTERS, IDENTIFIED

ACCEPTED, DUPLICATE, QUARANTINED = "accepted", "duplicate", "quarantined"

LANDED = pa.schema([pa.field("file", pa.int32()), pa.field("line", pa.int64()), pa.field("landing", pa.string())])
LANDED_TABLE = "landed"
FAILURES_TABLE = "failures"


@dataclass(slots=True)
class Landing:
    """What was set aside, and what was seen on the way."""

    path: Path
    record_type: str
    outcomes: Counter[str] = field(default_factory=Counter)
    sites: set[str] = field(default_factory=set)
    regions: Counter[str] = field(default_factory=Counter)

    def reader(self) -> pa.RecordBatchReader:
        """The accepted rows, schema `ENCOUNTERS`, streamed from the file."""
        return pa.RecordBatchReader.from_batches(ENCOUNTERS, _batches(self.path))


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(path), "rb") as file, pa.ipc.open_stream(file) as stream:
        yield from stream


def prepare_rows(
    engine: Engine,
    batches: Iterator[pa.RecordBatch],
    *,
    files: Sequence[str],
    keyring: Keyring,
    sink: Sink,
    today: date,
    keep_complaint: bool,
    record_type: str,
) -> Landing:
    """Decide on every row and set the accepted ones aside. Fills the engine's tables `landed` and `failures`.

    Args:
        batches: columns of `IDENTIFIED` without source_file and source_line, with file and line; `records` may lack.
        files: safe names by file number. today: an encounter after it lies in the future.
    """
    landing = Landing(engine.folder / "accepted.arrows", record_type)
    engine.create(LANDED_TABLE, LANDED)
    engine.create(FAILURES_TABLE, PROBLEMS)
    with pa.OSFile(str(landing.path), "wb") as file, pa.ipc.new_stream(file, ENCOUNTERS) as writer:
        for batch in batches:
            rows = _identified(batch, files)
            in_future = pc.fill_null(pc.greater(rows["encounter_date"], pa.scalar(today)), fill_value=False)
            safe = deidentify(rows, keyring=keyring, keep_complaint=keep_complaint)
            found = failures(safe, in_future)
            outcome = _outcomes(safe, found, sink)
            _note(landing, engine, batch, safe, found, outcome)
            writer.write_batch(safe.select(ENCOUNTERS.names).filter(pc.equal(outcome, ACCEPTED)))
    return landing


def _identified(batch: pa.RecordBatch, files: Sequence[str]) -> pa.RecordBatch:
    """The batch in the schema `IDENTIFIED`: provenance by name, fever from temperature where it is not given."""
    given = {name: batch[name] for name in batch.schema.names}
    length = batch.num_rows
    given["source_file"] = pa.array([files[number] for number in batch["file"].to_pylist()], pa.string())
    given["source_line"] = batch["line"]
    given.setdefault("records", pa.repeat(pa.scalar(1, pa.int64()), length))
    if "fever" not in given:
        given["fever"] = pa.array(
            [None if value is None else fever_from_temperature(value) for value in batch["temperature_c"].to_pylist()],
            pa.float64(),
        )
    given["phenotypes"] = pc.if_else(
        given["phenotypes"].is_null(),
        pa.scalar([], IDENTIFIED.field("phenotypes").type),
        given["phenotypes"].cast(IDENTIFIED.field("phenotypes").type),
    )
    return pa.RecordBatch.from_arrays(
        [given[name].cast(IDENTIFIED.field(name).type) for name in IDENTIFIED.names], schema=IDENTIFIED
    )


def _outcomes(safe: pa.RecordBatch, found: Sequence[Failure], sink: Sink) -> pa.StringArray:
    broken = {failure.row for failure in found}
    known = sink.known_hashes(safe["encounter_id"]).to_pylist()
    hashes = safe["row_hash"].to_pylist()
    return pa.array(
        [
            QUARANTINED if row in broken else (DUPLICATE if known[row] == hashes[row] else ACCEPTED)
            for row in range(safe.num_rows)
        ],
        pa.string(),
    )


def _note(
    landing: Landing,
    engine: Engine,
    batch: pa.RecordBatch,
    safe: pa.RecordBatch,
    found: Sequence[Failure],
    outcome: pa.StringArray,
) -> None:
    landing.outcomes.update(outcome.to_pylist())
    landing.sites.update(site for site in safe["site"].unique().to_pylist() if site is not None)
    landing.regions.update(region for region in safe["region"].to_pylist() if region is not None)
    engine.append(LANDED_TABLE, pa.Table.from_arrays([batch["file"], batch["line"], outcome], schema=LANDED))
    problems = Problems.none()
    seen: set[int] = set()
    for failure in found:
        place = (batch["file"][failure.row].as_py(), batch["line"][failure.row].as_py())
        problems.add(
            place, failure.rule, resource_type=landing.record_type, field=failure.field, value=failure.value,
            records=int(failure.row not in seen),
        )  # fmt: skip
        seen.add(failure.row)
    if problems.rows:
        engine.append(FAILURES_TABLE, problems.table())
