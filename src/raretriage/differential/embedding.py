"""A learnt likeness of findings and diseases, from the catalogues alone: no patient takes part.

Orphanet and OMIM describe many diseases independently of each other. So findings drawn from Orphanet's description of
a disease are a made-up patient of OMIM's, and a model that finds the one by the other learns which findings go
together, and which words of the two catalogues stand for each other.

Findings and diseases are vectors; a finding's is the sum over all that it is a kind of, so a rare term has those of its
family; likeness is the cosine of the patient's sum and the disease's. Trained by the softmax over candidates (a
two-tower model) with Adam (Kingma & Ba 2015, arXiv:1412.6980); gradients are written out, as they are short and need no
framework.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from raretriage.differential.candidates import Candidate
from raretriage.differential.terms import FloatArray, Terms
from raretriage.differential.views import View

_TINY = np.float32(1e-6)
_KEPT = 96
"""Directions that are kept of all members together, those in which the diseases differ most: half the memory for the
same order of the cases."""
_STRONGEST_CONTENT = 8.0
"""Information content at which an ancestor counts fully; about one disease in 3,000."""


@dataclass(frozen=True, slots=True)
class Training:
    """How the embedding is trained."""

    members: int = 4
    """Trained from different starts and used together: less depends on chance."""
    dimensions: int = 48
    """Of each member."""
    steps: int = 600
    batch: int = 256
    rivals: int = 2_500
    """Candidates a step, besides those that are right."""
    learning_rate: float = 3e-3
    own: float = 0.3
    """Share of made-up patients drawn from the candidate's own entries; the rest from its mates."""
    vaguer: float = 0.2
    """Share of findings given as a parent."""
    foreign: float = 0.1
    """Share of findings that belong to another disease."""
    typical_findings: float = 8.0
    """Median number of findings a patient, as published cases have (median 8 of 4,160)."""
    spread: float = 0.7
    seed: int = 20261126


DEFAULT = Training()


@dataclass(frozen=True, slots=True)
class FindingVectors:
    """What was learnt: a vector for every finding of a vocabulary, of each of the members one beside the other."""

    ids: tuple[str, ...]
    members: tuple[FloatArray, ...] = field(repr=False)
    """Shape (terms, k) each."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """Vectors: `findings` of shape (terms, k), of any length; `diseases` of shape (candidates, k), at most of one."""

    findings: FloatArray
    diseases: FloatArray

    def likeness(self, rows: Sequence[int]) -> FloatArray:
        """How much a patient's findings point to every disease, shape (candidates,)."""
        patient = self.findings[list(rows)].sum(axis=0)
        likeness: FloatArray = self.diseases @ (patient / (np.linalg.norm(patient) + _TINY))
        return likeness


def embed(
    learnt: FindingVectors, terms: Terms, candidates: Sequence[Candidate], profiles: sparse.csr_matrix
) -> Embedding:
    """Place the diseases of a knowledge among learnt findings.

    Members count alike: their vectors, of length one for a disease, stand side by side. What is left of all are the
    `_KEPT` directions in which the diseases lie. A finding that was not learnt has no direction.

    Args:
        profiles: frequencies, shape (views, terms).
    """
    own = _own(candidates, profiles.shape[0]) @ profiles
    known = {t: i for i, t in enumerate(learnt.ids)}
    pairs = [(row, known[t]) for row, t in enumerate(terms.ids) if t in known]
    here, there = (list(side) for side in zip(*pairs, strict=True))
    findings, diseases = [], []
    for member in learnt.members:
        vectors = np.zeros((len(terms.ids), member.shape[1]), np.float32)
        vectors[here] = member[there]
        findings.append(vectors)
        diseases.append(_unit(own @ vectors)[0])
    placed = _unit(np.hstack(diseases))[0]
    kept = _principal(placed, _KEPT)
    return Embedding(np.hstack(findings) @ kept, placed @ kept)


def _principal(vectors: FloatArray, count: int) -> FloatArray:
    """The orthonormal directions, at most `count`, with most of the vectors' squared length; shape (k, count)."""
    _, directions = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    return np.asarray(directions[:, -count:], np.float32)


def train_findings(
    terms: Terms,
    views: Sequence[View],
    candidates: Sequence[Candidate],
    profiles: sparse.csr_matrix,
    training: Training | None = None,
    *,
    progress: Callable[[int], object] = lambda _: None,
) -> FindingVectors:
    """Fit the vectors, every member from another start. The same input gives the same vectors on the same machine.

    Args:
        profiles: frequencies, shape (views, terms).
        training: `DEFAULT` where it is left out.
        progress: told after each step.
    """
    training = training or DEFAULT
    own = _own(candidates, len(views)) @ profiles
    everyone = np.arange(len(candidates))
    members = []
    for member in range(training.members):
        rng = np.random.default_rng([training.seed, member])
        patients = _Patients(terms, candidates, profiles, training, rng)
        tower = _Tower(terms, training, rng)
        for step in range(training.steps):
            asked, right = patients.draw()
            rivals = rng.choice(everyone, size=min(training.rivals, len(everyone)), replace=False)
            chosen = np.union1d(rivals, np.concatenate(right))
            tower.learn(asked, own[chosen], _positives(right, chosen), step)
            progress(1)
        members.append(tower.findings())
    return FindingVectors(terms.ids, tuple(members))


def _own(candidates: Sequence[Candidate], views: int) -> sparse.csr_matrix:
    """Which views are a candidate's own, shape (candidates, views)."""
    cells = [(j, i) for j, candidate in enumerate(candidates) for i in candidate.own]
    rows, columns = zip(*cells, strict=True)
    return sparse.csr_matrix((np.ones(len(cells), np.float32), (rows, columns)), shape=(len(candidates), views))


def _positives(right: Sequence[np.ndarray], chosen: np.ndarray) -> np.ndarray:
    is_right = np.zeros((len(right), len(chosen)), bool)
    for row, ids in enumerate(right):
        is_right[row, np.searchsorted(chosen, ids)] = True
    return is_right


class _Patients:
    """Made-up patients: findings drawn from an entry, some vaguer, some foreign."""

    def __init__(
        self,
        terms: Terms,
        candidates: Sequence[Candidate],
        profiles: sparse.csr_matrix,
        training: Training,
        rng: np.random.Generator,
    ) -> None:
        self._training, self._rng = training, rng
        self._profiles = profiles
        self._parents = _parents(terms)
        described: dict[int, list[int]] = {}
        for j, candidate in enumerate(candidates):
            if candidate.mate is not None and candidate.mate not in candidate.own:
                described.setdefault(candidate.mate, []).append(j)
        self._mates = list(described.items())
        self._owned = [(i, [j]) for j, candidate in enumerate(candidates) for i in candidate.own]
        share = np.asarray(profiles.sum(axis=0)).ravel().astype(np.float64)
        self._commonness = np.cumsum(share / share.sum())

    def draw(self) -> tuple[sparse.csr_matrix, list[np.ndarray]]:
        """A batch: findings, shape (batch, terms), and the candidates that each patient has."""
        is_own = self._rng.random(self._training.batch) < (self._training.own if self._mates else 1.0)
        rows: list[int] = []
        columns: list[int] = []
        right = []
        for patient, own in enumerate(is_own):
            pool = self._owned if own else self._mates
            view, diseases = pool[self._rng.integers(len(pool))]
            found = self._findings(view)
            rows += [patient] * len(found)
            columns += found
            right.append(np.asarray(sorted(diseases)))
        ones = np.ones(len(rows), np.float32)
        return sparse.csr_matrix((ones, (rows, columns)), shape=(len(is_own), self._profiles.shape[1])), right

    def _findings(self, view: int) -> list[int]:
        begin, end = self._profiles.indptr[view], self._profiles.indptr[view + 1]
        known, often = self._profiles.indices[begin:end], self._profiles.data[begin:end]
        wanted = self._training.typical_findings * np.exp(self._training.spread * self._rng.standard_normal())
        # without replacement, in proportion to the frequency (Gumbel's trick)
        keys = np.log(often + 0.02) + self._rng.gumbel(size=len(known))
        return [self._as_told(int(t)) for t in known[np.argsort(-keys)[: max(1, round(wanted))]]]

    def _as_told(self, finding: int) -> int:
        chance = self._rng.random()
        if chance < self._training.vaguer and len(parents := self._parents[finding]):
            return int(parents[self._rng.integers(len(parents))])
        if chance < self._training.vaguer + self._training.foreign:
            return min(int(np.searchsorted(self._commonness, self._rng.random())), len(self._commonness) - 1)
        return finding


def _parents(terms: Terms) -> list[np.ndarray]:
    """Of each finding, the ancestors that no other of its ancestors is a kind of."""
    counts = np.diff(terms.ancestors.indptr)
    found = []
    for row in range(len(terms.ids)):
        above = terms.ancestors.indices[terms.ancestors.indptr[row] : terms.ancestors.indptr[row + 1]]
        above = above[above != row]
        covered = {
            b
            for a in above
            for b in terms.ancestors.indices[terms.ancestors.indptr[a] : terms.ancestors.indptr[a + 1]]
            if b != a
        }
        found.append(np.asarray(sorted(set(above) - covered, key=lambda a: (-counts[a], a)), dtype=np.intp))
    return found


class _Tower:
    """The parameters, their gradients by hand, and Adam."""

    def __init__(self, terms: Terms, training: Training, rng: np.random.Generator) -> None:
        content = np.minimum(terms.content, _STRONGEST_CONTENT) / _STRONGEST_CONTENT
        self._up = (terms.ancestors @ sparse.diags(content.astype(np.float32))).tocsr()
        self._down = self._up.T.tocsr()
        self._training = training
        n = len(terms.ids)
        self._parameters = {
            "vectors": (0.02 * rng.standard_normal((n, training.dimensions))).astype(np.float32),
            "weight": np.zeros((n, 1), np.float32),
            "scale": np.full((1, 1), 2.5, np.float32),
        }
        self._mean = {name: np.zeros_like(p) for name, p in self._parameters.items()}
        self._square = {name: np.zeros_like(p) for name, p in self._parameters.items()}

    def findings(self) -> FloatArray:
        p = self._parameters
        vectors: FloatArray = (self._up @ p["vectors"]) * np.exp(p["weight"])
        return vectors

    def learn(self, asked: sparse.csr_matrix, own: sparse.csr_matrix, is_right: np.ndarray, step: int) -> None:
        _, gradients = self.loss(asked, own, is_right)
        self._adam(gradients, step)

    def loss(
        self, asked: sparse.csr_matrix, own: sparse.csr_matrix, is_right: np.ndarray
    ) -> tuple[float, dict[str, FloatArray]]:
        """Mean -log of the probability of all right candidates together, and its gradients.

        Args:
            asked: patients, shape (b, terms).
            own: candidates, shape (m, terms).
            is_right: shape (b, m); at least one in each row.
        """
        p = self._parameters
        families = self._up @ p["vectors"]
        weight = np.exp(p["weight"])
        findings = families * weight
        patients, patient_lengths = _unit(asked @ findings)
        diseases, disease_lengths = _unit(own @ findings)
        scale = np.exp(p["scale"][0, 0])
        cosines = patients @ diseases.T
        scores = scale * cosines
        scores -= scores.max(axis=1, keepdims=True)
        shares = np.exp(scores)
        shares /= shares.sum(axis=1, keepdims=True)
        of_right = np.where(is_right, shares, 0)
        probability = of_right.sum(axis=1, keepdims=True)
        by_score = (shares - of_right / np.maximum(probability, _TINY)) / len(is_right)
        by_findings = asked.T @ _through_unit(scale * (by_score @ diseases), patients, patient_lengths)
        by_findings += own.T @ _through_unit(scale * (by_score.T @ patients), diseases, disease_lengths)
        return float(-np.log(np.maximum(probability, _TINY)).mean()), {
            "vectors": self._down @ (by_findings * weight),
            "weight": (by_findings * findings).sum(axis=1, keepdims=True),
            "scale": np.full((1, 1), scale * (by_score * cosines).sum(), np.float32),
        }

    def _adam(self, gradients: dict[str, FloatArray], step: int) -> None:
        warm = min(1.0, (step + 1) / 50) * (1 - step / self._training.steps) ** 0.5
        for name, gradient in gradients.items():
            mean, square = self._mean[name], self._square[name]
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient**2 - square)
            corrected = mean / (1 - 0.9 ** (step + 1))
            spread = np.sqrt(square / (1 - 0.999 ** (step + 1))) + 1e-8
            self._parameters[name] -= np.float32(self._training.learning_rate * warm) * corrected / spread


def _unit(vectors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Vectors of length one, and the lengths that they had, shape (n, 1)."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True) + _TINY
    return vectors / lengths, lengths


def _through_unit(gradient: FloatArray, unit: FloatArray, lengths: FloatArray) -> FloatArray:
    """The gradient before `_unit`."""
    through: FloatArray = (gradient - unit * (unit * gradient).sum(axis=1, keepdims=True)) / lengths
    return through
