"""When are two encounters the same: a hash of the content that no version of a library can change.

A row's canonical text is `name=value;` for every column that is not null, in the order of the schema: a column
that is added later and empty changes no old hash. Strings carry their length in bytes, so no text can imitate a
separator; floats are the integer of their IEEE 754 bits, so no printing routine is involved; findings are sorted.
"""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from raretriage.privacy.dates import Days

NOT_CONTENT = frozenset({"row_hash", "key_id", "source_file", "source_line", "records"})
"""The hash names what is known of the visit, not where it was read nor with which keys."""


def sort_findings(findings: pa.ListArray) -> pa.ListArray:
    """The same lists with their findings in canonical order: their order means nothing, and sources differ in it."""
    flat = findings.flatten()
    parents = pc.list_parent_indices(findings)
    order = pc.sort_indices(
        pa.table({"parent": parents, "text": _finding_texts(flat)}),
        sort_keys=[("parent", "ascending"), ("text", "ascending")],
    )
    offsets = pa.array(_offsets(findings), pa.int32())
    return pa.ListArray.from_arrays(offsets, flat.take(order), type=findings.type)


def row_hashes(batch: pa.RecordBatch) -> pa.StringArray:
    """SHA-256, 64 hexadecimal digits, of every row's content; shape (n,)."""
    columns = [
        _named(name, _texts(column))
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
        if name not in NOT_CONTENT
    ]
    rows = pc.binary_join_element_wise(*columns, "", null_handling="skip")
    return pa.array([hashlib.sha256(row).hexdigest() for row in rows.cast(pa.binary()).to_pylist()], pa.string())


def _named(name: str, texts: pa.StringArray) -> pa.StringArray:
    # A null stays null under emit_null, and the join of the row then skips it.
    return pc.binary_join_element_wise(f"{name}=", texts, ";", "", null_handling="emit_null")


def _texts(column: pa.Array) -> pa.StringArray:
    kind = column.type
    if pa.types.is_string(kind):
        lengths = pc.binary_length(column).cast(pa.string())
        return pc.binary_join_element_wise(lengths, column, ":", null_handling="emit_null")
    if pa.types.is_float64(kind):
        return _float_bits(column).cast(pa.string())
    if pa.types.is_date32(kind):
        return column.cast(pa.int32()).cast(pa.string())
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return column.cast(pa.string())
    if pa.types.is_list(kind):
        offsets = pa.array(_offsets(column), pa.int32())
        return pc.binary_join(pa.ListArray.from_arrays(offsets, _finding_texts(column.flatten())), ",")
    raise TypeError(f"no canonical text for columns of type {kind}; give it one in canonical.py")


def _finding_texts(findings: pa.StructArray) -> pa.StringArray:
    fields = [
        _named(field.name, _texts(column)) for field, column in zip(findings.type, findings.flatten(), strict=True)
    ]
    return pc.binary_join_element_wise(*fields, "", null_handling="skip")


def _float_bits(column: pa.DoubleArray) -> pa.Int64Array:
    values = pc.fill_null(column, 0.0).to_numpy(zero_copy_only=False)
    # One zero and one not-a-number: equal content must have equal bits.
    plain = np.where(np.isnan(values), np.nan, values + 0.0)
    return pa.array(plain.view(np.int64), pa.int64(), mask=column.is_null().to_numpy(zero_copy_only=False))


def _offsets(lists: pa.ListArray) -> Days:
    """Offsets into the flattened child, starting at 0 even where the batch is a slice of a longer one."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
