"""From the pseudonyms of one keyring to those of the next, without the raw ids.

Row by row, `rekey_batch(deidentify(rows, old), old, new)` equals `deidentify(rows, new)`. A rotation that was killed
half-way is simply run again: rows that carry the new key id already pass as they are.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from raretriage.domain import Pseudonym
from raretriage.privacy.batch import each_distinct, with_row_hashes
from raretriage.privacy.errors import RotationMismatch, SchemaMismatch
from raretriage.privacy.keyring import Keyring, Kind, find_kind
from raretriage.privacy.schemas import ENCOUNTERS
from raretriage.privacy.sources import rekey_source


def rekey_batch(batch: pa.RecordBatch, old: Keyring, new: Keyring) -> pa.RecordBatch:
    """Re-key de-identified rows.

    Args:
        batch: the columns of `ENCOUNTERS`, with or without provenance, in any order.
        old: the keyring that made the pseudonyms.
        new: `old.rotated()`.

    Returns:
        The same columns; pseudonyms, dates, source files, key ids and row hashes are those of `new`. The quarter,
        taken before any shift, and the clinical content stay.

    Raises:
        RotationMismatch: `new` is not one rotation after `old`, or a row carries another key id than these two.
        SchemaMismatch: a column of `ENCOUNTERS` is missing.
    """
    new.require_successor_of(old)
    missing = sorted(set(ENCOUNTERS.names) - set(batch.schema.names))
    if missing:
        raise SchemaMismatch(f"batch to re-key: missing columns {', '.join(missing)}")
    is_old = pc.equal(batch["key_id"], old.key_id)
    _require_two_keys(batch["key_id"], old, new)
    moves = pa.array(_moves(batch["patient_id"], old, new))
    renewed = {
        "patient_id": each_distinct(batch["patient_id"], lambda name: new.rekey(Kind.PATIENT, name)),
        "encounter_id": each_distinct(batch["encounter_id"], lambda name: new.rekey(Kind.ENCOUNTER, name)),
        "site": each_distinct(batch["site"], lambda name: new.rekey(Kind.SITE, name)),
        "encounter_date": _moved(batch["encounter_date"], moves),
        "label_date": _moved(batch["label_date"], moves),
        "key_id": pa.repeat(pa.scalar(new.key_id, pa.string()), len(batch)),
    }
    if "source_file" in batch.schema.names:
        renewed["source_file"] = each_distinct(batch["source_file"], lambda name: rekey_source(name, new))
    columns = [
        pc.if_else(is_old, renewed[name], batch[name]) if name in renewed else batch[name]
        for name in batch.schema.names
    ]
    return with_row_hashes(pa.RecordBatch.from_arrays(columns, schema=batch.schema))


def rekey_names(batch: pa.RecordBatch, new: Keyring) -> pa.RecordBatch:
    """Re-key whatever has the form of a pseudonym, a digest or a safe file name in the text columns of any table.

    For tables without key ids, such as the quarantine. Unlike `rekey_batch` it cannot tell old names from new ones:
    it must run exactly once over a table for one rotation.
    """
    columns = [
        each_distinct(column, lambda text: _rekeyed_name(text, new)) if pa.types.is_string(column.type) else column
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _rekeyed_name(text: str, new: Keyring) -> str:
    kind = find_kind(text)
    return rekey_source(text, new) if kind is None else new.rekey(kind, text)


def _require_two_keys(key_ids: pa.StringArray, old: Keyring, new: Keyring) -> None:
    strangers = set(pc.unique(key_ids).to_pylist()) - {old.key_id, new.key_id}
    if strangers:
        raise RotationMismatch(
            f"rows carry key ids {', '.join(sorted(map(str, strangers)))}; expected {old.key_id} or {new.key_id}. "
            "Rotate with the keyring that made them first"
        )


def _moves(patients: pa.StringArray, old: Keyring, new: Keyring) -> npt.NDArray[np.int32]:
    """Days from the old shifted date to the new one, once a patient."""
    encoded = patients.dictionary_encode()
    moves = [
        new.shift_days(new.rekey(Kind.PATIENT, name)) - old.shift_days(Pseudonym(name))
        for name in encoded.dictionary.to_pylist()
    ]
    by_patient = np.array(moves, dtype=np.int32)
    return by_patient[np.asarray(encoded.indices, dtype=np.int64)]


def _moved(dates: pa.Date32Array, moves: pa.Int32Array) -> pa.Date32Array:
    # Rows of the new keyring get a move that is not theirs and is not taken: it must not leave the calendar's type.
    return pc.add(dates.cast(pa.int32()), moves).cast(pa.date32())
