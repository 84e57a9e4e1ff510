"""What do rare diseases look like? Their profiles, made from HPO's annotations by written rules.

Every disease is taken that `Knowledge.is_rare` says is rare and of which an entry, ORPHA or OMIM, keeps at least
`MIN_ANNOTATED` findings in the shared vocabulary (`raretriage.cohort.annotated`). The entries of one disease are its
descriptions: each becomes a profile, and the disease's weight is split among them. All else, the state, the course,
the ages, the sex, the duration and the weight, is decided once a disease from the annotations of all its entries, so
that it cannot tell which entry a patient was drawn from.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from raretriage.cohort.annotated import MIN_ANNOTATED, Filing
from raretriage.cohort.durations import pooled_durations
from raretriage.cohort.nuisance import Nuisance
from raretriage.cohort.onset import (
    OnsetClause,
    OnsetTable,
    ages_at_visit,
    load_onset_table,
    mean_years_since_onset,
    onset_of,
)
from raretriage.cohort.profiles import AGE_BANDS, AGE_LIMITS, ORPHANET, Code, Course, Finding, Origin, Profile
from raretriage.cohort.rare_course import CourseClause, course_of, load_course_rules
from raretriage.cohort.rare_death import latest_age, load_death_rules
from raretriage.cohort.rare_rules import Rules
from raretriage.cohort.rare_state import StateClause, StateRules, load_state_rules, state_of
from raretriage.cohort.rare_weight import PrevalenceClause, weights
from raretriage.domain import State
from raretriage.knowledge import (
    Annotation,
    Knowledge,
    Prevalence,
    SexClause,
    SexTable,
    load_sex_table,
    male_share,
)

OMIM = "https://omim.org"
_ORIGINS = {"ORPHA": Origin.ORPHA, "OMIM": Origin.OMIM}


class LeftOut(StrEnum):
    """Why an entry that the knowledge calls rare is no profile."""

    OTHER_CATALOGUE = "other_catalogue"
    """Neither ORPHA nor OMIM: DECIPHER's entries, which state no frequency."""
    NOT_ANNOTATED = "not_annotated"
    """Nothing at all is annotated: a disorder of Orphanet's tables alone."""
    TOO_FEW_SHARED_FINDINGS = "too_few_shared_findings"
    KILLS_BEFORE_BIRTH = "kills_before_birth"
    """Nobody with it is seen at a visit."""
    HELD_FOR_BRIDGE = "held_for_bridge"
    """In the bridge set, so in no training."""


@dataclass(frozen=True, slots=True)
class Clauses:
    """Which sentence of each rule decided for a disease."""

    state: StateClause
    course: CourseClause
    onset: OnsetClause
    sex: SexClause
    weight: PrevalenceClause


@dataclass(frozen=True, slots=True)
class RareProfiles:
    """The rare diseases of the cohort, and an account of those that are not in it."""

    profiles: tuple[Profile, ...]
    """Sorted by group, the ORPHA description first."""
    clauses: Mapping[str, Clauses]
    """By group."""
    left_out: Mapping[str, LeftOut]
    """By entry. Entries of the profiles and these together are all that the knowledge calls rare."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Profiles by origin and state, diseases by the clause of each rule, entries left out by reason."""
        clauses = {
            rule: Counter(getattr(of_group, rule).value for of_group in self.clauses.values())
            for rule in Clauses.__slots__
        }
        counted = {
            "profiles by origin": Counter(profile.origin.value for profile in self.profiles),
            "profiles by state": Counter(profile.state.value for profile in self.profiles),
            "profiles by course": Counter(profile.course.value for profile in self.profiles),
            **{f"diseases by clause of {rule}": counter for rule, counter in clauses.items()},
            "entries left out": Counter(reason.value for reason in self.left_out.values()),
        }
        return {name: dict(counter.most_common()) for name, counter in counted.items()}


@dataclass(frozen=True, slots=True)
class Disease:
    """What all descriptions of one disease share."""

    group: str
    name: str
    rows: tuple[Annotation, ...]
    """Annotations of all its entries."""
    latest: float | None
    """See `raretriage.cohort.rare_death.latest_age`."""


class Priors:
    """The tables that give an annotated disease everything but its findings, read once."""

    def __init__(self, knowledge: Knowledge, common: Sequence[Profile]) -> None:
        self._knowledge = knowledge
        self._states: StateRules = load_state_rules(knowledge)
        self._courses: Rules[Course] = load_course_rules(knowledge)
        self._deaths: Rules[float] = load_death_rules(knowledge)
        self._onsets: OnsetTable = load_onset_table(knowledge)
        self._sexes: SexTable = load_sex_table(knowledge)
        self._durations = pooled_durations(common)
        self._ages = {state: _mean_ages([p for p in common if p.state is state]) for state in State}

    def disease(self, group: str, entries: Sequence[str], rows: Mapping[str, tuple[Annotation, ...]]) -> Disease:
        """The disease that these entries describe; it is called as the first of them that has a name."""
        name = self._knowledge.disease_name(group) or self._knowledge.disease_name(entries[0]) or group
        of_all = tuple(row for entry in entries for row in rows[entry])
        return Disease(group, name, of_all, latest_age(name, of_all, self._deaths))

    def state(self, disease: Disease) -> tuple[State, StateClause]:
        members = (disease.group, *self._knowledge.members(disease.group))
        return state_of(self._knowledge, members, disease.name, disease.rows, self._states)

    def course(self, disease: Disease, state: State) -> tuple[Course, CourseClause]:
        return course_of(self._knowledge, disease.name, disease.rows, state, self._courses)

    def profile(
        self,
        disease: Disease,
        entry: str,
        findings: tuple[Finding, ...],
        *,
        state: State,
        course: Course,
        rare: bool,
        codes: tuple[Code, ...],
        weight: float,
    ) -> tuple[Profile, OnsetClause, SexClause]:
        """The profile of one entry of a disease, and the clauses that gave it its ages and its sex."""
        share, sex_clause = male_share(self._knowledge, disease.name, disease.rows, self._sexes)
        ages, limits, onset_clause = self._ages_of(disease, state)
        profile = Profile(
            disease=entry,
            name=disease.name,
            state=state,
            rare=rare,
            origin=_ORIGINS[_catalogue(entry)],
            group=disease.group,
            codes=codes,
            weight=weight,
            sex=None,
            ages=ages,
            duration=self._durations[state, course],
            course=course,
            source="estimate",
            findings=findings,
            male_share=share,
            age_limits=limits,
            clauses=(onset_clause.value, sex_clause.value),
        )
        return profile, onset_clause, sex_clause

    def _ages_of(self, disease: Disease, state: State) -> tuple[tuple[float, ...], tuple[float, float], OnsetClause]:
        """Shares of the age bands, youngest and oldest age, and the clause that decided."""
        entries = (disease.group, *self._knowledge.members(disease.group))
        groups = next((words for entry in entries if (words := self._knowledge.onset_classes(entry))), ())
        onset = onset_of(
            self._knowledge, disease.name, disease.rows, self._onsets, age_groups=groups, latest=disease.latest
        )
        if not onset.intervals:
            return self._ages[state], AGE_LIMITS, onset.clause
        inherited = any(row.disease_id.startswith("OMIM:") for row in disease.rows)
        years = mean_years_since_onset(disease.name, state, is_inherited=inherited)
        return *ages_at_visit(onset, years, disease.latest), onset.clause


def load_rare(
    knowledge: Knowledge,
    common: Sequence[Profile],
    vocabulary: Sequence[str],
    nuisance: Nuisance,
    held_back: frozenset[str] = frozenset(),
) -> RareProfiles:
    """The rare diseases of the cohort; the same knowledge gives the same ones.

    Args:
        knowledge: findings, frequencies, groups, prevalence and the rarity rule.
        common: their ages by state and durations by state and course are given to the rare ones.
        vocabulary: shared vocabulary, see `raretriage.cohort.profiles.vocabulary`.
        nuisance: how far prevalence counts.
        held_back: groups that may not be among the profiles.

    Raises:
        ProfileError: a table of the rules (`rare_*.csv`) has a row that cannot be used.
    """
    filing, priors = Filing(knowledge, vocabulary), Priors(knowledge, common)
    profiles: list[Profile] = []
    clauses: dict[str, Clauses] = {}
    left_out: dict[str, LeftOut] = {}
    groups = _by_group(knowledge, left_out)
    weight_of = weights({group: _prevalence(knowledge, group) for group in groups}, nuisance.rare.prevalence_exponent)
    for group, entries in groups.items():
        rows = {entry: tuple(knowledge.annotations(entry)) for entry in entries}
        disease = priors.disease(group, entries, rows)
        described: dict[str, tuple[Finding, ...]] = {}
        for entry in entries:
            findings = filing.findings(rows[entry])
            if (reason := _reason(disease, findings, held_back)) is None:
                described[entry] = findings
            else:
                left_out[entry] = reason
        if described:
            made, clauses[group] = _profiles(priors, disease, described, *weight_of[group])
            profiles += made
    return RareProfiles(tuple(profiles), clauses, left_out)


def _by_group(knowledge: Knowledge, left_out: dict[str, LeftOut]) -> dict[str, list[str]]:
    """Annotated rare entries by group, groups by number, ORPHA first; the others go to `left_out`."""
    groups: dict[str, list[str]] = {}
    for disease in knowledge.diseases:
        if not disease.clause.is_rare:
            continue
        if _catalogue(disease.id) not in _ORIGINS:
            left_out[disease.id] = LeftOut.OTHER_CATALOGUE
        elif next(knowledge.annotations(disease.id), None) is None:
            left_out[disease.id] = LeftOut.NOT_ANNOTATED
        else:
            groups.setdefault(disease.group, []).append(disease.id)
    ordered = sorted(groups, key=_by_number)
    return {group: sorted(groups[group], key=_by_number) for group in ordered}


def _reason(disease: Disease, findings: Sequence[Finding], held_back: frozenset[str]) -> LeftOut | None:
    if disease.group in held_back:
        return LeftOut.HELD_FOR_BRIDGE
    if disease.latest == 0:
        return LeftOut.KILLS_BEFORE_BIRTH
    return LeftOut.TOO_FEW_SHARED_FINDINGS if len(findings) < MIN_ANNOTATED else None


def _profiles(
    priors: Priors,
    disease: Disease,
    described: Mapping[str, tuple[Finding, ...]],
    weight: float,
    weight_clause: PrevalenceClause,
) -> tuple[list[Profile], Clauses]:
    state, state_clause = priors.state(disease)
    course, course_clause = priors.course(disease, state)
    first = next(iter(described))
    profile, onset_clause, sex_clause = priors.profile(
        disease,
        first,
        described[first],
        state=state,
        course=course,
        rare=True,
        codes=(_code(disease.group),),
        weight=weight / len(described),
    )
    profiles = [
        replace(profile, disease=entry, origin=_ORIGINS[_catalogue(entry)], findings=findings)
        for entry, findings in described.items()
    ]
    return profiles, Clauses(state_clause, course_clause, onset_clause, sex_clause, weight_clause)


def _prevalence(knowledge: Knowledge, group: str) -> Prevalence | None:
    entries = (group, *knowledge.members(group))
    return next((found for entry in entries if (found := knowledge.prevalence(entry)) is not None), None)


def _code(group: str) -> Code:
    """How a hospital codes the disease: the group's, so that it does not tell which entry the findings are from."""
    catalogue, _, number = group.partition(":")
    return Code(ORPHANET if catalogue == "ORPHA" else OMIM, number)


def _catalogue(disease_id: str) -> str:
    return disease_id.partition(":")[0]


def _by_number(disease_id: str) -> tuple[bool, str, int]:
    catalogue, _, number = disease_id.partition(":")
    return catalogue != "ORPHA", catalogue, int(number)


def _mean_ages(profiles: Sequence[Profile]) -> tuple[float, ...]:
    total = sum(profile.weight for profile in profiles) or 1.0
    shares = [[w / sum(p.ages) * p.weight / total for w in p.ages] for p in profiles]
    return tuple(sum(column) for column in zip(*shares, strict=True)) if shares else (1.0,) * len(AGE_BANDS)
