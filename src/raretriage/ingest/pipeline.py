"""The stage: from a source to validated, de-identified rows in the lake, and a report that adds up."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa

from raretriage.fhir import Terms
from raretriage.ingest import packet_reading, table_reading
from raretriage.ingest.accounting import Accounts, account_fhir, account_rows, ordered
from raretriage.ingest.engine import Engine
from raretriage.ingest.fhir_reading import read_fhir
from raretriage.ingest.fhir_relating import relate
from raretriage.ingest.landing import ACCEPTED, Landing, prepare_rows
from raretriage.ingest.packet_reading import read_packets
from raretriage.ingest.quarantine import QUARANTINE, quarantine_rows
from raretriage.ingest.reading import Reading
from raretriage.ingest.report import IngestReport, UnmappedCode
from raretriage.ingest.rows import TABLE, judged_rows
from raretriage.ingest.sink import Sink
from raretriage.ingest.source import Kind, Source
from raretriage.ingest.table_reading import read_table
from raretriage.ingest.tally import UNREADABLE
from raretriage.privacy import Keyring

_log = logging.getLogger(__name__)

_FARTHEST_EAST = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How an ingest runs. `memory_limit` bounds the engine's tables; beyond it they spill to disk, encrypted."""

    memory_limit: str = "1GB"
    keep_complaint: bool = False
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the way of one kind of source leaves behind."""

    landing: Landing
    accounts: Accounts
    unmapped: tuple[UnmappedCode, ...] = ()


def ingest(
    source: Source,
    *,
    sink: Sink,
    keyring: Keyring,
    knowledge: Terms,
    now: datetime,
    settings: IngestSettings | None = None,
    progress: Callable[[int], object] = lambda _n: None,
) -> IngestReport:
    """Read, link, de-identify, validate and land a source.

    The sink is written at the very end: quarantine, encounters in one commit, report. Killed anywhere, no table is
    half written, and running again leads to the same end; ingesting the same source twice lands nothing new.

    Args:
        source: from `open_source`. now: aware; an encounter after its day lies in the future.
        progress: called with the number of input records newly read.

    Returns:
        The account of every input record.

    Raises:
        SourceError: a file cannot be read to its end. AccountingError: records were lost. Nothing has landed.
        LakeError, StorageError: from sink and bucket.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware: give datetime.now(UTC)")
    chosen = settings or IngestSettings()
    with Engine(memory_limit=chosen.memory_limit, threads=chosen.threads) as engine:
        reading = Reading(engine, keyring, progress)
        reading.prepare()
        outcome = _WAYS[source.kind](source, reading, sink, knowledge, now, chosen)
        report = _report(source, reading, outcome, now)
        return _write(report, reading, outcome, sink)


def _ingest_fhir(
    source: Source, reading: Reading, sink: Sink, terms: Terms, now: datetime, settings: IngestSettings
) -> _Outcome:
    read_fhir(source, reading)
    related = relate(reading.engine, terms)
    rows = reading.engine.batches(related.rows.order_by("file", "line"))
    landing = _prepare(reading, rows, "Encounter", sink, now, settings)
    return _Outcome(landing, account_fhir(reading.engine), related.unmapped)


def _ingest_table(
    source: Source, reading: Reading, sink: Sink, terms: Terms, now: datetime, settings: IngestSettings
) -> _Outcome:
    read_table(source, reading, terms)
    return _ingest_rows(reading, table_reading.RECORD_TYPE, sink, now, settings)


def _ingest_packets(
    source: Source, reading: Reading, sink: Sink, terms: Terms, now: datetime, settings: IngestSettings
) -> _Outcome:
    read_packets(source, reading, terms)
    return _ingest_rows(reading, packet_reading.RECORD_TYPE, sink, now, settings)


def _ingest_rows(reading: Reading, record_type: str, sink: Sink, now: datetime, settings: IngestSettings) -> _Outcome:
    judged = judged_rows(reading.engine.table(TABLE))
    good = judged.filter(judged.fault.isnull()).drop("fault", "content").order_by("file", "line")
    landing = _prepare(reading, reading.engine.batches(good), record_type, sink, now, settings)
    return _Outcome(landing, account_rows(reading.engine, record_type))


_WAYS = {Kind.FHIR: _ingest_fhir, Kind.CSV: _ingest_table, Kind.PHENOPACKETS: _ingest_packets}


def _prepare(
    reading: Reading,
    batches: Iterator[pa.RecordBatch],
    record_type: str,
    sink: Sink,
    now: datetime,
    settings: IngestSettings,
) -> Landing:
    return prepare_rows(
        reading.engine,
        batches,
        files=reading.files,
        keyring=reading.keyring,
        sink=sink,
        # The hospital writes its own local day: nowhere on earth is it later than UTC + 14 hours.
        today=(now.astimezone(UTC) + _FARTHEST_EAST).date(),
        keep_complaint=settings.keep_complaint,
        record_type=record_type,
    )


def _report(source: Source, reading: Reading, outcome: _Outcome, now: datetime) -> IngestReport:
    by_type: dict[str, Counter[str]] = {}
    reasons = Counter[str]()
    outcomes = Counter[str]()

    def count(type_: str, what: str, number: int) -> None:
        if number:
            by_type.setdefault(type_, Counter())[what] += number
        outcomes[what] += number

    for (type_, what, reason), number in outcome.accounts.counts.items():
        count(type_, what, number)
        if what == "unused":
            reasons[reason] += number
    for (type_, reason), number in reading.tally.unused.items():
        count(type_, "unused", number)
        reasons[reason] += number
    if unreadable := reading.tally.read[UNREADABLE]:
        count(UNREADABLE, "quarantined", unreadable)
    return IngestReport(
        kind=source.kind.value,
        at=now.astimezone(UTC).isoformat(),
        key_id=reading.keyring.key_id,
        read=sum(reading.tally.read.values()),
        accepted=outcomes["accepted"],
        quarantined=outcomes["quarantined"],
        duplicate=outcomes["duplicate"],
        unused=outcomes["unused"],
        by_type={type_: dict(sorted(counts.items())) for type_, counts in sorted(by_type.items())},
        unused_reasons=dict(reasons.most_common()),
        quarantine_rules=_rules(reading.engine, outcome),
        encounters=dict(sorted(outcome.landing.outcomes.items())),
        unmapped_codes=outcome.unmapped,
        unread_columns=reading.tally.unread_columns,
        sites=len(outcome.landing.sites),
        regions=dict(outcome.landing.regions.most_common()),
        files=len(reading.files),
        ignored_files=len(source.ignored),
        lake_version=None,
    )


def _rules(engine: Engine, outcome: _Outcome) -> dict[str, int]:
    faults = ordered(outcome.accounts.faults)
    counted = engine.fetch(faults.group_by("rule").agg(count=faults.count()))
    return dict(Counter({row["rule"]: row["count"] for row in counted.to_pylist()}).most_common())


def _write(report: IngestReport, reading: Reading, outcome: _Outcome, sink: Sink) -> IngestReport:
    if report.quarantine_rules:
        sink.quarantine(pa.RecordBatchReader.from_batches(QUARANTINE, _quarantined(reading, outcome)))
    version = sink.land(outcome.landing.reader()) if outcome.landing.outcomes[ACCEPTED] else None
    landed = report.landed_as(version)
    sink.record_ingest(landed.as_json())
    _log.info("ingest.done", extra={"records": landed.read, "accepted": landed.accepted, "version": version})
    return landed


def _quarantined(reading: Reading, outcome: _Outcome) -> Iterator[pa.RecordBatch]:
    for batch in reading.engine.batches(ordered(outcome.accounts.faults)):
        yield quarantine_rows(batch, files=reading.files, contents=reading.contents, keyring=reading.keyring)
