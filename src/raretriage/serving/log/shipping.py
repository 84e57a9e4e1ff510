"""The prediction log on its way to the bucket: numbered parts, each created once, and a copy of the current day.

A part is named by its first and last line and by the hash of the last:
`000000000001-000000000040-<12 digits>.jsonl`. So what has arrived is read from the bucket's own listing, a crash
between writing a part and knowing it costs nothing, and the parts of two logs that went apart never overwrite
each other.
"""

import fcntl
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from raretriage.bucket import Environment, log_copy_key, log_part_key
from raretriage.serving.errors import BrokenChain, ShippingConflict
from raretriage.serving.log.chain import Head, head_of
from raretriage.serving.log.files import shipped_file
from raretriage.serving.log.predictions import PredictionLog
from raretriage.storage import AlreadyExists, Bucket, StorageError, probe_put_if_absent

PART_BYTES = 1 << 20
_HASH_DIGITS = 12
_PART = re.compile(r"^logs/(?:dev|prod)/(\d{4}-\d\d-\d\d)/(\d{12})-(\d{12})-([0-9a-f]{12})\.jsonl$")

COPY_SHARE = 10
"""Rebuilding the day's copy takes at most one in so many parts of the shipper's time, however long the day gets."""


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One part in the bucket, by its key."""

    day: str
    first: int
    last: int
    hash_start: str
    key: str = field(compare=False)


def parts_in(bucket: Bucket, environment: Environment, day: str | None = None) -> list[Part]:
    """The parts of an environment's log, or of one day of it, in the order of their lines."""
    prefix = f"logs/{environment}/{day}/" if day else f"logs/{environment}/"
    found = ((key, _PART.match(key)) for key in bucket.list(prefix))
    return sorted(Part(m[1], int(m[2]), int(m[3]), m[4], key) for key, m in found if m)


def head_in(bucket: Bucket, environment: Environment) -> Head | None:
    """The last line that arrived: where a service whose own disk is new goes on. None for an empty bucket."""
    parts = parts_in(bucket, environment)
    if not parts:
        return None
    newest = max(parts, key=lambda part: part.last)
    return head_of(bucket.get(newest.key).splitlines()[-1])


FINAL_WAIT_S = 5.0
"""How long a worker that stops waits for another to let go of the duty."""


class ShippingDuty:
    """Which of the workers of a log sends it: one at a time, until it stops or dies. The others read how far it is."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self.is_mine = False

    def take(self) -> bool:
        """False where another worker has it."""
        if not self.is_mine:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self.is_mine = True
        return True

    def note(self, seq: int) -> None:
        """The number of the last line that arrived."""
        os.pwrite(self._descriptor, f"{seq:020d}".encode(), 0)

    @property
    def noted(self) -> int:
        return int(os.pread(self._descriptor, 20, 0) or 0)

    def close(self) -> None:
        os.close(self._descriptor)


class LogShipper:
    """Sends what is durable and not yet in the bucket. One thread at a time; of several workers' shippers, one."""

    def __init__(
        self,
        log: PredictionLog,
        bucket: Bucket,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._log = log
        self._bucket = bucket
        self._monotonic = monotonic
        self._part_bytes = part_bytes
        self._is_probed = False
        self._duty = ShippingDuty(shipped_file(log.folder, log.environment))
        self._place: tuple[str, int] | None = None
        self._copy_due = 0.0
        self._is_copy_stale = False

    @property
    def unshipped(self) -> int:
        """Lines that are durable here and not known to be in the bucket. Raises LogUnavailable."""
        return max(0, self._log.head.seq - self._duty.noted)

    def ship(self, *, final: bool = False) -> int:
        """Send everything that is new and, when it is due or `final`, rebuild the day's copy.

        Returns:
            The number of lines sent; 0 where another worker sends them.

        Raises:
            StorageError: the bucket is away (`Unsafe`: it overwrites silently and is not used); call again later.
            ShippingConflict: a part is there with other content.
        """
        if not self._duty.take() and not (final and self._wait_for_duty()):
            return 0
        if not self._is_probed:
            probe_put_if_absent(self._bucket)
            self._is_probed = True
        if not self._log.days():
            return 0
        if self._place is None:
            self._place, shipped_seq = self._find_place()
            self._duty.note(shipped_seq)
            self._is_copy_stale = True
        sent = sum(self._send(day, data) for day, data in self._new_lines())
        self._is_copy_stale = self._is_copy_stale or sent > 0
        if self._is_copy_stale and (final or self._monotonic() >= self._copy_due):
            self._copy()
        return sent

    def close(self) -> None:
        """Leave the duty to another worker."""
        self._duty.close()

    def _wait_for_duty(self) -> bool:
        deadline = self._monotonic() + FINAL_WAIT_S
        while not self._duty.take():
            if self._monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    def _new_lines(self) -> Iterator[tuple[str, bytes]]:
        assert self._place is not None  # noqa: S101 - for the type checker; set by `ship`
        while True:
            day, offset = self._place
            data = self._log.read(day, offset, self._part_bytes)
            if data:
                yield day, data
                self._place = (day, offset + len(data))
                continue
            later = [other for other in self._log.days() if other > day]
            if not later:
                return
            self._place = (later[0], 0)

    def _send(self, day: str, data: bytes) -> int:
        lines = data.splitlines()
        first, last = head_of(lines[0]), head_of(lines[-1])
        name = f"{first.seq:012d}-{last.seq:012d}-{last.hash[:_HASH_DIGITS]}.jsonl"
        key = log_part_key(self._log.environment, day, name)
        try:
            self._put_part(key, data)
        except (StorageError, ShippingConflict):
            # It may have arrived all the same. A longer part sent over it would double its lines: look again first.
            self._place = None
            raise
        self._duty.note(last.seq)
        return len(lines)

    def _put_part(self, key: str, data: bytes) -> None:
        try:
            self._bucket.put_if_absent(key, data)
        except AlreadyExists:
            # Ours from before a crash or a lost answer, or something that must not be passed over.
            if self._bucket.get(key) != data:
                raise ShippingConflict(f"{key} is in the bucket with other content: compare it with the log") from None

    def _find_place(self) -> tuple[tuple[str, int], int]:
        """The end of what has arrived, and the number of its last line."""
        arrived = {(part.last, part.hash_start) for part in parts_in(self._bucket, self._log.environment)}
        days = self._log.days()
        for day in reversed(days):
            place: tuple[tuple[str, int], int] | None = None
            before = None
            for end, head in self._lines_of(day):
                before = head.seq - 1 if before is None else before
                if (head.seq, head.hash[:_HASH_DIGITS]) in arrived:
                    place = ((day, end), head.seq)
            if place:
                return place
            if day == days[0]:
                return (day, 0), before or 0
        raise BrokenChain("the prediction log has days but no line")

    def _lines_of(self, day: str) -> Iterator[tuple[int, Head]]:
        end = 0
        while data := self._log.read(day, end, self._part_bytes):
            for line in data.splitlines(keepends=True):
                end += len(line)
                yield end, head_of(line)

    def _copy(self) -> None:
        """The newest day's parts, one after the other, as the one file that people download."""
        start = self._monotonic()
        environment = self._log.environment
        parts = parts_in(self._bucket, environment)
        if parts:
            day = max(part.day for part in parts)
            today = (part for part in parts if part.day == day)
            # Piece by piece: a busy day is larger than what a worker may keep.
            lines = (piece for part in today for piece in self._bucket.stream(part.key))
            self._bucket.put_stream(log_copy_key(environment), lines)
        self._is_copy_stale = False
        end = self._monotonic()
        self._copy_due = end + COPY_SHARE * (end - start)
