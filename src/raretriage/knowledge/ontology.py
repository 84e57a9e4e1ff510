"""Which term is meant, and what is it a kind of? Resolution of HPO ids and the is-a graph."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType

from raretriage.knowledge.errors import MalformedSource, UnknownTerm
from raretriage.knowledge.obo import Term

FINDINGS_ROOT = "HP:0000118"
"""Phenotypic abnormality: the branch whose terms are findings (the others say onset, inheritance, frequency)."""

_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class Ontology:
    """The whole ontology; only the branch under `FINDINGS_ROOT` counts as findings."""

    terms: tuple[Term, ...]
    _by_id: Mapping[str, Term] = field(init=False, repr=False, compare=False)
    _current: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _ancestors: dict[str, frozenset[str]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        by_id = {term.id: term for term in self.terms}
        for term in self.terms:
            for parent in term.parents:
                if parent not in by_id:
                    raise MalformedSource(f"{term.id} is a child of {parent}, which the file does not define")
        object.__setattr__(self, "_by_id", MappingProxyType(by_id))
        object.__setattr__(self, "_current", MappingProxyType(_current_ids(by_id)))

    def find(self, hpo_id: str) -> str | None:
        """The current id for a current, alternative or replaced one; None if there is none."""
        return self._current.get(hpo_id)

    def resolve(self, hpo_id: str) -> str:
        """As `find`, but an id without a current one is an error that names near valid ones.

        Raises:
            UnknownTerm: not in this release, or withdrawn without a replacement.
        """
        if (current := self._current.get(hpo_id)) is not None:
            return current
        known = self._by_id.get(hpo_id)
        if known is None:
            near, problem = self._near(hpo_id), "is no term of this HPO release"
        else:
            near, problem = list(known.consider), "was withdrawn without a replacement"
        hint = "; did you mean " + " or ".join(f"{x} ({self._by_id[x].name})" for x in near) + "?" if near else ""
        raise UnknownTerm(f"{hpo_id[:40]!r} {problem} (an id looks like HP:0001250){hint}")

    def term(self, hpo_id: str) -> Term:
        """The current term that an id stands for. Raises `UnknownTerm`."""
        return self._by_id[self.resolve(hpo_id)]

    def ancestors(self, hpo_id: str) -> frozenset[str]:
        """The term and everything it is a kind of, inside the findings branch (its root included).

        Empty for a term outside the branch (an onset, a mode of inheritance). Raises `UnknownTerm`.
        """
        current = self.resolve(hpo_id)
        if (known := self._ancestors.get(current)) is not None:
            return known
        above = frozenset().union(*(self.ancestors(parent) for parent in self._by_id[current].parents))
        inside = above | {current} if above or current == FINDINGS_ROOT else above
        self._ancestors[current] = inside
        return inside

    def is_finding(self, hpo_id: str) -> bool:
        """True for a phenotypic abnormality (not for the root of that branch itself, which says nothing).

        Raises `UnknownTerm`.
        """
        current = self.resolve(hpo_id)
        return current != FINDINGS_ROOT and bool(self.ancestors(current))

    def find_finding(self, hpo_id: str) -> str | None:
        """The current id of a phenotypic abnormality; None for any other id."""
        current = self._current.get(hpo_id)
        return current if current is not None and self.is_finding(current) else None

    def current_terms(self) -> Iterator[Term]:
        """Every term that is not obsolete, in the file's order."""
        return (term for term in self.terms if not term.is_obsolete)

    def _near(self, hpo_id: str) -> list[str]:
        candidates = [f"HP:{spelled}" for spelled in _spellings(hpo_id)]
        found = dict.fromkeys(self._current[x] for x in candidates if x in self._current)
        return list(found)[:_SUGGESTIONS]


def check_acyclic(terms: Iterable[Term]) -> None:
    """Raises `MalformedSource`, naming the terms, when following `is_a` upwards leads back to where it began."""
    try:
        TopologicalSorter({term.id: term.parents for term in terms}).prepare()
    except CycleError as error:
        circle = [str(x) for x in error.args[1]]
        raise MalformedSource(
            f"hp.obo: these terms are kinds of each other in a circle: {' -> '.join(circle)}"
        ) from error


def _current_ids(by_id: Mapping[str, Term]) -> dict[str, str]:
    """Every id that stands for a current term: its own, its alternatives, and those it replaced."""
    # A current term's own id wins over being somebody's alternative, and that over `replaced_by`.
    current = {term.id: term.id for term in by_id.values() if not term.is_obsolete}
    for term in by_id.values():
        if not term.is_obsolete:
            for alternative in term.alt_ids:
                current.setdefault(alternative, term.id)
    for term in by_id.values():
        if term.is_obsolete and (target := _follow(term, by_id)) is not None:
            current.setdefault(term.id, target)
    return current


def _follow(term: Term, by_id: Mapping[str, Term]) -> str | None:
    """The end of a chain of replacements; None when it breaks off, forks or runs in a circle."""
    seen = {term.id}
    while term.is_obsolete:
        if len(term.replaced_by) != 1 or term.replaced_by[0] in seen or term.replaced_by[0] not in by_id:
            return None
        term = by_id[term.replaced_by[0]]
        seen.add(term.id)
    return term.id


def _spellings(hpo_id: str) -> Sequence[str]:
    """Seven-digit numbers that a hand may have meant: other prefix, lost zeros, swapped or mistyped digits."""
    digits = "".join(c for c in hpo_id if c in "0123456789")
    if not 1 <= len(digits) <= 7:
        return []
    number = digits.zfill(7)
    swapped = [number[:i] + number[i + 1] + number[i] + number[i + 2 :] for i in range(6)]
    # the last digits first: that is where neighbours of the same topic are
    mistyped = [number[:i] + digit + number[i + 1 :] for i in range(6, -1, -1) for digit in "0123456789"]
    return [number, *swapped, *mistyped]
