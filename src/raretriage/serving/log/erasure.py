"""What was logged of one patient, erased by order: content and salt become null, the chain still verifies.

A line's hash covers a salted commitment to its content. With the salt gone nobody can test a guess against it, so what
stays is a tombstone: that there was an answer, when, and by which model. What clinicians said of an erased answer goes
with it. Nothing else ever rewrites a closed day or a part in the bucket.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from raretriage.bucket import Environment, log_copy_key
from raretriage.serving.log.chain import Json
from raretriage.serving.log.files import held, log_files
from raretriage.serving.log.shipping import parts_in
from raretriage.storage import Bucket, sync_folder

IsMeant = Callable[[dict[str, Json]], bool]


@dataclass(frozen=True, slots=True)
class Erased:
    """Lines that lost their content now; those that had lost it before are not counted."""

    here: int
    in_bucket: int


def erase(
    folder: Path, bucket: Bucket, environment: Environment, *, subjects: Iterable[str] = (), ids: Iterable[str] = ()
) -> Erased:
    """Erase what is logged of patients, on this disk and in the bucket. Doing it again finishes what was cut off.

    Args:
        subjects: pseudonyms of patients, as the log has them.
        ids: single answers.

    Raises:
        LogBusy: a service has the log; its current day cannot be rewritten under it.
        StorageError: the bucket is away. What is on this disk is erased already; call again.
    """
    with held(folder, environment):
        files = log_files(folder, environment)
        parts = parts_in(bucket, environment)
        stored = {part.key: bucket.get(part.key) for part in parts}
        is_meant = _meant(
            (line for content in (*(f.read_bytes() for f in files), *stored.values()) for line in content.splitlines()),
            frozenset(subjects),
            frozenset(ids),
        )
        here = sum(_rewrite(path, is_meant) for path in files)
        in_bucket = 0
        for key, content in stored.items():
            stored[key], count = _without(content, is_meant)
            if count:
                bucket.put(key, stored[key])
            in_bucket += count
        if in_bucket:
            newest = [stored[part.key] for part in parts if part.day == parts[-1].day]
            bucket.put(log_copy_key(environment), b"".join(newest))
    return Erased(here, in_bucket)


def _meant(lines: Iterable[bytes], subjects: frozenset[str], ids: frozenset[str]) -> IsMeant:
    """What tells the lines to erase: of these patients, of these ids, and what was said of either."""
    answers = set(ids)
    for line in lines:
        record = orjson.loads(line)
        told = (record["content"] or {}).get("input")
        if isinstance(told, dict) and told.get("patient_id") in subjects:
            answers.add(record["id"])

    def is_meant(record: dict[str, Json]) -> bool:
        content = record["content"]
        if not isinstance(content, dict):
            return False
        said = content.get("feedback")
        return record["id"] in answers or (isinstance(said, dict) and said.get("prediction_id") in answers)

    return is_meant


def _without(content: bytes, is_meant: IsMeant) -> tuple[bytes, int]:
    """The lines, some without content and salt, and how many these are; all others keep their bytes."""
    lines, count = [], 0
    for line in content.splitlines():
        record = orjson.loads(line)
        if is_meant(record):
            line = orjson.dumps(record | {"content": None, "salt": None})  # noqa: PLW2901 - the line, erased
            count += 1
        lines.append(line + b"\n")
    return b"".join(lines), count


def _rewrite(path: Path, is_meant: IsMeant) -> int:
    """Put an erased copy in a file's place, whole or not at all."""
    content, count = _without(path.read_bytes(), is_meant)
    if not count:
        return 0
    new = path.with_name(path.name + ".erasing")
    with new.open("wb") as file:
        os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)
    return count
