"""Fits every candidate on the same folds, and gives each one's answers to encounters that it had not seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Literal

import numpy as np
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # a dependency of scikit-learn

from raretriage.domain import InputTier
from raretriage.features import FeatureContract
from raretriage.training.candidates import EstimatorKind, candidate, probabilities
from raretriage.training.dataset import IntArray, LabelledRows, StringArray
from raretriage.training.evaluation import Scored
from raretriage.training.inputs import TierInputs
from raretriage.training.selection import CandidateRow, candidate_row, choose, fold_scores
from raretriage.training.splits import Fold

Head = Literal["state", "rare"]
Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The table of candidates, what was chosen by it, and the answers behind it."""

    table: tuple[CandidateRow, ...]
    chosen: Mapping[Head, EstimatorKind]
    out_of_fold: Mapping[EstimatorKind, Scored]


@dataclass(frozen=True, slots=True)
class Fitter:
    """Fits heads on rows of one set of encounters, at all tiers mixed."""

    rows: LabelledRows
    inputs: TierInputs
    contract: FeatureContract
    seed: int
    nthread: int

    def fit(self, head: Head, kind: EstimatorKind, rows: IntArray) -> Pipeline:
        # The same mix for every candidate and head: they are compared on nothing but themselves.
        mixed, shown = self.inputs.mixed(rows, np.random.default_rng(self.seed))
        labels = self.rows.state if head == "state" else self.rows.is_rare.astype(np.int64)
        model = candidate(kind, self.contract, seed=self.seed, nthread=self.nthread)
        with threadpool_limits(self.nthread):
            model.fit(mixed, labels[shown])
        if kind is EstimatorKind.RANDOM_FOREST:
            # Several threads add the trees' votes in the order in which they finish: other last digits every time.
            model.set_params(estimator__n_jobs=1)
        return model

    def score(
        self, kinds: Mapping[Head, EstimatorKind], fold: Fold, cluster: StringArray, progress: Progress
    ) -> Scored:
        """Answers to the fold's test encounters that have findings, by models of its training encounters."""
        test = fold.test[self.inputs.reaches[InputTier.FINDINGS][fold.test]]
        frame = self.inputs.frames[InputTier.FINDINGS].iloc[test]
        answers = {}
        for head, kind in kinds.items():
            answers[head] = probabilities(self.fit(head, kind, fold.train), frame)
            progress(1)
        return Scored(
            state_probabilities=answers["state"],
            rare_probability=answers["rare"][:, 1],
            state=self.rows.state[test],
            is_rare=self.rows.is_rare[test],
            cluster=cluster[test],
        )


def compare(fitter: Fitter, folds: Sequence[Fold], progress: Progress) -> Comparison:
    """Every candidate on the same folds by patient; the choice by the rule of `selection`."""
    table: list[CandidateRow] = []
    out_of_fold: dict[EstimatorKind, Scored] = {}
    for kind in EstimatorKind:
        start = monotonic()
        heads: dict[Head, EstimatorKind] = {"state": kind, "rare": kind}
        scored = [fitter.score(heads, fold, fitter.rows.patient_id, progress) for fold in folds]
        scores = [fold_scores(s.state_probabilities, s.rare_probability, s.state, s.is_rare) for s in scored]
        table.append(candidate_row(kind.value, scores, monotonic() - start))
        out_of_fold[kind] = pooled(scored)
    return Comparison(
        table=tuple(table),
        chosen={
            "state": choose({EstimatorKind(row.name): (row.f1_state, row.f1_state_se) for row in table}),
            "rare": choose({EstimatorKind(row.name): (row.roc_auc_rare, row.roc_auc_rare_se) for row in table}),
        },
        out_of_fold=out_of_fold,
    )


def pooled(parts: Sequence[Scored]) -> Scored:
    """The answers of all folds as one."""
    return Scored(
        state_probabilities=np.concatenate([part.state_probabilities for part in parts]),
        rare_probability=np.concatenate([part.rare_probability for part in parts]),
        state=np.concatenate([part.state for part in parts]),
        is_rare=np.concatenate([part.is_rare for part in parts]),
        cluster=np.concatenate([part.cluster for part in parts]),
    )
