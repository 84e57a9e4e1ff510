"""Who comes, when, with what? Patients and their visits, drawn in chunks that do not depend on each other."""

from dataclasses import dataclass

import numpy as np

from raretriage.cohort.catalogue import STATES, Bools, Catalogue, Floats, Ints
from raretriage.cohort.draws import choose, choose_rows, log_normal, within
from raretriage.cohort.labels import label
from raretriage.cohort.profiles import AGE_BANDS, AGE_LIMITS
from raretriage.cohort.recorded import Recorded, comorbidities, record
from raretriage.cohort.spec import CohortSpec
from raretriage.cohort.vitals import Measured, measure
from raretriage.domain import State

CHUNK = 500
"""Patients drawn at once. Part of what makes a seed's bytes: changing it changes the cohort."""

DAYS_A_YEAR = 365.25

_HEALTHY, _MILD, _ACUTE, _CHRONIC = (STATES.index(s) for s in (State.HEALTHY, State.MILD, State.ACUTE, State.CHRONIC))
_FERTILE_YEARS = (12.0, 51.0)


@dataclass(frozen=True, slots=True)
class Patients:
    """n patients; arrays have shape (n,) unless said otherwise."""

    disease: Ints
    """What brings them the first time: row of the catalogue, -1 for nothing."""
    is_male: Ints
    age_years: Floats
    """At the first visit."""
    region: Ints
    comorbid: Ints
    """Rows of the catalogue, -1 pads, shape (n, 5)."""


@dataclass(frozen=True, slots=True)
class Visits:
    """m visits, sorted by patient and day; arrays have shape (m,) unless said otherwise."""

    patient: Ints
    day: Ints
    """Days after the specification's first day."""
    minute: Ints
    """Of the day."""
    disease: Ints
    age_years: Floats
    site: Ints
    is_emergency: Ints
    severity: Floats
    days: Floats
    """How long the complaint has lasted; NaN where nobody asked or there is none."""
    pregnant: Ints
    """1 yes, 0 no, -1 not asked or not applicable."""
    recorded: Recorded
    finding_onset: Floats
    """Days before the visit for each observed finding, NaN where unknown; shape of `recorded.observed`."""
    measured: Measured
    state: Ints
    rare: Bools
    is_labelled: Bools
    label_delay: Ints
    """Days after the visit."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some patients with all their visits. `rng` goes on with what is only dressing: names, notes, ids."""

    first_patient: int
    patients: Patients
    visits: Visits
    rng: np.random.Generator


def chunk_count(spec: CohortSpec) -> int:
    """Into how many chunks the specification's patients fall."""
    return -(-spec.patients // CHUNK)


def sample_chunk(spec: CohortSpec, catalogue: Catalogue, number: int) -> Chunk:
    """Draw one chunk. It depends on the seed and its own number only, so chunks may be drawn in any order."""
    rng = np.random.default_rng(np.random.SeedSequence(spec.seed, spawn_key=(number,)))
    first = number * CHUNK
    patients = _patients(rng, spec, catalogue, first, min(first + CHUNK, spec.patients))
    return Chunk(first, patients, _visits(rng, spec, catalogue, patients), rng)


def _patients(rng: np.random.Generator, spec: CohortSpec, catalogue: Catalogue, first: int, end: int) -> Patients:
    size = end - first
    # counted from the start of the cohort, so that the shares hold over all chunks and not on average
    rare = int(end * spec.rare_share) - int(first * spec.rare_share)
    healthy = int(end * spec.healthy_share) - int(first * spec.healthy_share)
    disease = np.concatenate(
        [
            _rare_diseases(rng, catalogue, rare),
            np.full(healthy, -1, dtype=np.int64),
            _common_diseases(rng, catalogue, size - rare - healthy),
        ]
    )
    rng.shuffle(disease)
    row = disease.clip(min=0)
    everybody = catalogue.ages[~catalogue.rare].T @ _shares(catalogue.weight[~catalogue.rare])
    band = choose_rows(rng, np.where((disease >= 0)[:, None], catalogue.ages[row], everybody))
    low, high = np.array(AGE_BANDS)[band].T
    youngest, oldest = np.where((disease >= 0)[:, None], catalogue.age_limits[row], AGE_LIMITS).T
    # the part of the band in which the disease occurs: a share of 0 keeps everybody out of bands without one
    low, high = np.maximum(low, youngest), np.minimum(high, oldest)
    age_years = low + (high - low) * rng.random(size)
    # the age bands are too coarse for pregnancy: 18 to 42 (estimate)
    pregnant = (disease >= 0) & catalogue.pregnancy[row]
    age_years = np.where(pregnant, 18 + 24 * rng.random(size), age_years)
    is_male = (rng.random(size) < np.where(disease >= 0, catalogue.male_share[row], 0.5)).astype(np.int64)
    return Patients(
        disease=disease,
        is_male=is_male,
        age_years=age_years,
        region=rng.integers(0, len(spec.regions), size),
        comorbid=comorbidities(rng, catalogue, band, is_male, disease),
    )


def _rare_diseases(rng: np.random.Generator, catalogue: Catalogue, size: int) -> Ints:
    """The state first, by its share, then any rare disease with that state."""
    shares = np.zeros(len(catalogue.profiles))
    wanted = catalogue.nuisance.rare
    for state, share in ((_MILD, wanted.mild), (_ACUTE, wanted.acute), (_CHRONIC, wanted.chronic)):
        members = catalogue.rare & (catalogue.state == state)
        shares[members] = share * _shares(catalogue.weight[members])
    return choose(rng, shares, size)


def _common_diseases(rng: np.random.Generator, catalogue: Catalogue, size: int) -> Ints:
    return choose(rng, _shares(np.where(catalogue.rare, 0.0, catalogue.weight)), size)


def _shares(weights: Floats) -> Floats:
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _visits(rng: np.random.Generator, spec: CohortSpec, catalogue: Catalogue, patients: Patients) -> Visits:
    most = len(catalogue.nuisance.visits.number)
    number = choose(rng, np.array(catalogue.nuisance.visits.number), len(patients.disease)) + 1
    patient, order = np.nonzero(np.arange(most) < number[:, None])
    day, age_years = _when(rng, spec, patients, number, most)
    day, age_years = day[patient, order], age_years[patient, order]
    disease = _causes(rng, catalogue, patients, patient, order, age_years)
    is_ill, size = disease >= 0, len(disease)

    severity, days, has_complaint = _course(rng, catalogue, disease, age_years)
    constant, by_severity, by_duration = catalogue.nuisance.visits.emergency
    odds = constant + by_severity * severity + by_duration * np.log10(days.clip(min=1))
    is_emergency = (rng.random(size) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    is_male = patients.is_male[patient]
    recorded = record(rng, catalogue, disease, is_male)
    row = disease.clip(min=0)
    state, rare = label(is_ill, catalogue.state[row], catalogue.rare[row], severity, days)
    not_asked = rng.random(size) < np.array(catalogue.nuisance.missing.onset)[1 - is_emergency]
    delay_low, delay_high = np.log10(catalogue.nuisance.labels.delay_days)
    return Visits(
        patient=patient,
        day=day,
        minute=rng.integers(7 * 60, 20 * 60, size),
        disease=disease,
        age_years=age_years,
        site=rng.integers(0, len(spec.sites), size),
        is_emergency=is_emergency,
        severity=severity,
        days=np.where(not_asked | ~has_complaint, np.nan, days),
        pregnant=_pregnant(rng, catalogue, disease, is_male, age_years),
        recorded=recorded,
        finding_onset=_finding_onset(rng, catalogue, recorded.observed, days, age_years),
        measured=measure(
            rng,
            catalogue,
            age_years=age_years,
            is_male=is_male,
            observed=recorded.observed,
            severity=severity,
            is_emergency=is_emergency,
        ),
        state=state,
        rare=rare,
        is_labelled=rng.random(size) < catalogue.nuisance.labels.labelled,
        label_delay=np.ceil(log_normal(rng, np.full(size, delay_low), np.full(size, delay_high))).astype(np.int64),
    )


def _when(
    rng: np.random.Generator, spec: CohortSpec, patients: Patients, number: Ints, most: int
) -> tuple[Ints, Floats]:
    """Day and age at each possible visit, shape (n, most); the used ones come first and ascend."""
    length = int(spec.years * DAYS_A_YEAR)
    drawn = np.where(np.arange(most) < number[:, None], rng.random((len(number), most)), np.inf)
    day = np.where(np.isfinite(drawn), np.sort(drawn, axis=1) * length, 0.0)
    day = np.floor(np.nan_to_num(day, posinf=0.0)).astype(np.int64)
    return day, patients.age_years[:, None] + (day - day[:, :1]) / DAYS_A_YEAR


def _causes(
    rng: np.random.Generator, catalogue: Catalogue, patients: Patients, patient: Ints, order: Ints, age_years: Floats
) -> Ints:
    """What each visit is about. The rule looks at the state of the first disease, never at its rarity."""
    main, visits = patients.disease[patient], catalogue.nuisance.visits
    is_chronic = (main >= 0) & (catalogue.state[main.clip(min=0)] == _CHRONIC)
    stays = rng.random(len(patient)) < np.where(is_chronic, visits.same_disease, visits.check_up)
    band = (np.searchsorted([low for low, _high in AGE_BANDS], age_years, side="right") - 1).clip(0, 4)
    passing = np.flatnonzero(~catalogue.rare & (catalogue.state != _CHRONIC) & ~catalogue.pregnancy)
    sex = catalogue.sex[passing][None, :]
    fits = (sex == -1) | (sex == patients.is_male[patient][:, None])
    other = passing[choose_rows(rng, catalogue.weight[passing] * catalogue.ages[passing][:, band].T * fits)]
    later = np.where(stays, np.where(is_chronic, main, -1), other)
    return np.where(order == 0, main, later)


def _course(
    rng: np.random.Generator, catalogue: Catalogue, disease: Ints, age_years: Floats
) -> tuple[Floats, Floats, Bools]:
    """Severity, days that the complaint has lasted, and whether there is a complaint at all."""
    parameters, lasting, size = catalogue.nuisance.severity, catalogue.nuisance.duration, len(disease)
    row, is_ill = disease.clip(min=0), disease >= 0
    state = np.where(is_ill, catalogue.state[row], _HEALTHY)
    chance = rng.random(size)
    in_crisis = (state == _CHRONIC) & (chance < parameters.crisis)
    comes_early = (state == _CHRONIC) & ~in_crisis & (chance < parameters.crisis + parameters.early)

    intervals = np.array([getattr(parameters, s.value) for s in STATES])
    low, high = intervals[np.where(in_crisis, _ACUTE, state)].T
    severity = within(rng, low, high)

    spans = np.where(is_ill[:, None], catalogue.duration[row], np.log10(lasting.healthy))
    spans = np.where(in_crisis[:, None], np.log10(parameters.crisis_days), spans)
    spans = np.where(comes_early[:, None], np.log10(parameters.early_days), spans)
    days = np.minimum(np.floor(log_normal(rng, spans[:, 0], spans[:, 1])), _days_of_life(age_years))
    return severity, days, is_ill | (rng.random(size) < lasting.healthy_complaint)


def _days_of_life(age_years: Floats) -> Floats:
    """Whole days since birth, one fewer: with dates of a day's precision nothing may begin before the birth date."""
    return np.asarray((np.floor(age_years * DAYS_A_YEAR) - 1).clip(min=0), dtype=np.float64)


def _pregnant(rng: np.random.Generator, catalogue: Catalogue, disease: Ints, is_male: Ints, age_years: Floats) -> Ints:
    missing = catalogue.nuisance.missing
    may_be = (is_male == 0) & (age_years >= _FERTILE_YEARS[0]) & (age_years < _FERTILE_YEARS[1])
    is_so = (rng.random(len(disease)) < missing.pregnant).astype(np.int64)
    asked = np.where(may_be & (rng.random(len(disease)) < missing.pregnancy_asked), is_so, -1)
    return np.where((disease >= 0) & catalogue.pregnancy[disease.clip(min=0)], 1, asked)


def _finding_onset(
    rng: np.random.Generator, catalogue: Catalogue, observed: Ints, days: Floats, age_years: Floats
) -> Floats:
    """Each finding began with the complaint or later."""
    since = np.floor(days[:, None] * rng.uniform(0.3, 1.0, observed.shape))
    since = np.minimum(since, _days_of_life(age_years)[:, None])
    is_known = (rng.random(observed.shape) < catalogue.nuisance.findings.onset_known) & (observed >= 0)
    return np.where(is_known, since, np.nan)
