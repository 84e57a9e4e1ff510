"""The parts of a running service and what keeps them current: the model store, the log, the shipper."""

import asyncio
import gc
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from raretriage import __version__
from raretriage.bucket import MODEL_FILE, Environment
from raretriage.privacy import Keyring, Scrubber
from raretriage.serving.errors import BrokenChain, LogUnavailable, NoRanking, ShippingConflict
from raretriage.serving.log.chain import Head
from raretriage.serving.log.durable import FileOps
from raretriage.serving.log.predictions import PredictionLog
from raretriage.serving.log.shipping import LogShipper, head_in
from raretriage.serving.metrics import ServiceMetrics, StateCollector
from raretriage.serving.model_store import ModelStore, ServedModel
from raretriage.serving.phenotypes import Phenotypes
from raretriage.serving.service import Pending, TriageService
from raretriage.serving.wire import (
    DifferentialOut,
    DifferentialRequest,
    FeedbackOut,
    FeedbackRequest,
    Part,
    PredictRequest,
    PredictResponse,
)
from raretriage.storage import Bucket, StorageError

_log = logging.getLogger(__name__)


class Runtime:
    """One environment's service: started once, stopped once."""

    def __init__(
        self,
        bucket: Bucket,
        environment: Environment,
        log_dir: Path,
        *,
        load_keyring: Callable[[], Keyring | None],
        scrubber: Scrubber | None,
        reload_seconds: float,
        ship_seconds: float,
        now: Callable[[], datetime],
        file_ops: FileOps | None,
        trusted: Callable[[], Sequence[bytes]],
    ) -> None:
        self.environment: Environment = environment
        self.metrics = ServiceMetrics()
        self.store = ModelStore(bucket, environment, trusted=trusted)
        self._bucket = bucket
        self._log_dir = log_dir
        self._load_keyring = load_keyring
        self._scrubber = scrubber
        self._reload_seconds = reload_seconds
        self._ship_seconds = ship_seconds
        self._now = now
        self._file_ops = file_ops
        self._service: TriageService | None = None
        self._log: PredictionLog | None = None
        self._shipper: LogShipper | None = None
        self._keyring: Keyring | None = None
        self._warm_up: threading.Thread | None = None
        self._log_problem: str | None = "the service has not started"
        self._is_log_broken = False
        self._ship_problem: str | None = None
        self.metrics.show_state(StateCollector(self.store, self._unshipped, now))

    def start(self) -> None:
        """Open the log and look for a model.

        A log that cannot be used leaves the service up to say so; one that is being rewritten does not (`LogBusy`).
        """
        self.store.refresh()
        self._keyring = self._load_keyring()
        self._open_log()
        if self.served is not None:
            self._warm_up = threading.Thread(target=self.served.scorer.warm_up, name="warm-up", daemon=True)
            self._warm_up.start()

    def stop(self) -> None:
        """Send what is left and let the log go."""
        if self._warm_up is not None:
            self._warm_up.join()
        gc.unfreeze()  # what `Scorer.warm_up` froze is to be tidied up when the process ends
        if self._log is not None and self._shipper is not None:
            self._ship(final=True)
            self._shipper.close()
            self._log.close()

    def _open_log(self) -> None:
        try:
            log = PredictionLog(self._log_dir, self.environment, resume=self._arrived_head, ops=self._file_ops)
        except (BrokenChain, LogUnavailable) as error:
            if str(error) != self._log_problem:
                _log.error("log.unusable %s", error)
            self._log_problem = str(error)
            self._is_log_broken = isinstance(error, BrokenChain)
            return
        self._log_problem = None
        self._log, self._shipper = log, LogShipper(log, self._bucket)
        self._service = TriageService(
            store=self.store,
            log=log,
            environment=self.environment,
            now=self._now,
            keyring=self._keyring,
            scrubber=self._scrubber,
        )

    def predict(self, request: PredictRequest, include: frozenset[Part] = frozenset()) -> Pending[PredictResponse]:
        """See `TriageService.predict`."""
        return self._running().predict(request, include)

    def predict_batch(self, requests: Sequence[PredictRequest]) -> Pending[tuple[PredictResponse, ...]]:
        """See `TriageService.predict_batch`."""
        return self._running().predict_batch(requests)

    def differential(self, request: DifferentialRequest) -> Pending[DifferentialOut]:
        """See `TriageService.differential`."""
        return self._running().differential(request)

    def feedback(self, request: FeedbackRequest) -> FeedbackOut:
        """See `TriageService.feedback`."""
        said = self._running().feedback(request)
        self.metrics.feedback.labels(said.verdict).inc()
        return said

    def phenotypes(self) -> Phenotypes:
        """Search and reading of findings, by the served model's knowledge.

        Raises:
            NoRanking: no model is served, so no knowledge is loaded.
        """
        if self.served is None:
            raise NoRanking("no model is published, and with it no knowledge to search")
        return self.served.scorer.phenotypes

    def _running(self) -> TriageService:
        if self._service is None:
            raise LogUnavailable(self._log_problem or "the prediction log is closed")
        return self._service

    @property
    def served(self) -> ServedModel | None:
        """The model that answers; None when the rules do."""
        return self.store.current

    def health(self) -> dict[str, object]:
        """What `/health` says. `status` is always "ok": the process is alive."""
        served = self.served
        model: dict[str, object] | None = None
        if served is not None:
            manifest = served.scorer.manifest
            model = {
                "name": manifest.name,
                "version": manifest.version,
                "sha256": manifest.files[MODEL_FILE].sha256,
                "created": manifest.created.isoformat(),
                "simulated": manifest.data.simulated,
                "ledger_entry": served.entry.number,
                "signature": "verified" if served.is_verified else "not checked: no key is trusted",
            }
        problems = (self.store.problem, self._log_problem, self._ship_problem)
        return {
            "status": "ok",
            "version": __version__,
            "environment": self.environment,
            "model": model,
            "fallback": served is None,
            "problem": "; ".join(problem for problem in problems if problem) or None,
            "unshipped_lines": self._unshipped(),
        }

    def not_ready_because(self) -> str | None:
        """Why no answer can be given; None when one can. The rules answer where there is no model."""
        if self._log is None:
            return self._log_problem
        try:
            self._log.check()
        except LogUnavailable as error:
            return str(error)
        return None

    async def follow_ledger(self) -> None:
        """Look for a newer model, for ever."""
        await self._repeat("ledger", self.store.refresh, self._reload_seconds)

    async def follow_log(self) -> None:
        """Send the log to the bucket, for ever."""
        await self._repeat("log", self._ship, self._ship_seconds)

    async def _repeat(self, worker: str, work: Callable[[], None], pause: float) -> None:
        while True:
            await asyncio.sleep(pause)
            try:
                await asyncio.to_thread(work)
            except Exception:  # noqa: BLE001 - a worker's border: the loop must live to see the fault mended
                self.metrics.worker_errors.labels(worker).inc()
                _log.exception("worker.fault worker=%s", worker)

    def _ship(self, *, final: bool = False) -> None:
        if self._shipper is None:
            if not self._is_log_broken:  # a full disk is freed, a folder is made writable: no restart is needed
                self._open_log()
            return
        try:
            self.metrics.shipped.inc(self._shipper.ship(final=final))
        except (StorageError, ShippingConflict, BrokenChain, LogUnavailable) as error:
            self.metrics.ship_errors.inc()
            if str(error) != self._ship_problem:
                _log.warning("log.not_shipped %s", error)
            self._ship_problem = f"the prediction log does not reach the bucket: {error}"
        else:
            self._ship_problem = None

    def _arrived_head(self) -> Head | None:
        try:
            return head_in(self._bucket, self.environment)
        except StorageError as error:
            _log.warning("log.begins_anew the bucket cannot be read: %s", error)
            return None

    def _unshipped(self) -> int | None:
        """None where the log cannot be read."""
        try:
            return self._shipper.unshipped if self._shipper else 0
        except LogUnavailable:
            return None
