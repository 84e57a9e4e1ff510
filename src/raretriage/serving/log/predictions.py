"""The prediction log: every answer is one durable line before it is sent.

`predicciones_<env>.txt` holds the current UTC day; at midnight it becomes `predicciones_<env>.<day>.txt` and the
chain goes on in a new file. The workers of a service write one chain by turns, each turn a group of lines with one
sync; what they must agree on is in the mark (`mark.py`).
"""

import logging
import mmap
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from pathlib import Path

from raretriage.bucket import Environment
from raretriage.serving.errors import BrokenChain, LogBusy, LogUnavailable
from raretriage.serving.log.chain import (
    GENESIS,
    Head,
    Json,
    ModelRef,
    Sealed,
    day_of,
    head_of,
    make_line,
    seal,
    verify_log,
)
from raretriage.serving.log.durable import DurableFile, FileOps, OsFileOps
from raretriage.serving.log.files import (
    Lease,
    anchor_file,
    closed_days,
    closed_file,
    current_file,
    line_in,
    mark_file,
    start_of,
)
from raretriage.serving.log.group_commit import GroupCommit
from raretriage.serving.log.mark import Mark, SharedMark
from raretriage.storage import sync_folder

_log = logging.getLogger(__name__)

SALT_BYTES = 16

_Waiting = tuple[Sequence[Sealed], "Future[Head]"]
"""Lines of one moment, and the promise that they are durable."""


def _random_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


class PredictionLog:
    """The log of one environment in one folder. Safe for several threads and several processes.

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
        """Join the workers of this log; the first of them cuts off an unfinished last line and checks today's lines.

        Args:
            folder: created when it is not there.
            resume: asked only when there is no line here yet: the head to go on from, e.g. the bucket's.
            new_salt: 16 random bytes for each line.

        Raises:
            LogBusy: somebody rewrites it, to erase by order.
            BrokenChain: the lines do not verify; nothing is changed.
            LogUnavailable: the folder or a file cannot be used.
        """
        self.environment = environment
        self.folder = folder
        self._new_salt = new_salt
        self._ops: FileOps = ops or OsFileOps()
        self._lock = threading.Lock()
        self._current = current_file(folder, environment)
        self._anchor = anchor_file(folder, environment)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lease = Lease(folder, environment)
            self._mark = SharedMark(mark_file(folder, environment))
        except OSError as error:
            raise LogUnavailable(f"cannot use {folder} for the prediction log: {error.strerror}") from error
        try:
            with self._mark.locked():
                marked = self._join(resume)
                self._file = DurableFile(self._current, self._ops)
                self._go_to(marked)
        except OSError as error:
            self._let_go()
            raise LogUnavailable(f"cannot open {self._current}: {error.strerror}") from error
        except (BrokenChain, LogBusy, LogUnavailable):
            self._let_go()
            raise
        self._commits = GroupCommit(self._commit, name=f"log-{environment}")

    @property
    def head(self) -> Head:
        """The last durable line, whichever worker wrote it.

        Raises:
            LogUnavailable: the log's files cannot be used.
        """
        with self._turn():
            return self._head

    def submit(
        self, contents: Mapping[str, Mapping[str, Json]], *, time: datetime, model: ModelRef | None
    ) -> "Future[Head]":
        """Have the answers of one request made durable, a line each: all or none of them.

        Only when the future is settled may the answers go out.

        Args:
            contents: by the answer's id.

        The future raises:
            LogUnavailable: they are not durable, and the log is as it was before.
        """
        sealed = [
            seal(
                prediction_id=prediction_id,
                time=time,
                environment=self.environment,
                model=model,
                content=content,
                salt=self._new_salt(),
            )
            for prediction_id, content in contents.items()
        ]
        try:
            return self._commits.submit(sealed)
        except RuntimeError as error:
            raise LogUnavailable("the prediction log is closed") from error

    def append(
        self, *, prediction_id: str, time: datetime, model: ModelRef | None, content: Mapping[str, Json]
    ) -> Head:
        """`submit` for one line, and wait.

        Raises:
            LogUnavailable: it is not durable, and the log is as it was before.
        """
        return self.submit({prediction_id: content}, time=time, model=model).result()

    def check(self) -> None:
        """Pass when the next line can be written, as far as one can know. Raises LogUnavailable."""
        with self._turn():
            self._clear()

    def days(self) -> list[str]:
        """The UTC days with a file, oldest first; the last one may still grow. Raises LogUnavailable."""
        with self._turn():
            closed = self._closed_days()
            return [*closed, self._day] if self._day and self._day not in closed else closed

    def line_of(self, entry_id: str) -> bytes | None:
        """The durable line with this id, of the files that are here; None where there is none.

        Raises:
            LogUnavailable: the log's files cannot be used.
        """
        with self._turn():
            newest_first = [self._current, *(self._closed(day) for day in reversed(self._closed_days()))]
            return next((line for path in newest_first if (line := line_in(path, entry_id)) is not None), None)

    def read(self, day: str, offset: int, limit: int) -> bytes:
        """Whole durable lines of one day from `offset` on, about `limit` bytes and at least one line if there is one.

        Empty at the end.

        Raises:
            LogUnavailable: the log's files cannot be used.
        """
        with self._turn():
            if day == self._day:
                return _whole_lines(self._file.read, offset, limit)
            with self._closed(day).open("rb") as file:
                return _whole_lines(lambda at, size: os.pread(file.fileno(), size, at), offset, limit)

    def close(self) -> None:
        """Write what waits, and leave the log to the others."""
        self._commits.close()
        with self._lock:
            self._file.close()
            self._let_go()

    def _join(self, resume: Callable[[], Head | None]) -> Mark:
        """What is durable. Only the first worker may mend and must check: the others see it run."""
        is_first = self._lease.take_alone()
        if is_first:
            self._set_aside(_whole_bytes(self._current))
            marked = self._recover(resume)
            self._mark.write(marked)
        self._lease.share()
        return (None if is_first else self._mark.read()) or self._recover(resume)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Alone among threads and workers, and up to date with what the others wrote."""
        with self._lock, self._mark.locked():
            try:
                marked = self._mark.read()
                if marked is not None and marked != self._followed:
                    self._follow(marked)
            except OSError as error:
                raise LogUnavailable(f"cannot read {self._current.name}: {error.strerror}") from error
            yield

    def _follow(self, marked: Mark) -> None:
        """Go to the end of what is durable. Another day: another file stands under the name."""
        if self._day != marked.day:
            self._file.close()
            self._file = DurableFile(self._current, self._ops)
        self._go_to(marked)

    def _go_to(self, marked: Mark) -> None:
        self._head, self._day, self._followed = marked.head, marked.day, marked
        self._file.size = marked.size

    def _clear(self) -> None:
        """Nothing may stand behind the mark: what a killed worker left there was never answered.

        Raises:
            LogUnavailable: it cannot be removed, or durable lines are gone.
        """
        self._file.heal()
        surplus = self._file.surplus()
        if surplus < 0:
            raise LogUnavailable(f"{self._current.name} was cut by somebody: restore it from its backup or the bucket")
        if surplus:
            try:
                self._set_aside(self._file.size)
            except OSError as error:
                raise LogUnavailable(
                    f"{self._current.name} ends in an unfinished line that cannot be removed: check its disk"
                ) from error

    def _commit(self, batch: Sequence[_Waiting]) -> None:
        with self._turn():
            day = self._day or ""

            def effective(waiting: _Waiting) -> str:
                # A clock that steps back stays in the file it is in: a day is closed once.
                nonlocal day
                day = max(day, waiting[0][0].day)
                return day

            for of_day, group in groupby(batch, effective):
                self._commit_to(of_day, list(group))

    def _commit_to(self, day: str, group: Sequence[_Waiting]) -> None:
        try:
            self._clear()
            self._roll_over(day)
            head, heads, lines = self._head, [], []
            for request, _ in group:
                for sealed in request:
                    line, head = make_line(head, sealed)
                    lines.append(line)
                heads.append(head)
            before = self._file.size
            self._file.append(b"".join(lines))
            self._set_mark(Mark(day, self._file.size, head), undo_to=before)
        except LogUnavailable as error:
            for _, future in group:
                future.set_exception(error)
            return
        for (_, future), head in zip(group, heads, strict=True):
            future.set_result(head)

    def _set_mark(self, mark: Mark, *, undo_to: int) -> None:
        """Tell the others. Lines that they do not know of would be set aside by them: such ones do not count."""
        try:
            self._mark.write(mark)
        except OSError as error:
            self._file.cut_back(undo_to)
            raise LogUnavailable(f"cannot mark what is durable: {error.strerror}; free or repair its disk") from error
        self._followed, self._head, self._day = mark, mark.head, mark.day

    def _set_aside(self, whole: int) -> None:
        """Bytes behind the last durable line were never answered: keep them beside the log, and go on before them."""
        if not self._current.exists():
            return
        with self._current.open("rb") as file:
            file.seek(whole)
            torn_bytes = file.read()
        if not torn_bytes:
            return
        torn = self._current.with_name(self._current.name + ".torn")
        with torn.open("ab") as file:
            file.write(torn_bytes.removesuffix(b"\n") + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self.folder)
        with self._current.open("r+b") as file:
            file.truncate(whole)
            os.fsync(file.fileno())
        _log.warning("log.torn_line bytes=%d kept=%s", len(torn_bytes), torn.name)

    def _recover(self, resume: Callable[[], Head | None]) -> Mark:
        """What the files themselves say, every line of the current one checked."""
        closed = self._closed_days()
        size = self._current.stat().st_size if self._current.exists() else 0
        if closed:
            before = head_of(_last_line(self._closed(closed[-1])))
        elif not size and not self._anchor.exists():
            before = self._begin(resume())
        else:
            before = start_of(self.folder, self.environment)
        if not size:
            return Mark(None, 0, before)
        with self._current.open("rb") as file:
            try:
                verified = verify_log(file, after=before)
            except BrokenChain as error:
                raise BrokenChain(f"{self._current.name}, {error}: restore it from its backup or the bucket") from error
        with self._current.open("rb") as file:
            return Mark(day_of(file.readline()), size, verified.head)

    def _begin(self, resumed: Head | None) -> Head:
        """Remember what the first line here follows, when it is not the beginning of everything."""
        if resumed is None:
            return GENESIS
        anchor = DurableFile(self._anchor, self._ops)
        anchor.append(f"{resumed.seq} {resumed.hash}\n".encode())
        anchor.close()
        return resumed

    def _roll_over(self, day: str) -> None:
        if self._day is None or day <= self._day:
            return
        closed = self._closed(self._day)
        try:
            if self._current.exists():  # else an earlier attempt came as far as the rename
                if closed.exists():
                    raise LogUnavailable(f"{closed.name} is there already: move it away to close the day")
                self._current.rename(closed)
                sync_folder(self.folder)
            new = DurableFile(self._current, self._ops)
        except OSError as error:
            raise LogUnavailable(f"cannot close the day into {closed.name}: {error.strerror}") from error
        self._file.close()
        self._file = new
        self._set_mark(Mark(None, 0, self._head), undo_to=0)

    def _closed(self, day: str) -> Path:
        return closed_file(self.folder, self.environment, day)

    def _closed_days(self) -> list[str]:
        return closed_days(self.folder, self.environment)

    def _let_go(self) -> None:
        self._mark.close()
        self._lease.close()


def _whole_bytes(path: Path) -> int:
    """Up to and with the last newline."""
    if not path.exists() or not path.stat().st_size:  # nothing to map
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.rfind(b"\n") + 1


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
