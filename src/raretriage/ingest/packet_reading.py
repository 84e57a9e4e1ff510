"""Phenopackets as encounters: NDJSON, one packet a line, or a JSON document each."""

from collections.abc import Iterator, Mapping

import orjson

from raretriage.fhir import Issue, Packet, Terms, is_packet, parse_packet
from raretriage.ingest.lines import BadLine, lines
from raretriage.ingest.problems import Place
from raretriage.ingest.reading import Reading
from raretriage.ingest.rows import append_rows, create_rows
from raretriage.ingest.source import Layout, Source
from raretriage.ingest.tally import NOT_FHIR

RECORD_TYPE = "phenopacket"


def read_packets(source: Source, reading: Reading, terms: Terms) -> None:
    """Read all phenopackets of a source into the engine's table of rows."""
    create_rows(reading.engine)
    for part in source.parts:
        number = reading.begin(part)
        if part.layout is Layout.LINES:
            for batch in lines(reading.text(part, number)):
                for bad in batch.bad:
                    reading.refuse(number, bad)
                texts = zip(batch.numbers, batch.texts, strict=True)
                append_rows(reading.engine, list(_rows(reading, number, texts, terms)))
                reading.done(len(batch))
        else:
            content = reading.document(part, number)
            if content is not None:
                text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
                append_rows(reading.engine, list(_rows(reading, number, iter([(1, text)]), terms)))
            reading.done(1)


def _rows(reading: Reading, number: int, texts: Iterator[tuple[int, str]], terms: Terms) -> Iterator[dict[str, object]]:
    for line, text in texts:
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError:
            reading.refuse(number, BadLine(line, "malformed_json", text.encode()))
            continue
        if not isinstance(document, dict):
            reading.refuse(number, BadLine(line, "not_an_object", text.encode()))
        elif not is_packet(document):
            reading.tally.leave(NOT_FHIR, "no phenopacket")
        else:
            reading.tally.read[RECORD_TYPE] += 1
            row = _row(reading, (number, line), document, terms)
            if row is not None:
                yield row


def _row(reading: Reading, place: Place, document: Mapping[str, object], terms: Terms) -> dict[str, object] | None:
    packet = parse_packet(document, terms)
    if isinstance(packet, Issue):
        reading.problems.add(place, packet.rule, resource_type=RECORD_TYPE, field=packet.field, value=packet.value)
        return None
    for issue in packet.issues:
        reading.problems.add(
            place, issue.rule, resource_type=RECORD_TYPE, field=issue.field, value=issue.value, records=0
        )
    return {"file": place[0], "line": place[1], **_columns(packet, terms)}


def _columns(packet: Packet, terms: Terms) -> dict[str, object]:
    """The packet in the columns of `IDENTIFIED`. Its rarity follows from its diagnosis: a coded label."""
    named = packet.diagnosis
    rare = terms.is_rare(named) if named else None
    onsets = [finding.onset_days for finding in packet.findings if finding.onset_days is not None]
    return {
        "raw_encounter_id": packet.packet_id,
        "raw_patient_id": packet.patient_id,
        "age_years": packet.age_years,
        "sex": packet.sex,
        "pregnant": "unknown",
        "days": max(onsets, default=None),
        "phenotypes": [
            {"hpo_id": finding.hpo_id, "status": finding.status, "onset_days": finding.onset_days}
            for finding in packet.findings
        ],
        "rare": rare,
        "diagnosis_system": packet.disease_system,
        "diagnosis_code": packet.disease_code,
        "label_source": None if rare is None else "coded",
    }
