"""What is in the simulated cohort? Counts and shares of a drawn sample, and where the numbers behind it come from.

Everything is counted on visits that the one sampler drew; nothing is computed from the parameters but the list of
profiles to review, which goes by how often a profile is drawn.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from raretriage.cohort import SAMPLER_VERSION, Catalogue, Chunk, CohortSpec, Profile, chunk_count, sample_chunk
from raretriage.cohort.catalogue import STATES
from raretriage.cohort.profiles import read_table
from raretriage.domain import VITALS, State
from raretriage.knowledge import Knowledge
from raretriage.validity.stories import Story, link_of, tell_stories

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

AGE_EDGES = (0.0, 1.0, 5.0, 15.0, 30.0, 45.0, 65.0, 80.0)
"""Years at which the age bands of the report begin; the last has no end."""
QUANTILES = (0.05, 0.25, 0.50, 0.75, 0.95)
REVIEW_FIRST = 12
"""How many common and how many rare profiles are named for review."""


class Kind(StrEnum):
    """Why somebody comes."""

    WELL = "not ill"
    COMMON = "common disease"
    RARE = "rare disease"


@dataclass(frozen=True, slots=True)
class ClassRow:
    """Visits with one state, rare or not."""

    state: State
    is_rare: bool
    visits: int
    share: float
    """Of all visits."""
    emergency: float
    """Share that came to the emergency department."""
    median_age: float
    days: tuple[float, ...]
    """`QUANTILES` of the days that the complaint has lasted; empty where none is known."""
    dated: int
    """Visits whose duration is known."""


@dataclass(frozen=True, slots=True)
class AgeRow:
    """Visits of one state by age band."""

    state: State
    visits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FindingRow:
    """How many findings are written at visits of one kind: `observed[k]` visits have k."""

    kind: Kind
    observed: tuple[int, ...]
    excluded: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MissingRow:
    """How often a field is not known, by kind of visit."""

    field: str
    shares: dict[Kind, float]


@dataclass(frozen=True, slots=True)
class QuarterRow:
    """Visits of one calendar quarter by state, in the order of `State`."""

    quarter: str
    visits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SiteRow:
    name: str
    visits: int
    emergency: float
    rare: float
    without_pulse: float


@dataclass(frozen=True, slots=True)
class SourceRow:
    """Where the numbers of one table come from."""

    table: str
    rows: int
    by_kind: dict[str, int]
    """`estimate`, or the kind of source: the first word of the source."""

    @property
    def estimates(self) -> float:
        """Share of the rows that say `estimate`."""
        return self.by_kind.get("estimate", 0) / self.rows


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """How many diseases one clause of the rarity rule decides."""

    clause: str
    verdict: str
    diseases: int
    profiles: int
    """Of them, those with a profile in the cohort."""


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A profile that a clinician should look at."""

    disease: str
    name: str
    link: str
    is_rare: bool
    state: State
    share: float
    """Of all patients, by what brings them the first time."""
    estimates: float
    """Share of its intervals that are estimates."""
    findings: int


@dataclass(frozen=True, slots=True)
class CohortSummary:
    """All that the report says of the cohort itself. Every patient in it is simulated."""

    spec: CohortSpec
    sampler_version: str
    knowledge_version: str
    rarity_rule: str
    common_profiles: int
    rare_profiles: int
    patients: int
    visits: int
    visits_by_kind: dict[Kind, int]
    classes: tuple[ClassRow, ...]
    ages: tuple[AgeRow, ...]
    findings: tuple[FindingRow, ...]
    missing: tuple[MissingRow, ...]
    quarters: tuple[QuarterRow, ...]
    sites: tuple[SiteRow, ...]
    sources: tuple[SourceRow, ...]
    clauses: tuple[ClauseRow, ...]
    review: tuple[ReviewRow, ...]
    stories: tuple[Story, ...]


def summarise(
    spec: CohortSpec,
    catalogue: Catalogue,
    knowledge: Knowledge,
    *,
    progress: Callable[[int], object] = lambda _patients: None,
) -> CohortSummary:
    """Draw the specification's patients and count.

    Memory grows with the patients: a few thousand are enough for the shares, and 5,000 take seconds.

    Args:
        spec: which patients; all of them are drawn.
        catalogue: the profiles, of the training or of the bridge set.
        knowledge: the rarity rule's clauses.
        progress: called with the number of patients newly drawn.
    """
    chunks = []
    for number in range(chunk_count(spec)):
        chunks.append(sample_chunk(spec, catalogue, number))
        progress(len(chunks[-1].patients.disease))
    seen = _Seen.of(chunks, catalogue)
    return CohortSummary(
        spec=spec,
        sampler_version=SAMPLER_VERSION,
        knowledge_version=knowledge.version,
        rarity_rule=knowledge.rarity_rule,
        common_profiles=int((~catalogue.rare).sum()),
        rare_profiles=int(catalogue.rare.sum()),
        patients=sum(len(c.patients.disease) for c in chunks),
        visits=len(seen.state),
        visits_by_kind={kind: int((seen.kind == row).sum()) for row, kind in enumerate(Kind)},
        classes=_classes(seen),
        ages=_ages(seen),
        findings=_findings(seen),
        missing=_missing(seen),
        quarters=_quarters(seen, spec.first_day),
        sites=_sites(seen, spec),
        sources=_sources(catalogue),
        clauses=_clauses(knowledge, catalogue),
        review=_review(spec, catalogue),
        stories=tell_stories(spec, catalogue, chunks),
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """All visits as arrays, shape (n,)."""

    kind: Ints
    state: Ints
    rare: Bools
    age: Floats
    days: Floats
    day: Ints
    site: Ints
    is_emergency: Bools
    observed: Ints
    excluded: Ints
    unknown: dict[str, Bools]

    @classmethod
    def of(cls, chunks: Sequence[Chunk], catalogue: Catalogue) -> "_Seen":
        def ints(get: Callable[[Chunk], Ints | Bools]) -> Ints:
            return np.concatenate([get(chunk) for chunk in chunks]).astype(np.int64)

        def floats(get: Callable[[Chunk], Floats]) -> Floats:
            return np.concatenate([get(chunk) for chunk in chunks]).astype(np.float64)

        disease = ints(lambda c: c.visits.disease)
        rare = (disease >= 0) & catalogue.rare[disease.clip(min=0)]
        days = floats(lambda c: c.visits.days)
        measured = {
            vital: np.concatenate([getattr(chunk.visits.measured, vital) for chunk in chunks])
            for vital in (*VITALS, "pain")
        }
        return cls(
            kind=np.where(disease < 0, 0, np.where(rare, 2, 1)),
            state=ints(lambda c: c.visits.state),
            rare=ints(lambda c: c.visits.rare) == 1,
            age=floats(lambda c: c.visits.age_years),
            days=days,
            day=ints(lambda c: c.visits.day),
            site=ints(lambda c: c.visits.site),
            is_emergency=ints(lambda c: c.visits.is_emergency) == 1,
            observed=ints(lambda c: (c.visits.recorded.observed >= 0).sum(axis=1)),
            excluded=ints(lambda c: (c.visits.recorded.excluded >= 0).sum(axis=1)),
            unknown={name: np.isnan(values) for name, values in {**measured, "days": days}.items()},
        )


def _classes(seen: _Seen) -> tuple[ClassRow, ...]:
    rows = []
    for number, state in enumerate(STATES):
        for is_rare in (False, True):
            members = (seen.state == number) & (seen.rare == is_rare)
            if not members.any():
                continue
            days = seen.days[members & ~np.isnan(seen.days)]
            rows.append(
                ClassRow(
                    state=state,
                    is_rare=is_rare,
                    visits=int(members.sum()),
                    share=float(members.mean()),
                    emergency=float(seen.is_emergency[members].mean()),
                    median_age=float(np.median(seen.age[members])),
                    days=tuple(np.quantile(days, QUANTILES).tolist()) if len(days) else (),
                    dated=len(days),
                )
            )
    return tuple(rows)


def _ages(seen: _Seen) -> tuple[AgeRow, ...]:
    band = np.searchsorted(AGE_EDGES, seen.age, side="right") - 1
    return tuple(
        AgeRow(state, tuple(np.bincount(band[seen.state == row], minlength=len(AGE_EDGES)).tolist()))
        for row, state in enumerate(STATES)
    )


def _findings(seen: _Seen) -> tuple[FindingRow, ...]:
    most, most_excluded = int(seen.observed.max(initial=0)) + 1, int(seen.excluded.max(initial=0)) + 1
    return tuple(
        FindingRow(
            kind=kind,
            observed=tuple(np.bincount(seen.observed[seen.kind == row], minlength=most).tolist()),
            excluded=tuple(np.bincount(seen.excluded[seen.kind == row], minlength=most_excluded).tolist()),
        )
        for row, kind in enumerate(Kind)
    )


def _missing(seen: _Seen) -> tuple[MissingRow, ...]:
    return tuple(
        MissingRow(
            field,
            {kind: _mean(unknown[seen.kind == row]) for row, kind in enumerate(Kind)},
        )
        for field, unknown in seen.unknown.items()
    )


def _quarters(seen: _Seen, first_day: date) -> tuple[QuarterRow, ...]:
    counts: dict[str, Counter[int]] = {}
    days, of_visit = np.unique(seen.day, return_inverse=True)
    names = [quarter_of(first_day + timedelta(days=int(day))) for day in days]
    for name, state in zip((names[i] for i in of_visit.tolist()), seen.state.tolist(), strict=True):
        counts.setdefault(name, Counter())[state] += 1
    return tuple(QuarterRow(name, tuple(counts[name][row] for row in range(len(STATES)))) for name in sorted(counts))


def quarter_of(day: date) -> str:
    """The calendar quarter as it sorts.

    >>> quarter_of(date(2023, 10, 1))
    '2023 Q4'
    """
    return f"{day.year} Q{(day.month + 2) // 3}"


def _sites(seen: _Seen, spec: CohortSpec) -> tuple[SiteRow, ...]:
    rows = []
    for number, name in enumerate(spec.all_sites):
        members = seen.site == number
        if members.any():
            rows.append(
                SiteRow(
                    name=name,
                    visits=int(members.sum()),
                    emergency=_mean(seen.is_emergency[members]),
                    rare=_mean(seen.rare[members]),
                    without_pulse=_mean(seen.unknown["heart_rate"][members]),
                )
            )
    return tuple(rows)


_TABLES = {
    "background symptoms": "background.csv",
    "vital signs of the well": "vital_centiles.csv",
    "effects of findings on vital signs": "vital_effects.csv",
}


def _sources(catalogue: Catalogue) -> tuple[SourceRow, ...]:
    found: dict[str, list[str]] = {"findings of common diseases": [], "findings of rare diseases": []}
    for profile in catalogue.profiles:
        name = "findings of rare diseases" if profile.rare else "findings of common diseases"
        found[name] += [finding.source for finding in profile.findings]
    found["age, sex, duration of common diseases"] = [p.source for p in catalogue.profiles if not p.rare]
    for name, table in _TABLES.items():
        found[name] = [row.text("source") for row in read_table(table)]
    return tuple(
        SourceRow(name, len(sources), dict(Counter(kind_of_source(s) for s in sources).most_common()))
        for name, sources in found.items()
        if sources
    )


def kind_of_source(source: str) -> str:
    """The kind of a source: what stands before its first number or name.

    >>> [kind_of_source(s) for s in ("estimate", "DOI:10.1/x", "NHANES 2009-2012 Pulse, n=75", "PMID:15286277")]
    ['estimate', 'DOI', 'NHANES', 'PMID']
    """
    return source.replace(":", " ").split()[0]


_VERDICTS = {True: "rare", False: "common", None: "no verdict"}


def _clauses(knowledge: Knowledge, catalogue: Catalogue) -> tuple[ClauseRow, ...]:
    clause_of = {d.id: d.clause for d in knowledge.diseases}
    diseases = Counter(clause_of.values())
    # a disease of the table is judged as its Orphanet entry, where it has one
    entries = (p.disease if p.disease in clause_of else p.group for p in catalogue.profiles)
    profiles = Counter(clause_of[entry] for entry in entries if entry in clause_of)
    ordered = sorted(diseases, key=lambda clause: (list(_VERDICTS).index(clause.is_rare), -diseases[clause]))
    return tuple(
        ClauseRow(clause.value.replace("_", " "), _VERDICTS[clause.is_rare], diseases[clause], profiles[clause])
        for clause in ordered
    )


def _review(spec: CohortSpec, catalogue: Catalogue) -> tuple[ReviewRow, ...]:
    """Most drawn and least sourced first: the share of patients times the share of estimates."""
    shares = first_visit_shares(spec, catalogue)
    rows = [
        ReviewRow(
            disease=profile.disease,
            name=profile.name,
            link=link_of(profile),
            is_rare=profile.rare,
            state=profile.state,
            share=float(share),
            estimates=_estimates(profile),
            findings=len(profile.findings),
        )
        for profile, share in zip(catalogue.profiles, shares, strict=True)
    ]
    rows.sort(key=lambda row: (-row.share * row.estimates, row.disease))
    common = [row for row in rows if not row.is_rare][:REVIEW_FIRST]
    return (*common, *[row for row in rows if row.is_rare][:REVIEW_FIRST])


def first_visit_shares(spec: CohortSpec, catalogue: Catalogue) -> Floats:
    """Share of patients whom each disease brings the first time, shape (diseases,); the healthy are the rest."""
    shares = np.zeros(len(catalogue.profiles))
    common = ~catalogue.rare
    sick = 1 - spec.rare_share - spec.healthy_share
    shares[common] = sick * catalogue.weight[common] / catalogue.weight[common].sum()
    wanted = catalogue.nuisance.rare
    for state, share in ((State.MILD, wanted.mild), (State.ACUTE, wanted.acute), (State.CHRONIC, wanted.chronic)):
        members = catalogue.rare & (catalogue.state == STATES.index(state))
        if members.any():
            shares[members] = spec.rare_share * share * catalogue.weight[members] / catalogue.weight[members].sum()
    return shares


def _estimates(profile: Profile) -> float:
    return sum(f.source == "estimate" for f in profile.findings) / len(profile.findings)


def _mean(values: Bools) -> float:
    return float(values.mean()) if len(values) else float("nan")
