"""At what age does a rare disease begin, and at what age are its patients seen? By the annotations, in this order:

1. Onset annotated as the course of the disease, in any entry of its group.
2. Orphanet's age groups, where its tables were given.
3. The earliest onset annotated to one of its findings.
4. Words of the disease's name (congenital, juvenile, microdeletion).
5. A finding, frequent or more, that by its definition appears early in life (failure to thrive).
6. Most patients die before they are grown up (`raretriage.cohort.rare_death`): it begins before that.
7. Nothing: the mean ages of common diseases with its state.

What terms, words and findings mean in years is `profiles/rare_onset.csv`. Patients live on after onset, so they are
seen at onset or later: years since onset are exponential, cut at five means and at the age at which most have died.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, reduce

import numpy as np

from raretriage.cohort.annotated import typical
from raretriage.cohort.profiles import AGE_BANDS, read_table
from raretriage.cohort.rare_rules import term
from raretriage.domain import State
from raretriage.knowledge import Annotation, Knowledge, has_words

LASTING_YEARS = 12.0
"""Mean years from onset to a visit: 71 % of those with a congenital disease are seen before 15. Source: estimate."""
PASSING_YEARS = 1.0
"""The same for a disease that passes: its name says so. Source: estimate."""
EPISODE_YEARS = 0.2
"""The same for an acute disease that is not inherited (no OMIM entry): it comes once. Source: estimate."""
GROWN_UP_YEARS = 20.0
"""A disease of which most die before this age has begun by then."""

_PASSING = re.compile(r"\b(self-limited|transient|of infancy|of pregnancy)\b", re.IGNORECASE)
_LONGEST = 5.0
_UNKNOWN_SHARE = 0.5
"""Weight of an onset without a frequency, against those with one. Source: estimate."""
_PLAIN_WORDS = frozenset({"class", "name"})
_GRID = np.linspace(0.0, 1.0, 41)

Years = tuple[float, float]


class OnsetClause(StrEnum):
    """Which sentence of the rule gave a rare disease its ages."""

    ANNOTATED_COURSE = "annotated_course"
    ORPHANET_AGE_GROUP = "orphanet_age_group"
    ANNOTATED_FINDING_ONSET = "annotated_finding_onset"
    NAME = "name"
    EARLY_FINDING = "early_finding"
    EARLY_DEATH = "early_death"
    MEAN_OF_COMMON = "mean_of_common"


@dataclass(frozen=True, slots=True)
class Onset:
    """When a disease begins: intervals of age in years with their weights. Empty if nothing is known."""

    clause: OnsetClause
    intervals: tuple[tuple[Years, float], ...] = ()


@dataclass(frozen=True, slots=True)
class OnsetTable:
    """`rare_onset.csv`: ages at onset in years, by HPO onset term, Orphanet's age group, word of a name, finding."""

    course: dict[str, Years]
    age_group: dict[str, Years]
    name: dict[str, Years]
    finding: dict[str, Years]


def load_onset_table(knowledge: Knowledge, text: str | None = None) -> OnsetTable:
    """Read the shipped table, or `text` in the same format.

    Raises:
        ProfileError: an unknown kind, HPO id or label, or a reversed interval; file and line are named.
    """
    table = OnsetTable({}, {}, {}, {})
    kinds = {"course": table.course, "class": table.age_group, "name": table.name, "finding": table.finding}
    for row in read_table("rare_onset.csv", text):
        kind = row.text("kind")
        if kind not in kinds:
            raise row.fail(f"kind: {kind!r}, expected one of {', '.join(kinds)}")
        low, high = row.number("onset_from_years", 0, 120), row.number("onset_to_years", 0, 120)
        if low > high:
            raise row.fail(f"the onset is reversed: {low:g} is above {high:g}")
        row.text("source")
        kinds[kind][row.text("key") if kind in _PLAIN_WORDS else term(row, knowledge)] = (low, high)
    return table


def onset_of(
    knowledge: Knowledge,
    name: str,
    rows: Sequence[Annotation],
    table: OnsetTable,
    *,
    age_groups: Sequence[str] = (),
    latest: float | None = None,
) -> Onset:
    """The onset of a disease.

    Args:
        knowledge: what each finding is a kind of.
        name: the disease's name.
        rows: annotations of its entries, ORPHA and OMIM.
        table: see `load_onset_table`.
        age_groups: Orphanet's words; one that the table does not have is passed over, as "No data available" is.
        latest: years of age by which most patients have died, if known.
    """
    present = [row for row in rows if not row.excluded]
    if course := tuple((table.course[r.hpo_id], _share(r)) for r in present if r.hpo_id in table.course):
        return Onset(OnsetClause.ANNOTATED_COURSE, course)
    if groups := tuple((table.age_group[word], 1.0) for word in age_groups if word in table.age_group):
        return Onset(OnsetClause.ORPHANET_AGE_GROUP, groups)
    if begins := [table.course[r.onset] for r in present if r.onset in table.course]:
        return Onset(OnsetClause.ANNOTATED_FINDING_ONSET, ((min(begins), 1.0),))
    if named := [years for words, years in table.name.items() if has_words(name, words)]:
        return Onset(OnsetClause.NAME, ((_earliest(named), 1.0),))
    shown = map(knowledge.ancestors, typical(present))
    if above := reduce(frozenset.union, shown, frozenset[str]()) & table.finding.keys():
        return Onset(OnsetClause.EARLY_FINDING, ((_earliest([table.finding[x] for x in above]), 1.0),))
    if latest is not None and latest <= GROWN_UP_YEARS:
        return Onset(OnsetClause.EARLY_DEATH, (((0.0, latest), 1.0),))
    return Onset(OnsetClause.MEAN_OF_COMMON)


def mean_years_since_onset(name: str, state: State, *, is_inherited: bool) -> float:
    """Mean of the years that a patient has had the disease when seen."""
    if state is State.ACUTE and not is_inherited:
        return EPISODE_YEARS
    return PASSING_YEARS if _PASSING.search(name) else LASTING_YEARS


@lru_cache(maxsize=4096)  # a few hundred onsets for thousands of diseases
def ages_at_visit(onset: Onset, mean_years: float, latest: float | None = None) -> tuple[tuple[float, ...], Years]:
    """Ages at which patients are seen: onset, even over its interval, plus exponential years.

    Args:
        onset: with at least one interval.
        mean_years: mean of the years since onset.
        latest: years of age by which most patients have died. One that is not after the earliest onset contradicts
            it, and is passed over.

    Returns:
        Shares of `AGE_BANDS`, and the youngest and oldest age that occur.
    """
    youngest = min(low for (low, _high), _weight in onset.intervals)
    oldest = min(AGE_BANDS[-1][1], max(high for (_low, high), _weight in onset.intervals) + _LONGEST * mean_years)
    if latest is not None and latest > youngest:
        oldest = min(oldest, latest)
    edges = np.array([*(low for low, _high in AGE_BANDS), AGE_BANDS[-1][1]]).clip(youngest, oldest)
    seen_by = np.zeros(len(edges))
    for (low, high), weight in onset.intervals:
        since = (edges[:, None] - (low + (high - low) * _GRID)).clip(min=0)
        seen_by += weight * (1 - np.exp(-since / mean_years)).mean(axis=1)
    shares = np.diff(seen_by)
    return tuple((shares / shares.sum()).tolist()), (youngest, oldest)


def _share(row: Annotation) -> float:
    return _UNKNOWN_SHARE if row.interval is None else (row.interval.low + row.interval.high) / 2


def _earliest(intervals: Sequence[Years]) -> Years:
    """The one that ends first: a disease has begun by the time that its first sign has."""
    return min(intervals, key=lambda years: (years[1], years[0]))
