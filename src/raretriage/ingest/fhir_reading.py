"""FHIR into typed tables: one table for each used resource type, with the projected fields and nothing else.

DuckDB parses the JSON text with an explicit type for each resource (`fhir.structure`), which is also the allow-list.
"""

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from raretriage.fhir import USED_TYPES, entries, is_bundle, structure
from raretriage.ingest.lines import BATCH_BYTES, BATCH_LINES, BadLine, LineBatch, lines
from raretriage.ingest.reading import Reading
from raretriage.ingest.source import Layout, Source
from raretriage.ingest.tally import NOT_FHIR, type_name

_LINES = pa.schema([pa.field("file", pa.int32()), pa.field("line", pa.int64()), pa.field("text", pa.string())])

# TRY: a malformed line is null here, where the JSON functions would end the whole statement.
_SORTING = """
    SELECT file, line, TRY(json_type(text)) AS shape, TRY(json_extract_string(text, '$.resourceType')) AS type
    FROM incoming
"""

# Anywhere in the resource: a modifier on an element may reverse the meaning of that element. The projection finds the
# one at the top even when its name is written with escapes.
_PROJECTING = """
    SELECT file, line, modified OR fields.modifierExtension IS NOT NULL AS modified, hash(fields) AS content,
        unnest(fields)
    FROM (
        SELECT file, line, contains(text, '"modifierExtension"') AS modified,
            json_transform(text, '{structure}') AS fields
        FROM incoming
    )
"""


def table_of(resource_type: str) -> str:
    """The name of the engine's table for a resource type."""
    return f"raw_{resource_type.lower()}"


def read_fhir(source: Source, reading: Reading) -> None:
    """Read all files of a FHIR source into the engine's tables."""
    for resource_type in USED_TYPES:
        projecting = _PROJECTING.format(structure=structure(resource_type))
        reading.engine.run(f"CREATE TABLE {table_of(resource_type)} AS {projecting}", _LINES.empty_table())
    for part in source.parts:
        number = reading.begin(part)
        if part.layout is Layout.LINES:
            for batch in lines(reading.text(part, number)):
                for bad in batch.bad:
                    reading.refuse(number, bad)
                _stage(reading, number, batch)
        else:
            _read_document(reading, number, reading.document(part, number))


def _read_document(reading: Reading, number: int, content: bytes | None) -> None:
    """A Bundle counts as its entries; any other document is one record."""
    if content is None:
        return
    try:
        document = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        reading.refuse(number, BadLine(1, "malformed_json", content))
        reading.done(1)
        return
    if not is_bundle(document):
        _stage(reading, number, LineBatch([1], [orjson.dumps(document).decode()]))
        return
    batch, held = LineBatch(), 0
    for entry in entries(document):
        if entry.resource is None:
            reading.tally.leave(NOT_FHIR, "Bundle entry without a resource")
            continue
        text = orjson.dumps(entry.resource).decode()
        batch.numbers.append(entry.number)
        batch.texts.append(text)
        held += len(text)
        if held >= BATCH_BYTES or len(batch) >= BATCH_LINES:
            _stage(reading, number, batch)
            batch, held = LineBatch(), 0
    _stage(reading, number, batch)


def _stage(reading: Reading, number: int, batch: LineBatch) -> None:
    """Sort lines by resource type, count them all, and project those of used types."""
    rows = pa.Table.from_arrays(
        [
            pa.array([number] * len(batch.numbers), pa.int32()),
            pa.array(batch.numbers, pa.int64()),
            pa.array(batch.texts, pa.large_string()).cast(pa.string()),
        ],
        schema=_LINES,
    )
    if len(rows):
        _count_and_project(reading, number, rows)
    reading.done(len(batch))


def _count_and_project(reading: Reading, number: int, rows: pa.Table) -> None:
    found = reading.engine.run(_SORTING, rows).sort_by("line")
    shape, types = found["shape"], found["type"]
    _refuse(reading, number, rows, pc.is_null(shape), "malformed_json")
    _refuse(reading, number, rows, pc.fill_null(pc.not_equal(shape, "OBJECT"), fill_value=False), "not_an_object")
    is_object = pc.fill_null(pc.equal(shape, "OBJECT"), fill_value=False)
    for counted in types.filter(is_object).value_counts().to_pylist():
        name = type_name(counted["values"])
        if name in USED_TYPES:
            reading.tally.read[name] += counted["counts"]
        else:
            reason = "no resource type" if counted["values"] is None else "resource type not used"
            reading.tally.leave(name, reason, counted["counts"])
    for resource_type in USED_TYPES:
        mine = rows.filter(pc.and_(is_object, pc.fill_null(pc.equal(types, resource_type), fill_value=False)))
        if len(mine):
            projecting = _PROJECTING.format(structure=structure(resource_type))
            reading.engine.run(f"INSERT INTO {table_of(resource_type)} {projecting}", mine)


def _refuse(reading: Reading, number: int, rows: pa.Table, mask: pa.ChunkedArray, rule: str) -> None:
    for row in rows.filter(mask).to_pylist():
        reading.refuse(number, BadLine(row["line"], rule, row["text"].encode()))
