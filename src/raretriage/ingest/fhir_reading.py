"""The records of a FHIR source: NDJSON lines, Bundle entries, single resources."""

import orjson

from raretriage.fhir import entries, is_bundle
from raretriage.ingest.lines import BadLine, lines
from raretriage.ingest.reading import Reading
from raretriage.ingest.source import Layout, Source
from raretriage.ingest.staging import Staging
from raretriage.ingest.tally import NOT_FHIR


def read_fhir(source: Source, reading: Reading) -> None:
    """Read all files of a FHIR source into the engine's tables."""
    staging = Staging(reading)
    for part in source.parts:
        number = reading.begin(part)
        if part.layout is Layout.LINES:
            for batch in lines(reading.text(part, number)):
                for bad in batch.bad:
                    reading.refuse(number, bad)
                for line, text in zip(batch.numbers, batch.texts, strict=True):
                    staging.add((number, line), text)
        else:
            content = reading.document(part, number)
            if content is not None:
                _read_document(reading, staging, number, content)
    staging.flush()


def _read_document(reading: Reading, staging: Staging, number: int, content: bytes) -> None:
    """A Bundle counts as its entries; any other document is one record."""
    try:
        document = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        reading.refuse(number, BadLine(1, "malformed_json", content))
        return
    if not is_bundle(document):
        staging.add((number, 1), orjson.dumps(document).decode())
        return
    for entry in entries(document):
        if entry.resource is None:
            reading.tally.leave(NOT_FHIR, "Bundle entry without a resource")
        else:
            staging.add((number, entry.number), orjson.dumps(entry.resource).decode())
