"""Which model answers now: the ledger's highest entry, as long as it proves sound; else the last that did."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from raretriage.bucket import BucketError, Environment, LedgerEntry, NothingPublished, current_entry, load_package
from raretriage.serving.errors import ModelUnusable
from raretriage.serving.scorer import Scorer
from raretriage.storage import Bucket, StorageError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model with the promotion that put it here."""

    scorer: Scorer
    entry: LedgerEntry
    is_verified: bool
    """A trusted key signed it; False: no key is trusted, so nobody checked."""


class ModelStore:
    """Follows the ledger. Reading `current` is safe from every thread; `refresh` runs once at a time."""

    def __init__(
        self, bucket: Bucket, environment: Environment, *, trusted: Callable[[], Sequence[bytes]] = tuple
    ) -> None:
        """
        Args:
            trusted: asked at each load for the public keys, one of which must have signed; none: not checked.
        """
        self.environment = environment
        self._bucket = bucket
        self._trusted = trusted
        self._refreshing = threading.Lock()
        self._current: ServedModel | None = None
        self._problem: str | None = "the bucket has not been read yet"

    @property
    def current(self) -> ServedModel | None:
        """None: no model could be loaded so far, and the rules answer."""
        return self._current

    @property
    def problem(self) -> str | None:
        """Why what is served is not what the ledger says; None when it is."""
        return self._problem

    def refresh(self) -> None:
        """Look at the ledger and load what it names, if that is new. A fault changes nothing but `problem`."""
        with self._refreshing:
            try:
                entry = current_entry(self._bucket, self.environment)
                if self._current is None or not _is_same(entry, self._current.entry):
                    self._load(entry)
                    _log.info("model.loaded version=%s entry=%d", entry.to_version, entry.number)
            except NothingPublished as error:
                self._report(str(error))
            except (BucketError, ModelUnusable) as error:
                self._report(f"the published model is not used: {error}")
            except StorageError as error:
                self._report(f"the bucket cannot be read: {error}")
            else:
                self._problem = None

    def _load(self, entry: LedgerEntry) -> None:
        package = load_package(self._bucket, entry, trusted=self._trusted())
        scorer = Scorer(package)
        if self._current is not None:
            scorer.warm_up()  # the old model answers meanwhile
        self._current = ServedModel(scorer, entry, package.is_verified)

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            _log.warning("model.problem %s", problem)
        self._problem = problem


def _is_same(entry: LedgerEntry, other: LedgerEntry) -> bool:
    return entry.number == other.number and entry.manifest_sha256 == other.manifest_sha256
