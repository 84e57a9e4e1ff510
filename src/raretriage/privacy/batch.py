"""From an identified batch to one that may land: the lake's way through de-identification.

What happens to each column is written beside it in `deidentify`. A value that may not pass is never passed as it is:

- a closed set (sex, visit_type, state, ...) and an HPO id become `NOT_ALLOWED`, so that validation quarantines the
  row by its rule without showing what stood there
- a diagnosis that is not a code of a listed system becomes null, and a log line counts it
- ages that cannot be become 121 or stay negative (`raretriage.privacy.dates`): visible to validation too

The result is pseudonymised, not anonymous.
"""

import logging
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from raretriage.domain import (
    HPO_ID_PATTERN,
    FindingStatus,
    LabelSource,
    Pregnancy,
    Pseudonym,
    Sex,
    State,
    VisitType,
)
from raretriage.privacy.allow import code_may_pass
from raretriage.privacy.canonical import row_hashes, sort_findings
from raretriage.privacy.dates import Days, ages_between, coarsen_ages
from raretriage.privacy.errors import SchemaMismatch
from raretriage.privacy.keyring import Keyring, Kind
from raretriage.privacy.regions import region_of
from raretriage.privacy.schemas import ENCOUNTERS, IDENTIFIED, PROVENANCE
from raretriage.privacy.scrub import Scrubber
from raretriage.privacy.sources import safe_source

_log = logging.getLogger(__name__)

DEIDENTIFIED = pa.schema([*ENCOUNTERS, *PROVENANCE])
"""What `deidentify` yields: the encounter, and where its row came from."""

NOT_ALLOWED = "[NOT ALLOWED]"
"""Stands where a value was that is in no closed set; no validation rule accepts it."""

_CLOSED_SETS = {
    "sex": Sex,
    "pregnant": Pregnancy,
    "visit_type": VisitType,
    "state": State,
    "label_source": LabelSource,
}

# Days since 1970-01-01 of 0002-01-01 and 9998-12-31. A date beyond is an error of the source that validation
# quarantines; held inside, no shift can carry it out of the calendar and the shift can be undone.
_FIRST_DAY, _LAST_DAY = -718_797, 2_932_531


def deidentify(
    batch: pa.RecordBatch, *, keyring: Keyring, scrubber: Scrubber | None = None, keep_complaint: bool = False
) -> pa.RecordBatch:
    """De-identify encounters; pure, and the same bits for the same input and keys.

    Args:
        batch: schema `IDENTIFIED`, n rows, columns in any order.
        keyring: makes the pseudonyms, the date shifts and the names of source files.
        scrubber: for the complaint; one without known names by default.
        keep_complaint: off by default, because scrubbing finds most identifiers and not all.

    Returns:
        Schema `DEIDENTIFIED`, n rows in the same order.

    Raises:
        SchemaMismatch: a column is missing or of another type, or an id is empty.
    """
    rows = _conform(batch)
    patients, shifts = _patients(rows["raw_patient_id"], keyring)
    encounter_days = _days(rows["encounter_date"])
    systems, codes = _diagnoses(rows["diagnosis_system"], rows["diagnosis_code"])
    columns = {
        **{name: rows[name] for name in IDENTIFIED.names if name in DEIDENTIFIED.names},
        **{name: _closed(rows[name], {str(value) for value in values}) for name, values in _CLOSED_SETS.items()},
        "encounter_id": each_distinct(rows["raw_encounter_id"], lambda raw: keyring.pseudonym(Kind.ENCOUNTER, raw)),
        "patient_id": patients,
        "encounter_date": _shifted(encounter_days, shifts),
        "period": _periods(encounter_days),
        "age_years": _ages(rows["birth_date"], encounter_days, rows["age_years"]),
        "site": each_distinct(rows["raw_site"], lambda raw: keyring.pseudonym(Kind.SITE, raw) if raw else None),
        "region": _regions(rows),
        "phenotypes": sort_findings(_vetted_findings(rows["phenotypes"])),
        "complaint": _complaints(rows["complaint"], scrubber or Scrubber(), keep=keep_complaint),
        "diagnosis_system": systems,
        "diagnosis_code": codes,
        "label_date": _shifted(_days(rows["raw_label_date"]), shifts),
        "source_file": each_distinct(rows["source_file"], lambda name: safe_source(name, keyring)),
        "key_id": pa.repeat(pa.scalar(keyring.key_id, pa.string()), len(batch)),
        "row_hash": pa.repeat(pa.scalar("", pa.string()), len(batch)),
    }
    result = pa.RecordBatch.from_arrays([columns[name] for name in DEIDENTIFIED.names], schema=DEIDENTIFIED)
    return with_row_hashes(result)


def with_row_hashes(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with `row_hash` computed anew from its content."""
    place = batch.schema.get_field_index("row_hash")
    return batch.set_column(place, batch.schema.field(place), row_hashes(batch))


def each_distinct(column: pa.StringArray, treat: Callable[[str], Pseudonym | str | None]) -> pa.StringArray:
    """Treat every distinct value of a column once; null stays null."""
    encoded = column.dictionary_encode()
    treated = pa.array([treat(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return treated.take(encoded.indices)


def _conform(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch in the exact schema: engines deliver other column orders and nullability."""
    missing = sorted(set(IDENTIFIED.names) - set(batch.schema.names))
    if missing:
        raise SchemaMismatch(f"identified batch: missing columns {', '.join(missing)}")
    columns = []
    for field in IDENTIFIED:
        try:
            column = batch[field.name].cast(field.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            # `from None`: Arrow's message quotes the value that it could not cast.
            raise SchemaMismatch(
                f"identified batch: column {field.name} is {batch[field.name].type}, expected {field.type}"
            ) from None
        if column.null_count and not field.nullable:
            raise SchemaMismatch(f"identified batch: column {field.name} has {column.null_count} nulls, expected none")
        columns.append(column)
    rows = pa.RecordBatch.from_arrays(columns, schema=IDENTIFIED)
    for name in ("raw_encounter_id", "raw_patient_id"):
        if empty := pc.sum(pc.equal(rows[name], "")).as_py():
            raise SchemaMismatch(f"identified batch: {name} is empty in {empty} rows; quarantine records without id")
    return rows


def _patients(raw: pa.StringArray, keyring: Keyring) -> tuple[pa.StringArray, Days]:
    """Pseudonyms and shifts in days, both computed once a patient."""
    encoded = raw.dictionary_encode()
    names = [keyring.pseudonym(Kind.PATIENT, value) for value in encoded.dictionary.to_pylist()]
    shifts = np.array([keyring.shift_days(name) for name in names], dtype=np.int64)
    places = encoded.indices.to_numpy(zero_copy_only=False)
    return pa.array(names, pa.string()).take(encoded.indices), shifts[places]


def _days(dates: pa.Date32Array) -> pa.Int64Array:
    days = dates.cast(pa.int32()).cast(pa.int64())
    return pc.max_element_wise(pc.min_element_wise(days, _LAST_DAY, skip_nulls=False), _FIRST_DAY, skip_nulls=False)


def _shifted(days: pa.Int64Array, shifts: Days) -> pa.Date32Array:
    return pc.add(days, pa.array(shifts)).cast(pa.int32()).cast(pa.date32())


def _periods(days: pa.Int64Array) -> pa.StringArray:
    dates = days.cast(pa.int32()).cast(pa.date32())
    years = pc.utf8_lpad(pc.year(dates).cast(pa.string()), 4, "0")
    return pc.binary_join_element_wise(years, pc.quarter(dates).cast(pa.string()), "Q", null_handling="emit_null")


def _ages(births: pa.Date32Array, encounter_days: pa.Int64Array, given: pa.DoubleArray) -> pa.DoubleArray:
    """From the dates where both are there, else the age that the source gives."""
    birth_days = _days(births)
    known = pc.and_(birth_days.is_valid(), encounter_days.is_valid())
    computed = ages_between(_filled(birth_days), _filled(encounter_days))
    from_source = coarsen_ages(pc.fill_null(given, np.nan).to_numpy(zero_copy_only=False))
    return pc.if_else(
        known, pa.array(computed), pa.array(from_source, mask=given.is_null().to_numpy(zero_copy_only=False))
    )


def _filled(days: pa.Int64Array) -> Days:
    return np.asarray(pc.fill_null(days, 0), dtype=np.int64)


def _regions(rows: pa.RecordBatch) -> pa.StringArray:
    places = zip(*(rows[name].to_pylist() for name in ("postcode", "admin_area", "country")), strict=True)
    known: dict[tuple[str | None, ...], str | None] = {}
    regions = []
    for place in places:
        if place not in known:
            postcode, area, country = place
            known[place] = region_of(postcode=postcode, admin_area=area, country=country)
        regions.append(known[place])
    return pa.array(regions, pa.string())


def _closed(column: pa.StringArray, allowed: set[str]) -> pa.StringArray:
    stranger = pc.and_(column.is_valid(), pc.invert(pc.is_in(column, pa.array(sorted(allowed)))))
    return pc.if_else(stranger, NOT_ALLOWED, column)


def _vetted_findings(findings: pa.ListArray) -> pa.ListArray:
    flat = findings.flatten()
    ids, statuses, onsets = flat.flatten()
    ids = pc.if_else(pc.match_substring_regex(ids, HPO_ID_PATTERN), ids, NOT_ALLOWED)
    statuses = _closed(statuses, {str(status) for status in FindingStatus})
    vetted = pa.StructArray.from_arrays([ids, statuses, onsets], fields=list(flat.type))
    lengths = pc.list_value_length(findings).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int32())
    return pa.ListArray.from_arrays(offsets, vetted, type=findings.type)


def _diagnoses(systems: pa.StringArray, codes: pa.StringArray) -> tuple[pa.StringArray, pa.StringArray]:
    pairs = list(zip(systems.to_pylist(), codes.to_pylist(), strict=True))
    may_pass = {pair: code_may_pass(*pair) for pair in set(pairs)}
    passed = pa.array([may_pass[pair] for pair in pairs], pa.bool_())
    if dropped := sum(1 for pair in pairs if pair != (None, None) and not may_pass[pair]):
        _log.warning("privacy.diagnosis_dropped reason='no code of a listed system' count=%d", dropped)
    nothing = pa.scalar(None, pa.string())
    return pc.if_else(passed, systems, nothing), pc.if_else(passed, codes, nothing)


def _complaints(complaints: pa.StringArray, scrubber: Scrubber, *, keep: bool) -> pa.StringArray:
    if not keep:
        return pa.nulls(len(complaints), pa.string())
    return each_distinct(complaints, scrubber.scrub)
