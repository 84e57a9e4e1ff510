"""Fits every candidate on the same folds, and gives each one's answers to encounters that it had not seen."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import thread_time

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from raretriage.domain import InputTier
from raretriage.features import FeatureContract
from raretriage.training.candidates import HEADS, Candidate, Head, probabilities
from raretriage.training.dataset import IntArray, LabelledRows, StringArray
from raretriage.training.evaluation import FloatArray, Scored
from raretriage.training.inputs import TierInputs
from raretriage.training.selection import CandidateRow, FoldScores, candidate_row, choose, fold_scores
from raretriage.training.splits import Fold

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The table of candidates, what was chosen by it, and the answers behind it."""

    table: tuple[CandidateRow, ...]
    chosen: Mapping[Head, Candidate]
    out_of_fold: Mapping[str, Scored]
    """By candidate; the rows are the same in the same order."""


@dataclass(frozen=True, slots=True)
class Task:
    """A head to fit on some rows."""

    head: Head
    candidate: Candidate
    rows: IntArray


@dataclass(frozen=True, slots=True)
class Fitter:
    """Fits heads on rows of one set of encounters, at all tiers mixed; `workers` fits at a time, one thread each."""

    rows: LabelledRows
    inputs: TierInputs
    contract: FeatureContract
    seed: int
    workers: int
    progress: Progress

    def fit(self, tasks: Sequence[Task]) -> tuple[list[Pipeline], list[float]]:
        """The fitted heads in the order of `tasks`, and the seconds of processor time of each."""
        with threadpool_limits(1), ThreadPoolExecutor(self.workers) as pool:
            fitted = list(pool.map(self._fit, tasks))
        return [model for model, _ in fitted], [seconds for _, seconds in fitted]

    def score(self, models: Mapping[Head, Pipeline], fold: Fold, cluster: StringArray) -> Scored:
        """Answers to the fold's test encounters that have findings."""
        test = fold.test[self.inputs.reaches[InputTier.FINDINGS][fold.test]]
        frame = self.inputs.frames[InputTier.FINDINGS].iloc[test]
        return Scored(
            state_probabilities=probabilities(models["state"], frame),
            rare_probability=probabilities(models["rare"], frame)[:, 1],
            state=self.rows.state[test],
            is_rare=self.rows.is_rare[test],
            cluster=cluster[test],
        )

    def mean_row(self, model: Pipeline, head: Head, rows: IntArray) -> FloatArray:
        """Mean of what the estimator of a head was given when it was fitted on `rows`, shape (its columns,)."""
        given = model[:-1].transform(self._mixed(head, rows)[0])
        return np.asarray(given.mean(axis=0, dtype=np.float64))

    def _mixed(self, head: Head, rows: IntArray) -> tuple[pd.DataFrame, IntArray]:
        # The same mix for every candidate and head: they are compared on nothing but themselves.
        return self.inputs.mixed(rows, np.random.default_rng(self.seed), head)

    def _fit(self, task: Task) -> tuple[Pipeline, float]:
        start = thread_time()
        mixed, shown = self._mixed(task.head, task.rows)
        labels = self.rows.state if task.head == "state" else self.rows.is_rare.astype(np.int64)
        model = task.candidate.build(self.contract, task.head, self.seed).fit(mixed, labels[shown])
        self.progress(1)
        return model, thread_time() - start


def compare(fitter: Fitter, candidates: Sequence[Candidate], folds: Sequence[Fold]) -> Comparison:
    """Every candidate, the simplest first, on the same folds by patient; the choice by the rule of `selection`."""
    table: list[CandidateRow] = []
    out_of_fold: dict[str, Scored] = {}
    by_fold: dict[str, list[FoldScores]] = {}
    for one in candidates:
        scored, seconds = on_folds(fitter, {"state": one, "rare": one}, folds, fitter.rows.patient_id)
        by_fold[one.name] = [fold_scores(s.state_probabilities, s.rare_probability, s.state, s.is_rare) for s in scored]
        table.append(candidate_row(one.name, by_fold[one.name], seconds))
        out_of_fold[one.name] = pooled(scored)
    named = {one.name: one for one in candidates}
    state = choose({name: [fold.f1_state for fold in scores] for name, scores in by_fold.items()})
    rare = choose({name: [fold.roc_auc_rare for fold in scores] for name, scores in by_fold.items()})
    return Comparison(table=tuple(table), chosen={"state": named[state], "rare": named[rare]}, out_of_fold=out_of_fold)


def cross_validate(
    fitter: Fitter, chosen: Mapping[Head, Candidate], folds: Sequence[Fold], cluster: StringArray
) -> Scored:
    """Out-of-fold answers of one candidate a head, all folds as one."""
    return pooled(on_folds(fitter, chosen, folds, cluster)[0])


def on_folds(
    fitter: Fitter, chosen: Mapping[Head, Candidate], folds: Sequence[Fold], cluster: StringArray
) -> tuple[list[Scored], float]:
    """Answers to each fold's test encounters by models of its training encounters, and the time to fit them all."""
    models, seconds = fitter.fit([Task(head, chosen[head], fold.train) for fold in folds for head in HEADS])
    of_fold = [dict(zip(HEADS, models[2 * i : 2 * i + 2], strict=True)) for i in range(len(folds))]
    scored = [fitter.score(models, fold, cluster) for models, fold in zip(of_fold, folds, strict=True)]
    return scored, sum(seconds)


def pooled(parts: Sequence[Scored]) -> Scored:
    """The answers of all folds as one."""
    return Scored(
        state_probabilities=np.concatenate([part.state_probabilities for part in parts]),
        rare_probability=np.concatenate([part.rare_probability for part in parts]),
        state=np.concatenate([part.state for part in parts]),
        is_rare=np.concatenate([part.is_rare for part in parts]),
        cluster=np.concatenate([part.cluster for part in parts]),
    )
