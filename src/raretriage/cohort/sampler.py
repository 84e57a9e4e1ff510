"""Who comes, when, with what? Patients and their visits, drawn in chunks that do not depend on each other."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from raretriage.cohort.catalogue import COURSES, STATES, Bools, Catalogue, Floats, Ints
from raretriage.cohort.draws import choose, choose_rows, log_normal, within
from raretriage.cohort.labels import label
from raretriage.cohort.profiles import AGE_BANDS, AGE_LIMITS
from raretriage.cohort.recorded import comorbidities, record
from raretriage.cohort.shifting import (
    habits,
    moved_to_new_sites,
    other_habits,
    reassigned,
    relative_shares,
    rows_of,
    shifted_shares,
    visit_quarters,
    without_lost,
)
from raretriage.cohort.spec import CohortSpec
from raretriage.cohort.visits import CHUNK, DAYS_A_YEAR, Chunk, Patients, Visits
from raretriage.cohort.vitals import measure
from raretriage.domain import State

_HEALTHY, _MILD, _ACUTE, _CHRONIC = (STATES.index(s) for s in (State.HEALTHY, State.MILD, State.ACUTE, State.CHRONIC))
_FERTILE_YEARS = (12.0, 51.0)


class Stream(IntEnum):
    """A chunk's independent sources of chance. What one of them is used for moves nothing that another one gives."""

    TIMES = 0
    DISEASES = 1
    PEOPLE = 2
    VISITS = 3
    DRESSING = 4
    """Names, notes and ids."""
    DEFECTS = 5
    SHIFTS = 6


@dataclass(frozen=True, slots=True)
class _Times:
    """When n patients come; m visits, sorted by patient and day."""

    patient: Ints
    order: Ints
    """0 for a patient's first visit; shape (m,)."""
    day: Ints
    since_first: Ints
    """Days after the patient's first visit, shape (m,)."""
    quarter: Ints
    first_quarter: Ints
    """Of each patient's first visit, shape (n,)."""


@dataclass(frozen=True, slots=True)
class _Shares:
    """What brings people: shares by row of the catalogue, healthy people last; shape (D + 1,)."""

    usual: Floats
    by_quarter: Mapping[int, Floats]
    """In the quarters where a shift changes them."""


def chunk_count(spec: CohortSpec) -> int:
    """Into how many chunks the specification's patients fall."""
    return -(-spec.patients // CHUNK)


def stream(spec: CohortSpec, number: int, use: Stream) -> np.random.Generator:
    """The generator of one chunk for one use: from the seed, the chunk's number and the use alone."""
    return np.random.default_rng(np.random.SeedSequence(spec.seed, spawn_key=(number, use)))


def sample_chunk(spec: CohortSpec, catalogue: Catalogue, number: int) -> Chunk:
    """Draw one chunk. It depends on the seed and its own number only, so chunks may be drawn in any order.

    Raises:
        SpecError: a shift of the specification names a disease that the catalogue does not have, or asks for more
            patients with one than there are.
    """
    first = number * CHUNK
    end = min(first + CHUNK, spec.patients)
    times = _times(stream(spec, number, Stream.TIMES), spec, catalogue, end - first)
    disease = _diseases(stream(spec, number, Stream.DISEASES), spec, catalogue, first, end)
    shares = _brought_by(spec, catalogue)
    patients = _people(spec, catalogue, number, disease)
    visits = _visits(spec, catalogue, number, patients, times, replace(shares, by_quarter={}))
    if shares.by_quarter:
        chance = stream(spec, number, Stream.SHIFTS)
        disease = reassigned(chance, disease, times.first_quarter, shares.usual, shares.by_quarter)
        start = min(shares.by_quarter)
        patients = rows_of(times.first_quarter >= start, _people(spec, catalogue, number, disease), patients)
        shifted = _visits(spec, catalogue, number, patients, times, shares)
        visits = rows_of(times.quarter >= start, shifted, visits)
    return Chunk(first, patients, visits)


def _times(rng: np.random.Generator, spec: CohortSpec, catalogue: Catalogue, size: int) -> _Times:
    shares = np.array(catalogue.nuisance.visits.number)
    number, most = choose(rng, shares, size) + 1, len(shares)
    drawn = np.where(np.arange(most) < number[:, None], rng.random((size, most)), np.inf)
    # the used ones come first and ascend
    days = np.nan_to_num(np.sort(drawn, axis=1), posinf=0.0) * spec.days
    patient, order = np.nonzero(np.arange(most) < number[:, None])
    every_day = np.floor(days).astype(np.int64)
    day = every_day[patient, order]
    quarter = visit_quarters(spec, day)
    return _Times(patient, order, day, day - every_day[patient, 0], quarter, quarter[order == 0])


def _diseases(rng: np.random.Generator, spec: CohortSpec, catalogue: Catalogue, first: int, end: int) -> Ints:
    # counted from the start of the cohort, so that the shares hold over all chunks and not on average
    rare = int(end * spec.rare_share) - int(first * spec.rare_share)
    healthy = int(end * spec.healthy_share) - int(first * spec.healthy_share)
    disease = np.concatenate(
        [
            choose(rng, _rare_shares(catalogue), rare),
            np.full(healthy, -1, dtype=np.int64),
            choose(rng, _common_shares(catalogue), end - first - rare - healthy),
        ]
    )
    rng.shuffle(disease)
    return disease


def _brought_by(spec: CohortSpec, catalogue: Catalogue) -> _Shares:
    common = 1 - spec.rare_share - spec.healthy_share
    of_ill = spec.rare_share * _shares(_rare_shares(catalogue)) + common * _common_shares(catalogue)
    usual = np.append(of_ill, spec.healthy_share)
    return _Shares(usual, shifted_shares(spec, catalogue, usual))


def _people(spec: CohortSpec, catalogue: Catalogue, number: int, disease: Ints) -> Patients:
    rng, size = stream(spec, number, Stream.PEOPLE), len(disease)
    # a stream of its own: how much it takes depends on the patients' ages
    for_comorbidity = rng.spawn(1)[0]
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
        comorbid=comorbidities(for_comorbidity, catalogue, band, is_male, disease),
    )


def _rare_shares(catalogue: Catalogue) -> Floats:
    """The state first, by its share, then any rare disease with that state."""
    shares = np.zeros(len(catalogue.profiles))
    wanted = catalogue.nuisance.rare
    for state, share in ((_MILD, wanted.mild), (_ACUTE, wanted.acute), (_CHRONIC, wanted.chronic)):
        members = catalogue.rare & (catalogue.state == state)
        shares[members] = share * _shares(catalogue.weight[members])
    return shares


def _common_shares(catalogue: Catalogue) -> Floats:
    return _shares(np.where(catalogue.rare, 0.0, catalogue.weight))


def _shares(weights: Floats) -> Floats:
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def _visits(
    spec: CohortSpec, catalogue: Catalogue, number: int, patients: Patients, times: _Times, shares: _Shares
) -> Visits:
    rng = stream(spec, number, Stream.VISITS)
    writing = rng.bit_generator.seed_seq.spawn(1)[0]  # type: ignore[attr-defined]
    shifting = stream(spec, number, Stream.SHIFTS).spawn(1)[0]
    patient, quarter = times.patient, times.quarter
    age_years = patients.age_years[patient] + times.since_first / DAYS_A_YEAR
    disease = _causes(rng, catalogue, patients, times, age_years, shares)
    is_ill, size = disease >= 0, len(disease)

    severity, days = _course(rng, catalogue, disease, age_years, times)
    constant, by_severity, by_duration = catalogue.nuisance.visits.emergency
    odds = constant + by_severity * severity + by_duration * np.log10(days.clip(min=1))
    is_emergency = (rng.random(size) < 1 / (1 + np.exp(-odds))).astype(np.int64)
    is_male = patients.is_male[patient]
    site = moved_to_new_sites(shifting, spec, rng.integers(0, len(spec.sites), size), quarter)
    recorded = record(np.random.default_rng(writing), catalogue, disease, is_male)
    row = disease.clip(min=0)
    state, rare = label(is_ill, catalogue.state[row], catalogue.rare[row], severity, days)
    delay_low, delay_high = np.log10(catalogue.nuisance.labels.delay_days)
    measured = measure(
        rng,
        catalogue,
        age_years=age_years,
        is_male=is_male,
        observed=recorded.observed,
        severity=severity,
        is_emergency=is_emergency,
    )
    # the same findings of the same patients, written as another habit writes them
    for rows, otherwise in other_habits(habits(spec, catalogue, site, quarter), catalogue):
        recorded = rows_of(rows, record(np.random.default_rng(writing), otherwise, disease, is_male), recorded)
    onset, finding_onset = _onsets(
        rng,
        catalogue,
        is_ill=is_ill,
        is_emergency=is_emergency,
        observed=recorded.observed,
        days=days,
        age_years=age_years,
    )
    visits = Visits(
        patient=patient,
        day=times.day,
        minute=rng.integers(7 * 60, 20 * 60, size),
        disease=disease,
        age_years=age_years,
        site=site,
        is_emergency=is_emergency,
        severity=severity,
        days=onset,
        pregnant=_pregnant(rng, catalogue, disease, is_male, age_years),
        recorded=recorded,
        finding_onset=finding_onset,
        measured=measured,
        state=state,
        rare=rare,
        is_labelled=rng.random(size) < catalogue.nuisance.labels.labelled,
        label_delay=np.ceil(log_normal(rng, np.full(size, delay_low), np.full(size, delay_high))).astype(np.int64),
    )
    return without_lost(shifting, spec, visits, quarter) if spec.shifts else visits


def _causes(
    rng: np.random.Generator,
    catalogue: Catalogue,
    patients: Patients,
    times: _Times,
    age_years: Floats,
    shares: _Shares,
) -> Ints:
    """What each visit is about. The rule looks at the state of the first disease, never at its rarity."""
    patient, main, visits = times.patient, patients.disease[times.patient], catalogue.nuisance.visits
    is_chronic = (main >= 0) & (catalogue.state[main.clip(min=0)] == _CHRONIC)
    stays = rng.random(len(patient)) < np.where(is_chronic, visits.same_disease, visits.check_up)
    band = (np.searchsorted([low for low, _high in AGE_BANDS], age_years, side="right") - 1).clip(0, 4)
    passing = np.flatnonzero(~catalogue.rare & (catalogue.state != _CHRONIC) & ~catalogue.pregnancy)
    sex = catalogue.sex[passing][None, :]
    fits = (sex == -1) | (sex == patients.is_male[patient][:, None])
    weights = catalogue.weight[passing] * catalogue.ages[passing][:, band].T * fits
    weights = weights * relative_shares(times.quarter, shares.usual, shares.by_quarter, passing)
    later = np.where(stays, np.where(is_chronic, main, -1), passing[choose_rows(rng, weights)])
    return np.where(times.order == 0, main, later)


def _course(
    rng: np.random.Generator, catalogue: Catalogue, disease: Ints, age_years: Floats, times: _Times
) -> tuple[Floats, Floats]:
    """Severity, and days since what the visit is about began."""
    parameters, lasting, size = catalogue.nuisance.severity, catalogue.nuisance.duration, len(disease)
    row, is_ill = disease.clip(min=0), disease >= 0
    state = np.where(is_ill, catalogue.state[row], _HEALTHY)
    of_course = [getattr(catalogue.nuisance.course, course.value) for course in COURSES]
    crisis, early = np.array([(share.crisis, share.early) for share in of_course])[catalogue.course[row]].T
    chance = rng.random(size)
    in_crisis = (state == _CHRONIC) & (chance < crisis)
    comes_early = (state == _CHRONIC) & ~in_crisis & (chance < crisis + early)

    intervals = np.array([getattr(parameters, s.value) for s in STATES])
    low, high = intervals[np.where(in_crisis, _ACUTE, state)].T
    severity = within(rng, low, high)

    spans = np.where(is_ill[:, None], catalogue.duration[row], np.log10(lasting.healthy))
    spans = np.where(in_crisis[:, None], np.log10(parameters.crisis_days), spans)
    spans = np.where(comes_early[:, None], np.log10(parameters.early_days), spans)
    days = np.floor(log_normal(rng, spans[:, 0], spans[:, 1]))
    days = _gone_on(days, (state == _CHRONIC) & ~in_crisis, disease, times)
    return severity, np.minimum(days, _days_of_life(age_years))


def _gone_on(days: Floats, is_lasting: Bools, disease: Ints, times: _Times) -> Floats:
    """At a later visit for the same lasting complaint it has lasted since it began; a crisis begins anew."""
    first = np.searchsorted(times.patient, times.patient)  # rows are sorted by patient
    goes_on = is_lasting & is_lasting[first] & (disease == disease[first])
    return np.where(goes_on, days[first] + times.since_first, days)


def _days_of_life(age_years: Floats) -> Floats:
    """Whole days since birth, one fewer: with dates of a day's precision nothing may begin before the birth date."""
    return np.asarray((np.floor(age_years * DAYS_A_YEAR) - 1).clip(min=0), dtype=np.float64)


def _pregnant(rng: np.random.Generator, catalogue: Catalogue, disease: Ints, is_male: Ints, age_years: Floats) -> Ints:
    missing = catalogue.nuisance.missing
    may_be = (is_male == 0) & (age_years >= _FERTILE_YEARS[0]) & (age_years < _FERTILE_YEARS[1])
    is_so = (rng.random(len(disease)) < missing.pregnant).astype(np.int64)
    asked = np.where(may_be & (rng.random(len(disease)) < missing.pregnancy_asked), is_so, -1)
    return np.where((disease >= 0) & catalogue.pregnancy[disease.clip(min=0)], 1, asked)


def _onsets(
    rng: np.random.Generator,
    catalogue: Catalogue,
    *,
    is_ill: Bools,
    is_emergency: Ints,
    observed: Ints,
    days: Floats,
    age_years: Floats,
) -> tuple[Floats, Floats]:
    """For how long, as far as it is on record: the complaint, shape (m,), and each finding, shape of `observed`.

    Where nobody asked, the findings have no dates of their own either: ingest lets the oldest finding stand in for the
    complaint, so with dated findings everybody who is ill had a duration, and to have none was to be healthy.
    """
    missing, size = catalogue.nuisance.missing, len(days)
    is_asked = rng.random(size) >= np.array(missing.onset)[1 - is_emergency]
    has_findings = (observed >= 0).any(axis=1)
    has_date = is_ill | has_findings | (rng.random(size) < catalogue.nuisance.duration.healthy_dated)
    are_dated = is_asked | (rng.random(size) < missing.onset_but_findings_dated)
    # each finding began with the complaint or later
    since = np.floor(days[:, None] * rng.uniform(0.3, 1.0, observed.shape))
    since = np.minimum(since, _days_of_life(age_years)[:, None])
    is_known = (rng.random(observed.shape) < catalogue.nuisance.findings.onset_known) & (observed >= 0)
    return np.where(is_asked & has_date, days, np.nan), np.where(is_known & are_dated[:, None], since, np.nan)
