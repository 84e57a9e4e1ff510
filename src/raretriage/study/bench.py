"""Fits variants of one head on the folds of the fit patients, and gives their answers to what they had not seen."""

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from time import thread_time
from typing import TypeAlias

import numpy as np
from sklearn.base import ClassifierMixin
from threadpoolctl import threadpool_limits

from raretriage.domain import InputTier, State
from raretriage.features import FeatureContract
from raretriage.training.candidates import Head
from raretriage.training.dataset import IntArray, LabelledRows
from raretriage.training.evaluation import FloatArray, Scored
from raretriage.training.inputs import TierInputs
from raretriage.training.selection import FoldScores, fold_scores
from raretriage.training.splits import Fold

_HEALTHY = list(State).index(State.HEALTHY)
Progress = Callable[[int], object]


Classifier: TypeAlias = ClassifierMixin
"""Every variant, of whatever library: it has `fit` and `predict_proba` on a `frame`."""


def own_label(rows: LabelledRows, head: Head) -> IntArray:
    """The state, or whether it is rare."""
    return rows.state if head == "state" else rows.is_rare.astype(np.int64)


def illness_and_rarity(rows: LabelledRows, _head: Head) -> IntArray:
    """0 well, 1 ill and not rare, 3 ill and rare: the target of `GatedClassifier`."""
    return np.asarray((rows.state != _HEALTHY) + 2 * (rows.is_rare & (rows.state != _HEALTHY)), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Variant:
    """A name, how its unfitted model is made, and what it is fitted to."""

    name: str
    build: Callable[[FeatureContract, Head, int], Classifier]
    target: Callable[[LabelledRows, Head], IntArray] = own_label
    note: str = ""
    barred: Mapping[Head, str] = field(default_factory=dict)
    """Why a head of this kind could not be served; such a variant is compared, and not chosen."""
    known_warnings: tuple[str, ...] = ()
    """How the warnings of its library begin that say nothing of the comparison; a terminal need not show them."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Out-of-fold answers of one variant."""

    scored: Scored
    """Of the other head it says nothing: all states alike, rare 0."""
    folds: tuple[FoldScores, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Bench:
    """The encounters and folds that all variants meet, at all tiers mixed, tested with findings."""

    rows: LabelledRows
    inputs: TierInputs
    contract: FeatureContract
    folds: Sequence[Fold]
    seed: int
    workers: int
    progress: Progress

    def answer(self, variant: Variant, head: Head) -> Answered:
        """Fit on each fold's training encounters, answer to its test encounters that have findings."""
        # The filters are set here, outside the pool: they are the process's, and no thread may put back another's.
        with warnings.catch_warnings(), threadpool_limits(1), self._pool() as pool:
            for beginning in variant.known_warnings:
                warnings.filterwarnings("ignore", re.escape(beginning))
            parts = list(pool.map(lambda fold: self._fold(variant, head, fold), self.folds))
        scored = [scored for scored, _ in parts]
        return Answered(
            scored=_pooled(scored),
            folds=tuple(fold_scores(s.state_probabilities, s.rare_probability, s.state, s.is_rare) for s in scored),
            seconds=sum(seconds for _, seconds in parts),
        )

    def fit(self, variant: Variant, head: Head, rows: IntArray) -> Classifier:
        """A model of these encounters, each as it is and a share of them with richer inputs masked."""
        mixed, shown = self.inputs.mixed(rows, np.random.default_rng(self.seed), head)
        target = variant.target(self.rows, head)[shown]
        return variant.build(self.contract, head, self.seed).fit(mixed, target)

    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.workers, initializer=_one_thread)

    def _fold(self, variant: Variant, head: Head, fold: Fold) -> tuple[Scored, float]:
        start = thread_time()
        model = self.fit(variant, head, fold.train)
        test = fold.test[self.inputs.reaches[InputTier.FINDINGS][fold.test]]
        given = np.asarray(model.predict_proba(self.inputs.frames[InputTier.FINDINGS].iloc[test]), dtype=np.float64)
        self.progress(1)
        alike: FloatArray = np.full((len(test), len(State)), 1 / len(State))
        scored = Scored(
            state_probabilities=given if head == "state" else alike,
            rare_probability=given[:, 1] if head == "rare" else np.zeros(len(test)),
            state=self.rows.state[test],
            is_rare=self.rows.is_rare[test],
            cluster=self.rows.patient_id[test],
        )
        return scored, thread_time() - start


def _one_thread() -> None:
    """OpenMP keeps its limit a thread, so that of the caller does not hold here; without it the threads of two fits
    wait for each other actively (scikit-learn's boosting, 250 rows on a busy machine: 55 s instead of 2)."""
    threadpool_limits(1, user_api="openmp")


def _pooled(parts: Sequence[Scored]) -> Scored:
    return Scored(
        state_probabilities=np.concatenate([part.state_probabilities for part in parts]),
        rare_probability=np.concatenate([part.rare_probability for part in parts]),
        state=np.concatenate([part.state for part in parts]),
        is_rare=np.concatenate([part.is_rare for part in parts]),
        cluster=np.concatenate([part.cluster for part in parts]),
    )
