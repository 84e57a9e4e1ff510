"""Which findings does an annotated disease show, in the words of the shared vocabulary?

One rule for every entry of phenotype.hpoa, rare or common, ORPHA or OMIM:

- Each annotated finding is filed under the nearest term of the shared vocabulary that it is a kind of; the annotated
  terms stay as the exact ones. A finding that no common disease resembles is left out: it would give the class away
  without any medicine.
- A row that states no frequency has the interval `UNSTATED`, in every entry alike. Leaving such rows out would make of
  an OMIM entry, which states a frequency for 40 in 100 of its findings, what case series happened to count.
- Of more than `MAX_FINDINGS` the likeliest are kept. Ties are broken by a hash, not by id: the oldest ids are those of
  the face and the genitals, so the order of ids would turn every long list into a dysmorphic one.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence

from raretriage.cohort.profiles import Finding
from raretriage.knowledge import Annotation, Interval, Knowledge

MIN_ANNOTATED = 5
"""An entry that keeps fewer findings is not taken: it would be a list of background symptoms."""
MAX_FINDINGS = 24

UNSTATED = Interval(0.30, 0.79)
"""Share of patients with a finding whose row states none: HPO's "Frequent" (HP:0040282). Source: estimate.

Measured where the Orphanet entry of the same disease states what the OMIM entry does not (9,765 pairs, hpoa of
2025-01-16, Orphanet's exact OMIM mappings of 2025-12): "Frequent" is the median, the mean of the middles is 0.56.
"""

FREQUENT = 0.30
"""From here on a finding is typical; the lower end of HPO's "Frequent" (HP:0040282)."""

_MAX_EXACT = 6


class Filing:
    """The shared vocabulary as drawers: finds the one for each term, and remembers it."""

    def __init__(self, knowledge: Knowledge, vocabulary: Collection[str]) -> None:
        self._knowledge, self._shared = knowledge, frozenset(vocabulary)
        self._drawer: dict[str, str | None] = {}

    def drawer(self, hpo_id: str) -> str | None:
        """The nearest shared term that this one is, or is a kind of; None where there is none."""
        if hpo_id not in self._drawer:
            above = self._knowledge.ancestors(hpo_id)
            candidates = above & self._shared
            nearest = max(candidates, key=lambda term: (len(self._knowledge.ancestors(term)), term), default=None)
            self._drawer[hpo_id] = nearest
        return self._drawer[hpo_id]

    def findings(self, rows: Iterable[Annotation]) -> tuple[Finding, ...]:
        """The findings of one entry, the likeliest first; at most `MAX_FINDINGS`.

        Args:
            rows: its annotations; excluded ones and those that are no findings are passed over.
        """
        filed: dict[str, list[Annotation]] = {}
        for row in rows:
            if not row.excluded and (drawer := self.drawer(row.hpo_id)) is not None:
                filed.setdefault(drawer, []).append(row)
        found = [_finding(term, annotations) for term, annotations in filed.items()]
        return _likeliest(found, salt=next((r.disease_id for group in filed.values() for r in group), ""))


def typical(rows: Iterable[Annotation], at_least: float = FREQUENT) -> list[str]:
    """The terms of the rows that are present and stated to be frequent, or as frequent as wished."""
    return [r.hpo_id for r in rows if not r.excluded and r.interval is not None and r.interval.low >= at_least]


def _finding(term: str, rows: Sequence[Annotation]) -> Finding:
    """The shared term is present when its most frequent kind is: the interval is that one's."""
    ranked = (
        sorted(((row, row.interval) for row in rows), key=_rank) if len(rows) > 1 else [(rows[0], rows[0].interval)]
    )
    first, interval = ranked[0]
    exact = tuple(dict.fromkeys(row.hpo_id for row, _interval in ranked))[:_MAX_EXACT]
    if interval is None:
        return Finding(term, UNSTATED.low, UNSTATED.high, exact, "estimate")
    source = f"phenotype.hpoa {first.disease_id} {first.hpo_id} {first.reference}"
    return Finding(term, interval.low, interval.high, exact, source)


def _rank(stated: tuple[Annotation, Interval | None]) -> tuple[float, bool, str, str]:
    row, interval = stated
    likely = interval or UNSTATED
    return -(likely.low + likely.high), interval is None, row.hpo_id, row.reference


def _likeliest(findings: Sequence[Finding], salt: str) -> tuple[Finding, ...]:
    def rank(finding: Finding) -> tuple[float, bytes]:
        return -(finding.low + finding.high), hashlib.sha256(f"{salt} {finding.hpo_id}".encode()).digest()

    return tuple(sorted(findings, key=rank)[:MAX_FINDINGS])
