"""Which diseases fit these findings best? Scores in nats, of which every finding's share can be told."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from raretriage.differential.artefact import SEXES, Arrays
from raretriage.differential.errors import DamagedDifferential, NothingToRank
from raretriage.differential.periods import Onset
from raretriage.differential.standing import best_place, standardised
from raretriage.differential.weights import Weights
from raretriage.domain import Sex

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Patient:
    """What is ranked by. Ids are HPO's, of any age; what the release does not know is passed over by `rank`."""

    observed: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    """Shown beside each disease that has them, and not scored: see `docs/differential.md`."""
    age_years: float | None = None
    """By which it had begun: the earliest that is known, else the age at the visit."""
    onset: Onset | None = None
    sex: Sex | None = None
    """As the catalogues speak of it; other sexes than female and male are not ranked by."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a score is made of, before the weights; shape (candidates,) each."""

    match: npt.NDArray[np.float64]
    """Standardised over the candidates, as is the likeness."""
    likeness: npt.NDArray[np.float64]
    onset: npt.NDArray[np.float64]
    sex: npt.NDArray[np.float64]
    prior: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates for one patient."""

    scores: npt.NDArray[np.float64] = field(repr=False)
    """Log posterior odds against the average candidate, in nats; shape (candidates,)."""
    observed: tuple[str, ...]
    """The findings that were ranked by, without repetitions, in the order given."""
    rows: tuple[int, ...] = field(repr=False)
    parts: Parts = field(repr=False)
    match_spread: float = field(repr=False)
    likeness_spread: float = field(repr=False)
    onset: npt.NDArray[np.float64] = field(repr=False)
    """What the onset or age adds to each score."""
    sex: npt.NDArray[np.float64] = field(repr=False)
    """What the sex adds."""
    prior: npt.NDArray[np.float64] = field(repr=False)
    """What being well known adds to each score; zero where it was not asked for."""
    prevalence: npt.NDArray[np.float64] = field(repr=False)
    """What being more common than others adds; zero where it was not asked for."""

    def posterior(self) -> npt.NDArray[np.float64]:
        """Probabilities over the candidates, as if one of them were it; shape (candidates,)."""
        odds = np.exp(self.scores - self.scores.max())
        return np.asarray(odds / odds.sum())

    def top(self, n: int) -> list[int]:
        """The best candidates, best first; ties in the candidates' order."""
        n = min(n, len(self.scores))
        if n < 1:
            return []
        best = np.argpartition(-self.scores, n - 1)[:n]
        floor = self.scores[best].min()
        tied = np.flatnonzero(self.scores >= floor)  # all that tie with the last place, so that order decides
        return [int(i) for i in tied[np.argsort(-self.scores[tied], kind="stable")][:n]]

    def rank(self, candidate: int) -> float:
        """The place of a candidate, 1 for the best; ties share the middle of their places."""
        return best_place(self.scores, [candidate])


class Ranker:
    """One loaded ranking. Safe for several threads."""

    def __init__(self, arrays: Arrays, onnx: bytes) -> None:
        """Raises `DamagedDifferential` when the learnt part is unreadable or has other candidates."""
        self.arrays = arrays
        self._weights = Weights(**arrays.weights)
        self._row_of = dict(zip(arrays.terms, arrays.rows.tolist(), strict=True))
        self._session = _session(onnx)
        if self._session.get_outputs()[0].shape != [len(arrays.candidates)]:
            raise DamagedDifferential("the learnt part has other candidates than the arrays: build both again")
        self._index = {entry: i for i, c in enumerate(arrays.candidates) for entry in c.entries}
        self._umbrella: dict[str, list[int]] = {}
        for i, candidate in enumerate(arrays.candidates):
            for umbrella in candidate.umbrellas:
                self._umbrella.setdefault(umbrella, []).append(i)

    def row(self, hpo_id: str) -> int | None:
        """The vocabulary's row of a current finding; None for what is no finding of the release."""
        return self._row_of.get(hpo_id)

    def places_of(self, disease_id: str) -> tuple[int, ...]:
        """The candidates under which an entry is shown: its own, or all members where it holds several diseases."""
        own = self._index.get(disease_id)
        return tuple(self._umbrella.get(disease_id, ())) if own is None else (own,)

    def rank(self, patient: Patient, *, with_prior: bool = True, prevalence_weight: float = 0.0) -> Ranking:
        """Score every candidate.

        Args:
            with_prior: let it count how well known a disease is.
            prevalence_weight: share of log prevalence that counts: 1 is Bayes' rule where patients come as they fall
                ill, 0 (published cases do not) leaves it out.

        Raises:
            NothingToRank: no observed finding is in the vocabulary.
        """
        told = {t: row for t in dict.fromkeys(patient.observed) if (row := self._row_of.get(t)) is not None}
        if not told:
            raise NothingToRank("no observed finding that HPO's release knows: give at least one")
        rows = list(told.values())
        match, match_spread = standardised(self._match(rows))
        likeness, likeness_spread = standardised(self._run(rows, ())[0].astype(np.float64))
        parts = Parts(match, likeness, self._onset(patient), self._sex(patient), self.arrays.prior.astype(np.float64))
        w = self._weights
        nats = w.nats(len(rows))
        onset = nats * w.onset * parts.onset
        sex = nats * w.sex * parts.sex
        prior = nats * with_prior * parts.prior
        prevalence = prevalence_weight * self.arrays.prevalence.astype(np.float64)
        return Ranking(
            scores=nats * (w.match * match + w.likeness * likeness) + onset + sex + prior + prevalence,
            observed=tuple(told),
            rows=tuple(rows),
            parts=parts,
            match_spread=match_spread,
            likeness_spread=likeness_spread,
            onset=onset,
            sex=sex,
            prior=prior,
            prevalence=prevalence,
        )

    def parts(self, ranking: Ranking, among: Sequence[int]) -> npt.NDArray[np.float64]:
        """What each finding adds to the score of these candidates, against the average one.

        Returns:
            Nats, shape (findings, candidates). Their sum, with onset, sex, prior and prevalence, is the score.
        """
        codes = self.arrays.levels[list(ranking.rows)]
        above = codes[:, list(among)].astype(np.float64) - codes.mean(axis=1, keepdims=True, dtype=np.float64)
        alike = self._run(list(ranking.rows), among)[1].astype(np.float64)
        w = self._weights
        by_match = w.match * self.arrays.level_step / ranking.match_spread * above
        nats = w.nats(len(ranking.rows))
        return np.asarray(nats * (by_match + w.likeness / ranking.likeness_spread * alike), np.float64)

    def _match(self, rows: Sequence[int]) -> npt.NDArray[np.float64]:
        total = np.add.reduce(self.arrays.levels[rows], axis=0, dtype=np.uint32)
        return np.asarray(len(rows) * self.arrays.level_low + self.arrays.level_step * total.astype(np.float64))

    def _run(self, rows: Sequence[int], among: Sequence[int]) -> tuple[FloatArray, FloatArray]:
        asked = {"findings": np.asarray(rows, np.int64), "among": np.asarray(among, np.int64)}
        likeness, parts = self._session.run(["likeness", "parts"], asked)
        return likeness, parts

    def _onset(self, patient: Patient) -> npt.NDArray[np.float64]:
        if patient.onset is not None:
            return np.asarray(self.arrays.onset[patient.onset], np.float64)
        if patient.age_years is not None:
            return np.asarray(self.arrays.onset_by_age[Onset.at(patient.age_years)], np.float64)
        return np.zeros(len(self.arrays.candidates))

    def _sex(self, patient: Patient) -> npt.NDArray[np.float64]:
        if patient.sex not in SEXES:
            return np.zeros(len(self.arrays.candidates))
        return np.asarray(self.arrays.sex[SEXES.index(patient.sex)], np.float64)


def _session(onnx: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # many requests at once, each short
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.disable_prepacking", "1")  # would hold the diseases' vectors twice
    try:
        return ort.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own errors have no common base
        raise DamagedDifferential(f"the learnt part is no graph that can be run: {type(error).__name__}") from error
