"""What do rare diseases look like? Their profiles, made from HPO's annotations by a written rule.

A disease is taken when `Knowledge.is_rare` says so and enough of its annotated findings are a kind of something
that common diseases show too. Each such finding is filed under the nearest term of the shared vocabulary; the
annotated terms stay as the exact ones. Findings that no common disease resembles are left out: they would give the
class away without any medicine. Its state is that of `profiles/rare_states.csv`, else chronic. Its ages and sex
are decided by `raretriage.cohort.onset` and `raretriage.cohort.sex_prior`.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from raretriage.cohort.errors import ProfileError
from raretriage.cohort.nuisance import Nuisance
from raretriage.cohort.onset import OnsetTable, ages_at_visit, load_onset_table, mean_years_since_onset, onset_of
from raretriage.cohort.profiles import (
    AGE_BANDS,
    MIN_FINDINGS,
    ORPHANET,
    Code,
    Course,
    Finding,
    Origin,
    Profile,
    read_table,
)
from raretriage.cohort.sex_prior import SexTable, load_sex_table, male_share
from raretriage.domain import State
from raretriage.knowledge import Annotation, Clause, Knowledge

CHRONIC_DISEASES = 160
"""How many rare chronic diseases are taken; the acute and mild ones are those of the table."""

MAX_FINDINGS = 24
_MIN_CHRONIC_FINDINGS = 10
_MAX_EXACT = 6
# A disease called so is not chronic; those that are acute beyond doubt are in rare_states.csv.
_NOT_CHRONIC = (
    "acute",
    "fever",
    "poison",
    "crisis",
    "infection",
    "embryo",
    "fetal",
    "lethal",
    "antenatal",
    "transient",
)


_NOT_A_LETTER_OR_DIGIT = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class _Priors:
    onset: OnsetTable
    sex: SexTable
    omim: Mapping[str, Sequence[str]]
    """Words of a name, see `_words` -> rare OMIM entries called so."""


def load_rare(
    knowledge: Knowledge, common: Sequence[Profile], vocabulary: Sequence[str], nuisance: Nuisance
) -> list[Profile]:
    """The rare diseases of the cohort, sorted by id; the same knowledge gives the same list.

    Args:
        knowledge: findings, frequencies and the rarity rule.
        common: their mean ages are given to those rare ones of the same state of whose onset nothing is known.
        vocabulary: shared vocabulary, see `raretriage.cohort.profiles.vocabulary`.
        nuisance: durations by state.

    Raises:
        ProfileError: `rare_states.csv` names a disease that is unknown, not rare, called otherwise, or has too few
            usable findings; or `rare_onset.csv` or `rare_sex.csv` has a row that cannot be used.
    """
    shared = frozenset(vocabulary)
    states = _states(knowledge)
    priors = _Priors(load_onset_table(knowledge), load_sex_table(knowledge), _omim_by_words(knowledge))
    ages = {state: _mean_ages([p for p in common if p.state is state]) for state in State}
    chosen: list[Profile] = []
    for disease in [*states, *_chronic_candidates(knowledge, states)]:
        if len(chosen) == len(states) + CHRONIC_DISEASES:
            break
        findings = _findings(knowledge, disease, shared)
        state = states.get(disease, State.CHRONIC)
        if len(findings) < (MIN_FINDINGS if disease in states else _MIN_CHRONIC_FINDINGS):
            if disease in states:
                raise ProfileError(f"rare_states.csv: {disease} has only {len(findings)} usable findings")
            continue
        profile = _profile(knowledge, disease, state, findings, ages[state], nuisance)
        chosen.append(_with_priors(knowledge, profile, priors))
    return sorted(chosen, key=lambda profile: int(profile.disease.removeprefix("ORPHA:")))


def _states(knowledge: Knowledge) -> dict[str, State]:
    states: dict[str, State] = {}
    for row in read_table("rare_states.csv"):
        disease = row.text("disease")
        if knowledge.disease_name(disease) != row.text("name"):
            raise row.fail(f"{disease} is called {knowledge.disease_name(disease)!r}, not {row.text('name')!r}")
        if knowledge.is_rare(disease) is not True:
            raise row.fail(f"{disease} is not rare by the rule of the knowledge")
        states[disease] = State(row.text("state"))
    return states


def _chronic_candidates(knowledge: Knowledge, taken: Mapping[str, State]) -> list[str]:
    """Rare ORPHA entries in an order that is fixed and that nobody chose: by a hash of the id."""
    candidates = [
        d.id
        for d in knowledge.diseases
        if d.id.startswith("ORPHA:")
        and d.clause.is_rare
        and d.id not in taken
        and not any(word in d.name.lower() for word in _NOT_CHRONIC)
    ]
    return sorted(candidates, key=lambda disease: hashlib.sha256(disease.encode()).digest())


def _findings(knowledge: Knowledge, disease: str, shared: frozenset[str]) -> tuple[Finding, ...]:
    filed: dict[str, list[Annotation]] = {}
    for annotation in knowledge.annotations(disease):
        if not annotation.excluded and annotation.interval is not None and knowledge.is_finding(annotation.hpo_id):
            candidates = knowledge.ancestors(annotation.hpo_id) & shared
            if candidates:
                nearest = max(candidates, key=lambda term: (len(knowledge.ancestors(term)), term))
                filed.setdefault(nearest, []).append(annotation)
    findings = [_finding(term, annotations) for term, annotations in filed.items()]
    findings.sort(key=lambda finding: (-finding.high, -finding.low, finding.hpo_id))
    return tuple(findings[:MAX_FINDINGS])


def _finding(term: str, annotations: Sequence[Annotation]) -> Finding:
    """The shared term is present when its most frequent kind is: the interval is that one's."""
    ranked = sorted(annotations, key=lambda a: (a.interval is None, -(a.interval.high if a.interval else 0), a.hpo_id))
    first = ranked[0].interval
    if first is None:
        raise ProfileError(f"{ranked[0].disease_id}: {term} has no frequency")
    source = f"phenotype.hpoa {ranked[0].disease_id} {ranked[0].hpo_id} {ranked[0].reference}"
    return Finding(term, first.low, first.high, tuple(a.hpo_id for a in ranked[:_MAX_EXACT]), source)


def _profile(
    knowledge: Knowledge,
    disease: str,
    state: State,
    findings: tuple[Finding, ...],
    ages: tuple[float, ...],
    nuisance: Nuisance,
) -> Profile:
    durations = {
        State.MILD: nuisance.duration.mild,
        State.ACUTE: nuisance.duration.acute,
        State.CHRONIC: nuisance.duration.chronic,
    }
    return Profile(
        disease=disease,
        name=knowledge.disease_name(disease) or disease,
        state=state,
        rare=True,
        origin=Origin.ORPHA,
        group=disease,
        codes=(Code(ORPHANET, disease.removeprefix("ORPHA:")),),
        weight=1.0,
        sex=None,
        ages=ages,
        duration=durations[state],
        course=Course.PERSISTENT if state is State.CHRONIC else Course.SELF_LIMITED,
        source="estimate",
        findings=findings,
    )


def _with_priors(knowledge: Knowledge, profile: Profile, priors: _Priors) -> Profile:
    """The profile with the ages and the sex that the annotations of its ORPHA and OMIM entries give it."""
    omim = priors.omim.get(_words(profile.name), ())
    rows = [row for entry in (profile.disease, *omim) for row in knowledge.annotations(entry)]
    onset = onset_of(knowledge, profile.name, rows, priors.onset)
    share, sex_clause = male_share(knowledge, profile.name, rows, priors.sex)
    profile = replace(profile, male_share=share, clauses=(onset.clause.value, sex_clause.value))
    if not onset.intervals:
        return profile
    years = mean_years_since_onset(profile.name, profile.state, is_inherited=bool(omim))
    ages, limits = ages_at_visit(onset, years)
    return replace(profile, ages=ages, age_limits=limits)


def _omim_by_words(knowledge: Knowledge) -> dict[str, list[str]]:
    """The OMIM entries that the knowledge calls rare because an ORPHA entry has the same name, by that name's words."""
    joined: dict[str, list[str]] = {}
    for entry in knowledge.diseases:
        if entry.clause is Clause.OMIM_JOINED_BY_NAME:
            joined.setdefault(_words(entry.name), []).append(entry.id)
    return joined


def _words(name: str) -> str:
    """A name without case, accents, punctuation and order of words, as the knowledge's rule compares names."""
    bare = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return " ".join(sorted(_NOT_A_LETTER_OR_DIGIT.sub(" ", bare).split()))


def _mean_ages(profiles: Sequence[Profile]) -> tuple[float, ...]:
    total = sum(profile.weight for profile in profiles) or 1.0
    shares = [[w / sum(p.ages) * p.weight / total for w in p.ages] for p in profiles]
    return tuple(sum(column) for column in zip(*shares, strict=True)) if shares else (1.0,) * len(AGE_BANDS)
