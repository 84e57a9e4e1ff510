"""Many answers, one sync: whoever asks while the disk is busy goes with the next write."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")


class GroupCommit(Generic[Item, Done]):
    """A thread that hands all that waits to `commit` at once, in the order of asking."""

    def __init__(self, commit: Callable[[Sequence[tuple[Item, "Future[Done]"]]], None], *, name: str) -> None:
        """
        Args:
            commit: settles every future that it is given.
        """
        self._commit = commit
        self._waiting: list[tuple[Item, Future[Done]]] = []
        self._is_closed = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, item: Item) -> "Future[Done]":
        """Settled when the item is committed, or could not be.

        Raises:
            RuntimeError: it is closed.
        """
        future: Future[Done] = Future()
        with self._wake:
            if self._is_closed:
                raise RuntimeError("closed")
            self._waiting.append((item, future))
            self._wake.notify()
        return future

    def close(self) -> None:
        """Commit what waits, and end."""
        with self._wake:
            self._is_closed = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._is_closed:
                    self._wake.wait()
                batch, self._waiting = self._waiting, []
            if not batch:
                return
            try:
                self._commit(batch)
            except Exception as error:  # noqa: BLE001 - the thread's border: nobody may wait for ever
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
