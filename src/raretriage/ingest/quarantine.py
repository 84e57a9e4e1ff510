"""The quarantine table: what was refused, where it stands in its source, by which rule, and how to repair it.

A record refused by several rules has a row for each. `records` adds up to the number of quarantined input records: it
is 1 plus what the record carried with it on one of its rows and 0 on the others, and 0 on a row for a part that was
set aside while the rest of the record landed.
"""

import re
from collections.abc import Iterator, Sequence

import pyarrow as pa

from raretriage.ingest.rules import message
from raretriage.privacy import Keyring

QUARANTINE = pa.schema(
    [
        pa.field("quarantine_id", pa.string(), nullable=False),  # keyed hash of file content, line, rule and field
        pa.field("source_file", pa.string(), nullable=False),
        pa.field("source_line", pa.int64(), nullable=False),
        pa.field("resource_type", pa.string()),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("field", pa.string()),
        pa.field("value", pa.string()),  # de-identified: a number, a code, or a keyed digest
        pa.field("records", pa.int64(), nullable=False),
        pa.field("message", pa.string(), nullable=False),
    ]
)

# A measured value is short; a longer number may be a telephone or record number.
_NUMBER = re.compile(r"[+-]?\d{1,4}(?:\.\d{1,6})?(?:[eE][+-]?\d{1,3})?|[+-]?(?:nan|NaN|inf|Infinity)")
_HPO_ID = re.compile(r"HP:\d{7}")
_DIGEST = re.compile(r"(?:line|e|p)-[0-9a-f]{32}")


def safe_value(value: str | None, keyring: Keyring) -> str | None:
    """What of a refused value may be kept: a short number, an HPO id, or else its keyed digest.

    Whatever stands in a field by mistake, such as a name where a number belongs, is not shown.
    """
    if value is None or value == "":
        return None
    if _NUMBER.fullmatch(value) or _HPO_ID.fullmatch(value) or _DIGEST.fullmatch(value):
        return value
    return keyring.digest(value.encode("utf-8", "surrogatepass"))


def quarantine_rows(
    faults: pa.RecordBatch,
    *,
    files: Sequence[str],
    contents: Sequence[str],
    keyring: Keyring,
) -> pa.RecordBatch:
    """Faults (columns of `problems.PROBLEMS`) as rows of `QUARANTINE`.

    Args:
        files: safe names by file number. contents: SHA-256 of each file's bytes, so that the same line of another
            export is another row and re-ingesting the same export is not.
    """
    return pa.RecordBatch.from_pylist(list(_rows(faults, files, contents, keyring)), schema=QUARANTINE)


def _rows(
    faults: pa.RecordBatch, files: Sequence[str], contents: Sequence[str], keyring: Keyring
) -> Iterator[dict[str, object]]:
    for fault in faults.to_pylist():
        file, line = fault["file"], fault["line"]
        identity = "\0".join((files[file], contents[file], str(line), fault["rule"], fault["field"] or ""))
        yield {
            "quarantine_id": keyring.digest(identity.encode()),
            "source_file": files[file],
            "source_line": line,
            "resource_type": fault["resource_type"],
            "rule": fault["rule"],
            "field": fault["field"],
            "value": safe_value(fault["value"], keyring),
            "records": fault["records"],
            "message": message(fault["rule"], fault["field"]),
        }
