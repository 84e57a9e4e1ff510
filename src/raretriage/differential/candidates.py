"""Which diseases are ranked, and from which entries is each one known?

An entry of OMIM and its twin of Orphanet are one candidate. A disease is known from its own entries and, less, from
its kin: an Orphanet entry of the same gene or name, and the siblings of its gene and its series. So a subtype that one
paper describes with five findings is not taken for a disease that has only these five.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import TypeVar

from raretriage.differential.naming import likeness, series, words
from raretriage.differential.views import View
from raretriage.knowledge import Knowledge

_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)

_MATE = 0.5
_GENE_SIBLINGS = 0.2
_SERIES_SIBLINGS = 0.4
"""Weights beside those of the disease's own entries."""
_TYPICAL_FINDINGS = 20
"""An entry of so many findings has weight 1; the weight grows with the square root."""
_MOST_SIBLINGS_OF_A_GENE = 6
"""A gene with more diseases than that says too little of each."""

_SAME_GROUP = 5.0
_SAME_WORDS = 3.0
_ALIKE = 2.0
"""Points of an Orphanet entry: for being the twin, for the same words, for the share of words; a gene has up to 1."""
_ALIKE_NAMES = 0.5
_ALIKE_FINDINGS = 0.3
"""Share of findings, with all that they are a kind of, that two entries of one gene must have in common."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One disease of the ranking."""

    id: str
    """Its OMIM entry where it has one: that is the finer catalogue."""
    name: str
    entries: tuple[str, ...]
    """All entries that describe this disease; a case labelled with any of them is this candidate's."""
    umbrellas: tuple[str, ...]
    """Orphanet entries that hold this disease among others. Each is shown with the best placed of its members, for it
    is no rival of theirs."""
    sources: Mapping[int, float] = field(repr=False)
    """Index of a view -> its weight; the weights sum to 1."""
    own: tuple[int, ...] = field(repr=False)
    """The views of its own entries."""
    mate: int | None = field(repr=False)
    """The Orphanet view that fits best, its own twin included; None where nothing has its gene or name."""
    mate_points: float = field(repr=False)
    """How well that fits, 0 where there is none."""


def candidates_of(knowledge: Knowledge, views: Sequence[View]) -> tuple[Candidate, ...]:
    """The diseases to rank, sorted by id.

    Args:
        views: of `views_of(knowledge)`.
    """
    return _Kinship(knowledge, views).candidates()


class _Kinship:
    """Who is kin to whom, by group, gene and name."""

    def __init__(self, knowledge: Knowledge, views: Sequence[View]) -> None:
        self._knowledge = knowledge
        self._views = views
        self._genes = {d.id: frozenset(d.genes) for d in knowledge.diseases if d.genes}
        self._families: dict[int, frozenset[str]] = {}
        self._words = [words(view.name) for view in views]
        self._series = [{named} if (named := series(view.name)) else set[str]() for view in views]
        orphanet = [i for i, view in enumerate(views) if view.is_orphanet]
        self._orphanet_of_gene = _by(orphanet, self._genes_of)
        self._orphanet_of_words = _by(orphanet, lambda i: [self._words[i]] if self._words[i] else [])

    def candidates(self) -> tuple[Candidate, ...]:
        groups: dict[str, list[int]] = defaultdict(list)
        for i, view in enumerate(self._views):
            groups[self._knowledge.group(view.disease_id)].append(i)
        fine = {g: [i for i in members if not self._views[i].is_orphanet] for g, members in groups.items()}
        members_of = self._umbrellas([g for g, own in fine.items() if own], [g for g in groups if not fine[g]], groups)
        own = {g: fine[g] or groups[g] for g in groups if g not in members_of}
        genes = {g: {x for i in mine for x in self._genes_of(i)} for g, mine in own.items()}
        all_series = {g: {x for i in mine for x in self._series[i]} for g, mine in own.items()}
        gene_kin, series_kin = _siblings(genes, _MOST_SIBLINGS_OF_A_GENE), _siblings(all_series)
        holders: dict[str, list[str]] = defaultdict(list)
        for umbrella, members in members_of.items():
            for member in members:
                holders[member].extend(self._views[i].disease_id for i in groups[umbrella])
        made = []
        for group, mine in own.items():
            twins = [i for i in groups[group] if i not in mine]
            mate, points = self._best_mate(mine, twins)
            kin = (
                (_GENE_SIBLINGS, [own[g] for g in gene_kin[group]]),
                (_SERIES_SIBLINGS, [own[g] for g in series_kin[group]]),
            )
            made.append(
                Candidate(
                    id=self._views[mine[0]].disease_id,
                    name=self._views[mine[0]].name,
                    entries=tuple(self._views[i].disease_id for i in [*mine, *twins]),
                    umbrellas=tuple(sorted(holders[group])),
                    sources=self._sources(mine, mate, kin),
                    own=tuple(mine),
                    mate=mate,
                    mate_points=points,
                )
            )
        return tuple(sorted(made, key=lambda candidate: candidate.id))

    def _sources(
        self, own: Sequence[int], mate: int | None, kin: Iterable[tuple[float, Sequence[Sequence[int]]]]
    ) -> dict[int, float]:
        """The weights of a candidate's views: its own, its mate, and the mean of each kind of siblings."""
        weights: dict[int, float] = defaultdict(float)
        for i in own:
            weights[i] += self._weight(i)
        if mate is not None:
            weights[mate] += _MATE * self._weight(mate)
        for weight, siblings in kin:
            for views in siblings:
                for i in views:
                    weights[i] += weight / len(siblings) / len(views)
        total = sum(weights.values())
        return {i: weight / total for i, weight in sorted(weights.items())}

    def _weight(self, view: int) -> float:
        return sqrt(len(self._views[view].findings) / _TYPICAL_FINDINGS)

    def _genes_of(self, view: int) -> frozenset[str]:
        return self._genes.get(self._views[view].disease_id, frozenset())

    def _best_mate(self, own: Sequence[int], twins: Sequence[int]) -> tuple[int | None, float]:
        """The Orphanet view that tells most of a disease, and its points; ties go to the lower number.

        Never one of its own: a disease that Orphanet alone describes has no second witness.
        """
        points: dict[int, float] = defaultdict(float)
        for o in twins:
            points[o] += _SAME_GROUP
        for i in own:
            for gene in sorted(self._genes_of(i)):
                for o in self._orphanet_of_gene.get(gene, ()):
                    points[o] += 1 / sqrt(len(self._genes_of(o)))
            for o in self._orphanet_of_words.get(self._words[i], ()):
                points[o] += _SAME_WORDS
        for o in points:
            points[o] += _ALIKE * max(likeness(self._words[i], self._words[o]) for i in own)
        others = {o: p for o, p in points.items() if o not in own}
        if not others:
            return None, 0.0
        best = min(others, key=lambda o: (-others[o], o))
        return best, others[best]

    def _umbrellas(
        self, fine: Iterable[str], coarse: Iterable[str], groups: Mapping[str, Sequence[int]]
    ) -> dict[str, list[str]]:
        """Groups of Orphanet alone that hold diseases of OMIM -> these.

        Of the same series; or of a shared gene, where the names or the findings are alike, or neither has another
        partner.
        """
        by_series = _by(fine, lambda g: {x for i in groups[g] for x in self._series[i]})
        by_gene = _by(fine, lambda g: {x for i in groups[g] for x in self._genes_of(i)})
        found: dict[str, list[str]] = {}
        for group in coarse:
            members: dict[str, None] = {}
            for i in groups[group]:
                for named in self._series[i]:
                    members.update(dict.fromkeys(by_series.get(named, ())))
                genes = self._genes_of(i)
                for gene in genes:
                    kin = by_gene.get(gene, ())
                    is_sole = len(genes) == 1 and len(kin) == 1
                    members.update(dict.fromkeys(g for g in kin if is_sole or self._are_alike(i, groups[g])))
            if members:
                found[group] = list(members)
        return found

    def _are_alike(self, view: int, others: Iterable[int]) -> bool:
        return any(
            likeness(self._words[view], self._words[o]) >= _ALIKE_NAMES
            or likeness(self._family(view), self._family(o)) >= _ALIKE_FINDINGS
            for o in others
        )

    def _family(self, view: int) -> frozenset[str]:
        """The findings of a view with all that they are a kind of."""
        if view not in self._families:
            found = (self._knowledge.ancestors(t) for t in self._views[view].findings)
            self._families[view] = frozenset[str]().union(*found)
        return self._families[view]


def _by(items: Iterable[_T], keys: Callable[[_T], Iterable[_K]]) -> dict[_K, list[_T]]:
    found: dict[_K, list[_T]] = {}
    for item in items:
        for key in keys(item):
            found.setdefault(key, []).append(item)
    return found


def _siblings(keys: Mapping[str, set[str]], most: int | None = None) -> dict[str, list[str]]:
    """Group -> the others that share one of its keys; keys that more than `most` groups have do not count."""
    holders = _by(keys, lambda g: keys[g])
    return {
        g: list(
            dict.fromkeys(
                o for key in sorted(own) if most is None or len(holders[key]) <= most for o in holders[key] if o != g
            )
        )
        for g, own in keys.items()
    }
