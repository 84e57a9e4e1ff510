"""JSON texts of FHIR resources into typed tables: one for each used type, with the projected fields and nothing else.

DuckDB parses the text with an explicit type for each resource (`fhir.structure`), which is also the allow-list.
"""

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from raretriage.fhir import USED_TYPES, structure
from raretriage.ingest.lines import BATCH_BYTES, BATCH_LINES, BadLine
from raretriage.ingest.problems import Place
from raretriage.ingest.reading import Reading
from raretriage.ingest.tally import type_name

_TEXTS = pa.schema([pa.field("file", pa.int32()), pa.field("line", pa.int64()), pa.field("text", pa.string())])

# TRY: a malformed text is null here, where the JSON functions would end the whole statement.
_SORTING = """
    SELECT TRY(json_type(text)) AS shape, TRY(json_extract_string(text, '$.resourceType')) AS type
    FROM incoming ORDER BY file, line
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


@dataclass(slots=True)
class Staging:
    """Collects texts, in the order of their places, until a batch is full. Call `flush` at the end."""

    reading: Reading
    _places: list[Place] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _held: int = 0

    def __post_init__(self) -> None:
        for resource_type in USED_TYPES:
            projecting = _PROJECTING.format(structure=structure(resource_type))
            self.reading.engine.run(f"CREATE TABLE {table_of(resource_type)} AS {projecting}", _TEXTS.empty_table())

    def add(self, place: Place, text: str) -> None:
        self._places.append(place)
        self._texts.append(text)
        self._held += len(text)
        if self._held >= BATCH_BYTES or len(self._texts) >= BATCH_LINES:
            self.flush()

    def flush(self) -> None:
        """Sort what is held by resource type, count all of it, and project what is used."""
        if self._texts:
            files, numbers = zip(*self._places, strict=True)
            columns = [pa.array(files, pa.int32()), pa.array(numbers, pa.int64()), pa.array(self._texts, pa.string())]
            _count_and_project(self.reading, pa.Table.from_arrays(columns, schema=_TEXTS))
        self.reading.done(len(self._texts))
        self._places, self._texts, self._held = [], [], 0


def _count_and_project(reading: Reading, texts: pa.Table) -> None:
    sorted_ = reading.engine.run(_SORTING, texts)
    shape, types = sorted_["shape"], sorted_["type"]
    is_object = pc.fill_null(pc.equal(shape, "OBJECT"), fill_value=False)
    _refuse(reading, texts.filter(pc.is_null(shape)), "malformed_json")
    _refuse(reading, texts.filter(pc.and_(pc.is_valid(shape), pc.invert(is_object))), "not_an_object")
    for counted in types.filter(is_object).value_counts().to_pylist():
        _count(reading, counted["values"], counted["counts"])
    for resource_type in USED_TYPES:
        mine = texts.filter(pc.and_(is_object, pc.fill_null(pc.equal(types, resource_type), fill_value=False)))
        if len(mine):
            projecting = _PROJECTING.format(structure=structure(resource_type))
            reading.engine.run(f"INSERT INTO {table_of(resource_type)} {projecting}", mine)


def _count(reading: Reading, stated: str | None, count: int) -> None:
    name = type_name(stated)
    if name in USED_TYPES:
        reading.tally.read[name] += count
    else:
        reading.tally.leave(name, "no resource type" if stated is None else "resource type not used", count)


def _refuse(reading: Reading, texts: pa.Table, rule: str) -> None:
    for row in texts.to_pylist():
        reading.refuse(row["file"], BadLine(row["line"], rule, row["text"].encode()))
