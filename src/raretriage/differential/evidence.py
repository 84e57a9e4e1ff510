"""Why is a disease where it is? Each finding's weight, and the disease's own finding that it met."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

from raretriage.differential.ranker import Patient, Ranker, Ranking
from raretriage.differential.views import frequency, stated_frequency
from raretriage.knowledge import FINDINGS_ROOT, Annotation, Knowledge

_SHARES_LITTLE = 3.0
"""Information content, in nats, under which a common ancestor says nothing: some 5 % of diseases have it."""
_TOO_VAGUE = 1.0
"""Information content, in nats, under which a finding is vague: more than a third of diseases have it."""
_CACHED_DISEASES = 2_048


class Relation(StrEnum):
    """How the patient's finding stands to the disease's."""

    EXACT = "exact"
    MORE_SPECIFIC = "more_specific"
    """The patient's finding is a kind of the disease's."""
    MORE_GENERAL = "more_general"
    """The disease's finding is a kind of the patient's."""
    RELATED = "related"
    """Both are of one narrow kind."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Met:
    """What the catalogues say of a disease that comes nearest to a finding."""

    relation: Relation
    hpo_id: str | None = None
    entry: str | None = None
    """The catalogue's entry that has it."""
    frequency: str = ""
    """As annotated: a term of HPO, n/m, a percentage, or '' where nobody said."""
    reference: str = ""
    share: float | None = None
    """The frequency as a share of patients, its middle; None where nobody said."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding of the patient for or against one disease."""

    hpo_id: str
    log_likelihood_ratio: float
    """Nats for the disease against the average one; negative speaks against it."""
    met: Met


@dataclass(frozen=True, slots=True)
class Explained:
    """One disease of the list. `score` is the sum of the evidence, `onset`, `sex`, `prior` and `prevalence`."""

    id: str
    entries: tuple[str, ...]
    name: str
    umbrellas: tuple[str, ...]
    is_rare: bool | None
    place: int
    score: float
    posterior: float
    evidence: tuple[Evidence, ...]
    onset: float
    sex: float
    prior: float
    prevalence: float
    excluded: tuple[tuple[str, Met], ...]
    """Findings that the patient does not have and the disease may; shown, not scored."""


class Explainer:
    """Explains one ranking's diseases from the annotations. Safe for several threads."""

    def __init__(self, ranker: Ranker, knowledge: Knowledge) -> None:
        self.ranker = ranker
        self.knowledge = knowledge
        self.family = lru_cache(_CACHED_DISEASES)(self._family)
        self.is_vague = cache(self._is_vague)

    def explain(self, patient: Patient, ranking: Ranking, among: Sequence[int]) -> tuple[Explained, ...]:
        """The diseases of these numbers, in this order, which gives them their places."""
        parts = self.ranker.parts(ranking, among)
        posterior = ranking.posterior()
        found = []
        for column, index in enumerate(among):
            candidate = self.ranker.arrays.candidates[index]
            found.append(
                Explained(
                    id=candidate.id,
                    entries=candidate.entries,
                    name=self.knowledge.disease_name(candidate.id) or candidate.id,
                    umbrellas=candidate.umbrellas,
                    is_rare=self.knowledge.is_rare(candidate.id),
                    place=column + 1,
                    score=float(ranking.scores[index]),
                    posterior=float(posterior[index]),
                    evidence=tuple(
                        Evidence(t, float(parts[row, column]), self.met(index, t))
                        for row, t in enumerate(ranking.observed)
                    ),
                    onset=float(ranking.onset[index]),
                    sex=float(ranking.sex[index]),
                    prior=float(ranking.prior[index]),
                    prevalence=float(ranking.prevalence[index]),
                    excluded=tuple(
                        (t, met)
                        for t in dict.fromkeys(patient.excluded)
                        if (met := self.met(index, t)).relation in {Relation.EXACT, Relation.MORE_GENERAL}
                    ),
                )
            )
        return tuple(found)

    def met(self, candidate: int, hpo_id: str) -> Met:
        """The disease's finding nearest to one of the patient's."""
        above = self.knowledge.ancestors(hpo_id) if self.knowledge.find(hpo_id) else frozenset()
        family = self.family(candidate)
        if hpo_id in family.own:
            return _met(Relation.EXACT, family.own[hpo_id])
        if hpo_id in family.kinds:  # something below it is annotated
            return _met(Relation.MORE_GENERAL, family.kinds[hpo_id])
        shared = max((a for a in above if a in family.kinds), key=lambda a: (self.content(a), a), default=None)
        if shared is None or self.content(shared) < _SHARES_LITTLE:
            return Met(Relation.NONE)
        if shared in family.own:
            return _met(Relation.MORE_SPECIFIC, family.own[shared])
        return _met(Relation.RELATED, family.kinds[shared])

    def _is_vague(self, hpo_id: str) -> bool:
        """Whether a finding is a whole organ system, or what very many diseases have."""
        is_system = FINDINGS_ROOT in self.knowledge.ontology.term(hpo_id).parents
        return is_system or self.content(hpo_id) < _TOO_VAGUE

    def content(self, hpo_id: str) -> float:
        """Information content of a finding in nats; 0 for what no disease is annotated with."""
        row = self.ranker.row(hpo_id)
        return 0.0 if row is None else float(self.ranker.arrays.content[row])

    def _family(self, candidate: int) -> "Family":
        """What is annotated to any of the candidate's entries."""
        own: dict[str, tuple[float, Annotation]] = {}
        for entry in self.ranker.arrays.candidates[candidate].entries:
            for row in self.knowledge.annotations(entry):
                if not row.excluded and self.knowledge.is_finding(row.hpo_id):
                    often = frequency(row)
                    if row.hpo_id not in own or often > own[row.hpo_id][0]:
                        own[row.hpo_id] = often, row
        kinds: dict[str, Annotation] = {}
        shares: dict[int, float] = {}
        for often, row in sorted(own.values(), key=lambda one: (-one[0], one[1].hpo_id)):
            for above in self.knowledge.ancestors(row.hpo_id):
                if above not in kinds:
                    kinds[above] = row
                    if (number := self.ranker.row(above)) is not None:
                        shares[number] = often
        ordered = sorted(shares.items())
        return Family(
            own={t: row for t, (_, row) in own.items()},
            kinds=kinds,
            numbers=np.asarray([number for number, _ in ordered], np.int64),
            shares=np.asarray([share for _, share in ordered], np.float64),
        )


@dataclass(frozen=True, slots=True)
class Family:
    """A disease's findings, and every kind of finding that is among them."""

    own: Mapping[str, Annotation]
    kinds: Mapping[str, Annotation]
    """Each ancestor of an own finding -> the most frequent own finding below it."""
    numbers: npt.NDArray[np.int64] = field(repr=False)
    """The kinds as rows of the vocabulary, ascending; the root of all has none."""
    shares: npt.NDArray[np.float64] = field(repr=False)
    """Share of patients who have each of them, in the same order."""

    def share_of(self, numbers: npt.NDArray[np.int64], *, otherwise: float) -> npt.NDArray[np.float64]:
        """The share of patients who have each finding of the vocabulary, of the same shape."""
        at = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        return np.where(self.numbers[at] == numbers, self.shares[at], otherwise)


def _met(relation: Relation, row: Annotation) -> Met:
    return Met(relation, row.hpo_id, row.disease_id, row.frequency, row.reference, stated_frequency(row))
