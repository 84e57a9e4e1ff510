"""The prediction log: every answer is one durable line before it is sent.

`predicciones_<env>.txt` holds the current UTC day; at midnight it becomes `predicciones_<env>.<day>.txt` and the
chain goes on in a new file. One process writes; a second one is refused.
"""

import logging
import os
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from raretriage.bucket import Environment
from raretriage.serving.chain import GENESIS, Head, Json, ModelRef, day_of, head_of, make_line, verify_log
from raretriage.serving.durable import DurableFile, FileOps, OsFileOps, sync_folder
from raretriage.serving.errors import BrokenChain, LogBusy, LogUnavailable
from raretriage.serving.log_files import anchor_file, closed_days, closed_file, current_file, line_in, start_of, take

_log = logging.getLogger(__name__)

SALT_BYTES = 16


def _random_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


class PredictionLog:
    """The log of one environment in one folder. Safe for several threads of one process.

    Closed days may be moved away for safe keeping, but for the newest: its last line is what today's file follows.
    """

    def __init__(
        self,
        folder: Path,
        environment: Environment,
        *,
        resume: Callable[[], Head | None] = lambda: None,
        new_salt: Callable[[], bytes] = _random_salt,
        ops: FileOps | None = None,
    ) -> None:
        """Take the log, cut off an unfinished last line, and check today's lines.

        Args:
            folder: created when it is not there.
            resume: asked only when there is no line here yet: the head to go on from, e.g. the bucket's.
            new_salt: 16 random bytes for each line.

        Raises:
            LogBusy: another process has it.
            BrokenChain: the lines do not verify; nothing is changed.
            LogUnavailable: the folder or a file cannot be used.
        """
        self.environment = environment
        self._folder = folder
        self._new_salt = new_salt
        self._ops: FileOps = ops or OsFileOps()
        self._lock = threading.Lock()
        self._current = current_file(folder, environment)
        self._anchor = anchor_file(folder, environment)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._held = take(folder, environment)
        except LogBusy as error:
            raise LogBusy(f"{error}: serve with one worker, or give each its own LOG_DIR") from None
        except OSError as error:
            raise LogUnavailable(f"cannot use {folder} for the prediction log: {error.strerror}") from error
        try:
            self._set_aside_torn_line()
            self._head, self._day = self._recover(resume)
            self._file = DurableFile(self._current, self._ops)
        except OSError as error:
            os.close(self._held)
            raise LogUnavailable(f"cannot open {self._current}: {error.strerror}") from error
        except BrokenChain:
            os.close(self._held)
            raise

    @property
    def head(self) -> Head:
        """The last durable line."""
        return self._head

    def append(
        self, *, prediction_id: str, time: datetime, model: ModelRef | None, content: Mapping[str, Json]
    ) -> Head:
        """Make one answered request durable; only then may the answer go out.

        Raises:
            LogUnavailable: it is not durable, and the log is as it was before.
        """
        with self._lock:
            self._roll_over(time.astimezone(UTC).date().isoformat())
            line, head = make_line(
                self._head,
                prediction_id=prediction_id,
                time=time,
                environment=self.environment,
                model=model,
                content=content,
                salt=self._new_salt(),
            )
            self._file.append(line)
            self._head = head
            return head

    def check(self) -> None:
        """Pass when the next line can be written, as far as one can know. Raises LogUnavailable."""
        with self._lock:
            self._file.heal()

    def days(self) -> list[str]:
        """The UTC days with a file, oldest first; the last one may still grow."""
        with self._lock:
            closed = self._closed_days()
            return [*closed, self._day] if self._day and self._day not in closed else closed

    def line_of(self, entry_id: str) -> bytes | None:
        """The durable line with this id, of the files that are here; None where there is none."""
        with self._lock:
            newest_first = [self._current, *(self._closed(day) for day in reversed(self._closed_days()))]
            return next((line for path in newest_first if (line := line_in(path, entry_id)) is not None), None)

    def read(self, day: str, offset: int, limit: int) -> bytes:
        """Whole durable lines of one day from `offset` on, about `limit` bytes and at least one line if there is one.

        Empty at the end.
        """
        with self._lock:
            if day == self._day:
                return _whole_lines(self._file.read, offset, limit)
            with self._closed(day).open("rb") as file:
                return _whole_lines(lambda at, size: os.pread(file.fileno(), size, at), offset, limit)

    def close(self) -> None:
        """Let another process have the log."""
        with self._lock:
            self._file.close()
            os.close(self._held)

    def _set_aside_torn_line(self) -> None:
        """A last line without its newline was never answered: keep its bytes beside the log, and go on before it."""
        if not self._current.exists():
            return
        data = self._current.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole == len(data):
            return
        torn = self._current.with_name(self._current.name + ".torn")
        with torn.open("ab") as file:
            file.write(data[whole:] + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._folder)
        with self._current.open("r+b") as file:
            file.truncate(whole)
            os.fsync(file.fileno())
        _log.warning("log.torn_line bytes=%d kept=%s", len(data) - whole, torn.name)

    def _recover(self, resume: Callable[[], Head | None]) -> tuple[Head, str | None]:
        closed = self._closed_days()
        is_empty = not self._current.exists() or self._current.stat().st_size == 0
        if closed:
            before = head_of(_last_line(self._closed(closed[-1])))
        elif is_empty and not self._anchor.exists():
            before = self._begin(resume())
        else:
            before = start_of(self._folder, self.environment)
        if is_empty:
            return before, None
        with self._current.open("rb") as file:
            try:
                verified = verify_log(file, after=before)
            except BrokenChain as error:
                raise BrokenChain(f"{self._current.name}, {error}: restore it from its backup or the bucket") from error
        with self._current.open("rb") as file:
            return verified.head, day_of(file.readline())

    def _begin(self, resumed: Head | None) -> Head:
        """Remember what the first line here follows, when it is not the beginning of everything."""
        if resumed is None:
            return GENESIS
        anchor = DurableFile(self._anchor, self._ops)
        anchor.append(f"{resumed.seq} {resumed.hash}\n".encode())
        anchor.close()
        return resumed

    def _roll_over(self, day: str) -> None:
        # A clock that steps back stays in the file it is in: a day is closed once.
        if self._day is not None and day > self._day:
            closed = self._closed(self._day)
            try:
                if self._current.exists():  # else an earlier attempt came as far as the rename
                    if closed.exists():
                        raise LogUnavailable(f"{closed.name} is there already: move it away to close the day")
                    self._current.rename(closed)
                    sync_folder(self._folder)
                new = DurableFile(self._current, self._ops)
            except OSError as error:
                raise LogUnavailable(f"cannot close the day into {closed.name}: {error.strerror}") from error
            self._file.close()
            self._file = new
            self._day = None
        if self._day is None:
            self._day = day

    def _closed(self, day: str) -> Path:
        return closed_file(self._folder, self.environment, day)

    def _closed_days(self) -> list[str]:
        return closed_days(self._folder, self.environment)


def _last_line(path: Path) -> bytes:
    last = b""
    with path.open("rb") as file:
        for last in file:  # noqa: B007 - the last one is the result
            pass
    return last


def _whole_lines(read: Callable[[int, int], bytes], offset: int, limit: int) -> bytes:
    while True:
        data = read(offset, limit)
        end = data.rfind(b"\n") + 1
        if end or len(data) < limit:
            return data[:end]
        limit *= 2
