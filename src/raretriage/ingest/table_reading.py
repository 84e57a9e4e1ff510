"""CSV rows as encounters. A cell that cannot be read sends its row to quarantine, with every bad cell named.

`phenotypes` holds HPO ids joined by `;`, a `!` before an excluded one, `@` and days before the encounter after one
whose onset is known: `HP:0001250@3;!HP:0001945`. Without an `encounter_id` column a row is known by its place in the
file; without `patient_id` every row is a patient of its own.
"""

import csv
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from itertools import islice

from raretriage.domain import RANGES, STATUS_LABELS, Sex, State, VisitType
from raretriage.fhir import Terms, canonical_system
from raretriage.ingest.columns import column_names, delimiter_of, split_header
from raretriage.ingest.lines import lines
from raretriage.ingest.problems import Place
from raretriage.ingest.reading import Reading
from raretriage.ingest.rows import append_rows, create_rows
from raretriage.ingest.source import Source
from raretriage.privacy import code_may_pass

RECORD_TYPE = "csv row"
_BATCH = 5_000

_YES = frozenset({"true", "1", "yes", "y", "si", "sí"})
_NO = frozenset({"false", "0", "no", "n"})
_SEXES = {"f": "female", "m": "male", **{str(sex): str(sex) for sex in Sex}}
_STATES = {
    **{str(state): str(state) for state in State},
    **{label.lower(): str(s) for s, label in STATUS_LABELS.items()},
}
_ROW_NAMES = {"region": "admin_area", "site": "raw_site", "label_date": "raw_label_date"}


class _BadCell(Exception):
    """A cell that cannot be read, by rule. Never leaves this module."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def read_table(source: Source, reading: Reading, terms: Terms) -> None:
    """Read all CSV files of a source into the engine's table of rows."""
    create_rows(reading.engine)
    for part in source.parts:
        number = reading.begin(part)
        _read_file(reading, number, _texts(reading, number, reading.text(part, number)), terms)


def _texts(reading: Reading, number: int, pieces: Iterator[bytes]) -> Iterator[tuple[int, str]]:
    """(line number, line), without those that are no text: they are refused on the way."""
    for batch in lines(pieces):
        for bad in batch.bad:
            reading.refuse(number, bad)
        yield from zip(batch.numbers, batch.texts, strict=True)


def _read_file(reading: Reading, number: int, texts: Iterator[tuple[int, str]], terms: Terms) -> None:
    _, header = next(texts, (0, ""))
    delimiter = delimiter_of(header)
    names = [column_names().get(cell) for cell in split_header(header)]
    reading.tally.unread_columns += names.count(None)
    while batch := list(islice(texts, _BATCH)):
        rows = (_row(reading, (number, line), names, _cells(text, delimiter), terms) for line, text in batch)
        append_rows(reading.engine, [row for row in rows if row is not None])
        reading.tally.read[RECORD_TYPE] += len(batch)
        reading.done(len(batch))


def _cells(text: str, delimiter: str) -> list[str]:
    """The cells of one line; none where a quote is not closed.

    One row is one line. A cell that goes on over line ends would let one stray quote swallow the rows after it.
    """
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _row(
    reading: Reading, place: Place, names: list[str | None], cells: list[str], terms: Terms
) -> dict[str, object] | None:
    if len(cells) != len(names):
        reading.problems.add(place, "wrong_columns", resource_type=RECORD_TYPE)
        return None
    given = {name: cell.strip() for name, cell in zip(names, cells, strict=True) if name is not None}
    row: dict[str, object] = {"file": place[0], "line": place[1], "pregnant": "unknown", "phenotypes": []}
    faults: list[tuple[str, str, str]] = []
    for name, cell in given.items():
        try:
            value = _read_cell(name, cell, terms)
        except _BadCell as bad:
            faults.append((bad.rule, name, cell))
            continue
        if value is not None:
            row[_ROW_NAMES.get(name, name)] = value
    own_place = f"{reading.files[place[0]]}#{place[1]}"
    row["raw_encounter_id"] = given.get("encounter_id", own_place)
    row["raw_patient_id"] = given.get("patient_id", row["raw_encounter_id"])
    faults += [("missing_id", name, "") for name in ("encounter_id", "patient_id") if given.get(name) == ""]
    faults += _diagnosis_faults(row)
    for order, (rule, name, cell) in enumerate(faults):
        reading.problems.add(place, rule, resource_type=RECORD_TYPE, field=name, value=cell, records=int(order == 0))
    if faults:
        return None
    if row.get("rare") is not None or row.get("state") is not None:
        row["label_source"] = "coded"
    return {name: value for name, value in row.items() if name not in ("encounter_id", "patient_id")}


def _diagnosis_faults(row: dict[str, object]) -> list[tuple[str, str, str]]:
    system, code = row.get("diagnosis_system"), row.get("diagnosis_code")
    if code is None:
        row.pop("diagnosis_system", None)
        return []
    if isinstance(system, str) and isinstance(code, str) and code_may_pass(system, code):
        return []
    return [("unknown_code", "diagnosis_code", str(code))]


def _read_cell(name: str, cell: str, terms: Terms) -> object:
    """The cell's value, None where it is empty. Raises _BadCell."""
    if not cell:
        return None
    if name in RANGES:
        return _number(cell)
    if name in _READERS:
        return _READERS[name](cell)
    return _findings(cell, terms) if name == "phenotypes" else cell


def _number(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise _BadCell("not_a_number") from None
    if not math.isfinite(value):
        raise _BadCell("not_a_number")
    return value


def _date(cell: str) -> date:
    try:
        return date.fromisoformat(cell[:10])
    except ValueError:
        raise _BadCell("not_a_date") from None


def _boolean(cell: str) -> bool:
    low = cell.lower()
    if low not in _YES | _NO:
        raise _BadCell("not_a_boolean")
    return low in _YES


def _pregnancy(cell: str) -> str:
    low = cell.lower()
    return "unknown" if low == "unknown" else ("yes" if _boolean(low) else "no")


def _one_of(words: Mapping[str, str]) -> Callable[[str], str | None]:
    def read(cell: str) -> str | None:
        low = cell.lower()
        if low == "unknown":
            return None
        if low not in words:
            raise _BadCell("unknown_code")
        return words[low]

    return read


_READERS: dict[str, Callable[[str], object]] = {
    "birth_date": _date,
    "encounter_date": _date,
    "label_date": _date,
    "rare": _boolean,
    "pregnant": _pregnancy,
    "sex": _one_of(_SEXES),
    "visit_type": _one_of({str(visit): str(visit) for visit in VisitType}),
    "state": _one_of(_STATES),
    "diagnosis_system": canonical_system,
}


def _findings(cell: str, terms: Terms) -> list[dict[str, object]]:
    """The findings sorted by id; one that is observed and excluded at once is a contradiction."""
    found: dict[str, dict[str, object]] = {}
    for item in filter(None, (part.strip() for part in cell.split(";"))):
        stated, at, onset = item.removeprefix("!").partition("@")
        hpo_id = terms.find(stated.strip())
        if hpo_id is None:
            raise _BadCell("unknown_hpo_id")
        if not terms.is_finding(hpo_id):
            raise _BadCell("not_a_finding")
        status = "excluded" if item.startswith("!") else "observed"
        if found.get(hpo_id, {}).get("status", status) != status:
            raise _BadCell("unknown_code")
        found[hpo_id] = {"hpo_id": hpo_id, "status": status, "onset_days": _number(onset) if at else None}
    return [found[hpo_id] for hpo_id in sorted(found)]
