"""How fast is a list of diseases? Times on this machine, for made-up patients, on one core."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from raretriage.differential.artefact import load
from raretriage.differential.evidence import Explainer
from raretriage.differential.questions import LEADING, next_questions
from raretriage.differential.ranker import Patient, Ranker
from raretriage.knowledge import Knowledge

FINDINGS = 10
SHOWN = 10
_LOADS = 5
_SEED = 20261126


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Speed:
    candidates: int
    patients: int
    load_ms: float
    megabytes: float
    """By which loading it made this process grow (resident set)."""
    score: Times
    """All candidates scored."""
    explained: Times
    """Scored, ten explained, next questions."""


def measure(arrays: bytes, onnx: bytes, knowledge: Knowledge, *, patients: int = 300) -> Speed:
    """Load the ranking and rank made-up patients of ten findings each, of diseases drawn at random.

    Args:
        arrays, onnx: the artefact as stored.
    """
    before = _resident_bytes()
    ranker = _loaded(arrays, onnx, knowledge)
    held = len(arrays) + _resident_bytes() - before  # the arrays are views of the bytes that the caller holds
    loads = [_timed(partial(_loaded, arrays, onnx, knowledge)) for _ in range(_LOADS)]
    explainer = Explainer(ranker, knowledge)
    rng = np.random.default_rng(_SEED)
    known = [t for t, row in zip(ranker.arrays.terms, ranker.arrays.rows, strict=True) if row >= 0]
    made = [Patient(tuple(known[i] for i in rng.integers(len(known), size=FINDINGS))) for _ in range(patients)]
    scored, explained = [], []
    for patient in made:
        scored.append(_timed(partial(ranker.rank, patient)))
        explained.append(_timed(partial(_whole, patient, explainer)))
    return Speed(
        candidates=len(ranker.arrays.candidates),
        patients=patients,
        load_ms=float(np.median(loads)),
        megabytes=held / 1e6,
        score=_times(scored),
        explained=_times(explained),
    )


def _loaded(arrays: bytes, onnx: bytes, knowledge: Knowledge) -> Ranker:
    return Ranker(load(arrays, knowledge_version=knowledge.version), onnx)


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def _whole(patient: Patient, explainer: Explainer) -> None:
    ranking = explainer.ranker.rank(patient)
    leading = ranking.top(LEADING)
    explainer.explain(patient, ranking, leading[:SHOWN])
    next_questions(patient, ranking, explainer, leading=leading)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1_000 * (time.perf_counter() - start)


def _times(values: list[float]) -> Times:
    p50, p99 = np.percentile(values, [50, 99])
    return Times(float(p50), float(p99))
