"""All profiles as arrays: what the sampler draws from. Built once per cohort."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raretriage.cohort.crossed import Crossed, load_crossed
from raretriage.cohort.nuisance import Nuisance, load_nuisance
from raretriage.cohort.profiles import (
    ICD_10,
    Course,
    Origin,
    Profile,
    Weighted,
    load_background,
    load_common,
    read_table,
    vocabulary,
)
from raretriage.cohort.rare import RareProfiles, load_rare
from raretriage.domain import Sex, State
from raretriage.knowledge import Knowledge, load_sex_table

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CHANNELS = ("temperature_c", "heart_rate", "respiratory_rate", "systolic_bp", "diastolic_bp", "spo2", "pain")
STATES: tuple[State, ...] = tuple(State)
COURSES: tuple[Course, ...] = tuple(Course)
_MIN_DEPTH = 3  # the root and the organ systems below it say too little to be written by anybody


@dataclass(frozen=True, slots=True)
class Terms:
    """Every HPO term that may be written, by number (row), and what is known of it."""

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    snomed: tuple[str, ...]
    """A SNOMED CT code with this meaning, or ''."""
    coarser: Ints
    """Row of the next coarser term, or its own row where there is none worth writing; shape (terms,)."""
    is_a: Bools
    """is_a[t, v]: term t is v or a kind of v; shape (terms, terms)."""
    only_sex: Ints
    """0 where only women can have it, 1 only men, -1 both; shape (terms,)."""
    effects: Floats
    """Shift of each of `CHANNELS` by a finding, shape (terms, channels)."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Profiles as arrays; D diseases, S findings at most, M exact terms at most. -1 pads."""

    profiles: tuple[Profile, ...]
    """Common ones first, in the table's order, then the rare ones."""
    terms: Terms
    nuisance: Nuisance
    state: Ints
    rare: Bools
    weight: Floats
    sex: Ints
    """0 female, 1 male, -1 both; shape (D,)."""
    male_share: Floats
    """Share of men among the patients, 0 or 1 where only one sex has it; shape (D,)."""
    ages: Floats
    """Shares of the age bands, shape (D, 5); rows add up to 1."""
    age_limits: Floats
    """Youngest and oldest age in years, shape (D, 2)."""
    duration: Floats
    """log10 days, 10th and 90th percentile, shape (D, 2)."""
    course: Ints
    """Row in `COURSES`, shape (D,)."""
    pregnancy: Bools
    """ICD-10 chapter O: only pregnant women have it."""
    finding: Ints
    low: Floats
    high: Floats
    """Term row and probability interval of each finding, shape (D, S)."""
    exact: Ints
    """Exact terms of each finding, shape (D, S, M)."""
    exact_count: Ints
    background: Ints
    background_share: Floats
    asked: Ints
    asked_share: Floats
    """Terms that anybody may be asked for, and how often, from the common diseases."""


@dataclass(frozen=True, slots=True)
class _Tables:
    """What every catalogue of a knowledge shares: the common table, and the vocabulary that it makes."""

    common: list[Profile]
    background: list[Weighted]
    shared: tuple[str, ...]
    crossed: Crossed
    nuisance: Nuisance


def build_catalogue(knowledge: Knowledge) -> Catalogue:
    """Load all tables, make the rare profiles, and lay everything out as arrays. Nothing of the bridge set is in it.

    Raises:
        ProfileError: a table has a row that cannot be used.
    """
    tables = _load_tables(knowledge)
    rare = alike(_rare(knowledge, tables).profiles, tables.crossed.cohort)
    profiles = (*tables.common, *tables.crossed.cohort, *rare)
    return _catalogue(knowledge, tables, balanced(profiles, tables.nuisance))


def build_bridge_catalogue(knowledge: Knowledge) -> Catalogue:
    """The bridge set (`raretriage.cohort.crossed`) as a catalogue, for the same sampler: common ones, then rare ones.

    Vocabulary, background symptoms and questions asked are those of `build_catalogue`, so that nothing but the
    profiles differs. Comorbidities and other causes of a visit are drawn from its own common diseases.

    Raises:
        ProfileError: a table has a row that cannot be used.
    """
    tables = _load_tables(knowledge)
    return _catalogue(knowledge, tables, tables.crossed.bridge)


def rare_profiles(knowledge: Knowledge) -> RareProfiles:
    """The rare diseases of `build_catalogue` with the clauses that decided, and those that were left out."""
    return _rare(knowledge, _load_tables(knowledge))


def alike(annotated: Sequence[Profile], written: Sequence[Profile]) -> tuple[Profile, ...]:
    """The annotated descriptions; where the table has the disease too, with everything but findings as the table says.

    Otherwise state, age, sex or duration would tell who described a patient's disease.
    """
    tables = {profile.group: profile for profile in written if profile.rare}
    return tuple(
        replace(profile, **{name: getattr(tables[profile.group], name) for name in _OF_THE_DISEASE})
        if profile.group in tables
        else profile
        for profile in annotated
    )


_OF_THE_DISEASE = ("state", "course", "sex", "male_share", "ages", "age_limits", "duration")


def balanced(profiles: Sequence[Profile], nuisance: Nuisance) -> tuple[Profile, ...]:
    """The same profiles, weighted so that each class comes in both kinds of words, by the shares of the nuisance.

    Among the rare diseases of a state, and among the common ones, the weights of the written (`Origin.TABLE`) and of
    the annotated add up to those shares; a kind that is not there leaves its share to the other.
    """
    sides = [(profile.rare, profile.state if profile.rare else None) for profile in profiles]
    total: dict[tuple[object, bool], float] = {}
    for side, profile in zip(sides, profiles, strict=True):
        key = side, profile.origin is Origin.TABLE
        total[key] = total.get(key, 0.0) + profile.weight
    weighed = []
    for side, profile in zip(sides, profiles, strict=True):
        written, is_written = nuisance.words.written(rare=profile.rare), profile.origin is Origin.TABLE
        share = written if is_written else 1 - written
        weighed.append(replace(profile, weight=share * profile.weight / total[side, is_written]))
    return tuple(weighed)


def _load_tables(knowledge: Knowledge) -> _Tables:
    common, background = load_common(knowledge), load_background(knowledge)
    shared = vocabulary(common, background)
    return _Tables(common, background, shared, load_crossed(knowledge, common, shared), load_nuisance())


def _rare(knowledge: Knowledge, tables: _Tables) -> RareProfiles:
    return load_rare(knowledge, tables.common, tables.shared, tables.nuisance, tables.crossed.held_back)


def _catalogue(knowledge: Knowledge, tables: _Tables, profiles: tuple[Profile, ...]) -> Catalogue:
    terms = _terms(knowledge, profiles, tables.shared)
    row_of = {hpo_id: row for row, hpo_id in enumerate(terms.ids)}
    slots = max(len(p.findings) for p in profiles)
    finding = np.full((len(profiles), slots), -1, dtype=np.int64)
    low, high = np.zeros(finding.shape), np.zeros(finding.shape)
    members = max(len(f.exact) for p in profiles for f in p.findings)
    exact = np.full((*finding.shape, members), -1, dtype=np.int64)
    for d, profile in enumerate(profiles):
        for s, f in enumerate(profile.findings):
            finding[d, s], low[d, s], high[d, s] = row_of[f.hpo_id], f.low, f.high
            exact[d, s, : len(f.exact)] = [row_of[x] for x in f.exact]
    asked, asked_share = _asked(tables.common, row_of)
    symptom_weights = np.array([symptom.weight for symptom in tables.background])
    return Catalogue(
        profiles=profiles,
        terms=terms,
        nuisance=tables.nuisance,
        state=np.array([STATES.index(p.state) for p in profiles], dtype=np.int64),
        rare=np.array([p.rare for p in profiles]),
        weight=np.array([p.weight for p in profiles]),
        sex=np.array([-1 if p.sex is None else int(p.sex is Sex.MALE) for p in profiles], dtype=np.int64),
        male_share=np.array([p.male_share if p.sex is None else float(p.sex is Sex.MALE) for p in profiles]),
        ages=np.array([np.array(p.ages) / sum(p.ages) for p in profiles]),
        age_limits=np.array([p.age_limits for p in profiles]),
        duration=np.log10(np.array([p.duration for p in profiles])),
        course=np.array([COURSES.index(p.course) for p in profiles], dtype=np.int64),
        pregnancy=np.array([any(c.system == ICD_10 and c.code.startswith("O") for c in p.codes) for p in profiles]),
        finding=finding,
        low=low,
        high=high,
        exact=exact,
        exact_count=(exact >= 0).sum(axis=2),
        background=np.array([row_of[symptom.hpo_id] for symptom in tables.background], dtype=np.int64),
        background_share=symptom_weights / symptom_weights.sum(),
        asked=asked,
        asked_share=asked_share,
    )


def _terms(knowledge: Knowledge, profiles: Sequence[Profile], shared: Sequence[str]) -> Terms:
    written = {x for p in profiles for f in p.findings for x in (f.hpo_id, *f.exact)} | set(shared)
    coarser = {term: _coarser(knowledge, term) for term in sorted(written)}
    ids = tuple(sorted(written | set(coarser.values())))
    row_of = {hpo_id: row for row, hpo_id in enumerate(ids)}
    is_a = np.zeros((len(ids), len(ids)), dtype=np.bool_)
    for row, hpo_id in enumerate(ids):
        is_a[row, [row_of[x] for x in knowledge.ancestors(hpo_id) if x in row_of]] = True
    snomed: dict[str, str] = {}
    for code, hpo_id in sorted(knowledge.snomed_to_hpo.items(), key=lambda item: (len(item[0]), item[0])):
        snomed.setdefault(hpo_id, code)
    return Terms(
        ids=ids,
        labels=tuple(knowledge.label(x) for x in ids),
        snomed=tuple(snomed.get(x, "") for x in ids),
        coarser=np.array([row_of[coarser.get(x, x)] for x in ids], dtype=np.int64),
        is_a=is_a,
        only_sex=_only_sex(knowledge, ids),
        effects=_effects(knowledge, ids),
    )


def _coarser(knowledge: Knowledge, term: str) -> str:
    parents = knowledge.ontology.term(term).parents
    usable = [p for p in sorted(parents) if len(knowledge.ancestors(p)) >= _MIN_DEPTH]
    return usable[0] if usable else term


def _only_sex(knowledge: Knowledge, ids: Sequence[str]) -> Ints:
    of_one_sex = load_sex_table(knowledge).of_one_sex
    sexes = [of_one_sex.get(hpo_id) for hpo_id in ids]
    return np.array([-1 if sex is None else int(sex is Sex.MALE) for sex in sexes], dtype=np.int64)


def _effects(knowledge: Knowledge, ids: Sequence[str]) -> Floats:
    """The shift by a finding is that of the nearest term of `vital_effects.csv` that it is a kind of."""
    table = {
        row.finding(knowledge): [row.number(c, -100, 100) for c in CHANNELS] for row in read_table("vital_effects.csv")
    }
    effects = np.zeros((len(ids), len(CHANNELS)))
    for row, hpo_id in enumerate(ids):
        above = knowledge.ancestors(hpo_id) & table.keys()
        if above:
            effects[row] = table[max(above, key=lambda x: (len(knowledge.ancestors(x)), x))]
    return effects


def _asked(common: Sequence[Profile], row_of: dict[str, int]) -> tuple[Ints, Floats]:
    weights: dict[int, float] = {}
    for profile in common:
        for f in profile.findings:
            row = row_of[f.hpo_id]
            weights[row] = weights.get(row, 0.0) + profile.weight * (f.low + f.high) / 2
    rows = np.array(sorted(weights), dtype=np.int64)
    shares = np.array([weights[int(row)] for row in rows])
    return rows, shares / shares.sum()
