"""Which words belong to one source alone? Terms that would tell who described a patient's disease.

A term is one source's own where another source never uses it although, used as often, it would: a source with 400
profiles may well lack a term that one profile in 3,000 of another has, and that says nothing of how it writes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from raretriage.cohort.profiles import Origin, Profile

_CHANCE = 0.05
"""A source's never using a term is taken for chance where its probability is at least this."""


@dataclass(frozen=True, slots=True)
class Uses:
    """In how many profiles of each origin each term occurs, exact terms included."""

    profiles: Mapping[Origin, int]
    terms: Mapping[Origin, Counter[str]]

    def one_sided(self, *, by_chance: bool = False) -> frozenset[str]:
        """Terms of one side alone: of the table or of annotations, and among annotations of one origin.

        Args:
            by_chance: those too that the other side may lack because it has few profiles.
        """
        annotated = tuple(sorted(origin for origin in self.profiles if origin is not Origin.TABLE))
        sides = [((Origin.TABLE,), annotated), *(((one,), (other,)) for one, other in combinations(annotated, 2))]
        return frozenset().union(*(self._own(*pair, by_chance=by_chance) for pair in sides))

    def _own(self, one: tuple[Origin, ...], other: tuple[Origin, ...], *, by_chance: bool) -> Iterable[str]:
        for some, rest in ((one, other), (other, one)):
            mine, theirs = self._together(some), self._together(rest)
            size, rest_size = (sum(self.profiles.get(origin, 0) for origin in side) for side in (some, rest))
            for term in mine.keys() - theirs.keys():
                if by_chance or (1 - mine[term] / size) ** rest_size < _CHANCE:
                    yield term

    def _together(self, origins: tuple[Origin, ...]) -> Counter[str]:
        return sum((self.terms.get(origin, Counter()) for origin in origins), Counter[str]())


def uses_of(described: Iterable[Profile], terms: Mapping[str, Iterable[str]] | None = None) -> Uses:
    """Count them over profiles.

    Args:
        described: the profiles.
        terms: each profile's terms by `Profile.disease`; those of its findings by default.
    """
    profiles: Counter[Origin] = Counter()
    used: dict[Origin, Counter[str]] = {}
    for profile in described:
        own = {x for f in profile.findings for x in (f.hpo_id, *f.exact)} if terms is None else terms[profile.disease]
        profiles[profile.origin] += 1
        used.setdefault(profile.origin, Counter()).update(set(own))
    return Uses(profiles, used)
