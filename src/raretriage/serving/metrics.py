"""What Prometheus may know of the service: counts and durations, never a patient."""

import os
from collections.abc import Callable, Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from raretriage.serving.model_store import ModelStore
from raretriage.serving.wire import PredictResponse

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable by which prometheus_client adds up what several workers counted; set before it is imported."""


class ServiceMetrics:
    """The counters of one service, in registries of their own: of all its workers where they share a folder."""

    def __init__(self) -> None:
        at = CollectorRegistry()
        self._shown = at
        if SHARED_FOLDER in os.environ:
            self._shown = CollectorRegistry()
            MultiProcessCollector(self._shown)  # type: ignore[no-untyped-call]
        self.requests = Counter("raretriage_requests", "Requests", ["method", "route", "status"], registry=at)
        self.seconds = Histogram(
            "raretriage_request_seconds", "Time to answer", ["route"], buckets=_SECONDS, registry=at
        )
        self.states = Counter("raretriage_states", "Answers by state", ["state"], registry=at)
        self.rare = Counter("raretriage_rare", "Answers by rare flag", ["flag"], registry=at)
        self.unsure = Counter("raretriage_unsure", "Unsure answers by reason", ["reason"], registry=at)
        self.red_flags = Counter("raretriage_red_flags", "Red flags shown", ["flag"], registry=at)
        self.fallback = Counter("raretriage_fallback", "Answers by the fixed rules", registry=at)
        self.feedback = Counter("raretriage_feedback", "What clinicians said of answers", ["verdict"], registry=at)
        self.log_errors = Counter("raretriage_log_errors", "Answers refused: the log was not durable", registry=at)
        self.ship_errors = Counter("raretriage_ship_errors", "Failed attempts to reach the bucket", registry=at)
        self.shipped = Counter("raretriage_shipped_lines", "Log lines that reached the bucket", registry=at)
        self.worker_errors = Counter("raretriage_worker_errors", "Faults in background work", ["worker"], registry=at)

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request and its time."""
        self.requests.labels(method, route, status).inc()
        self.seconds.labels(route).observe(seconds)

    def count(self, response: PredictResponse) -> None:
        """Count one answer."""
        self.states.labels(response.decision.state or "unsure").inc()
        self.rare.labels(response.rare).inc()
        for reason in response.decision.unsure:
            self.unsure.labels(reason).inc()
        for flag in response.decision.red_flags:
            self.red_flags.labels(flag).inc()
        if response.fallback:
            self.fallback.inc()

    def show_state(self, collector: Collector) -> None:
        """Have it asked at each reading, of the worker that is read."""
        self._shown.register(collector)

    def text(self) -> bytes:
        """The page that Prometheus reads."""
        return generate_latest(self._shown)


class StateCollector(Collector):
    """What is true at the moment of the reading."""

    def __init__(self, store: ModelStore, unshipped: Callable[[], int | None], now: Callable[[], datetime]) -> None:
        self._store = store
        self._unshipped = unshipped
        self._now = now

    def collect(self) -> Iterable[Metric]:
        info = GaugeMetricFamily(
            "raretriage_model_info", "1 for the model that answers", labels=["version", "sha256", "environment"]
        )
        age = GaugeMetricFamily("raretriage_model_age_seconds", "Since the model was made")
        served = self._store.current
        if served is not None:
            manifest = served.scorer.manifest
            info.add_metric([manifest.version, served.scorer.manifest_sha256, self._store.environment], 1)
            age.add_metric([], (self._now() - manifest.created).total_seconds())
        yield info
        yield age
        problem = float(self._store.problem is not None)
        yield GaugeMetricFamily("raretriage_model_problem", "1: not what the ledger names is served", value=problem)
        if (unshipped := self._unshipped()) is not None:
            yield GaugeMetricFamily("raretriage_unshipped_lines", "Log lines not in the bucket", value=unshipped)
