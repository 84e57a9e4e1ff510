from collections import Counter
from dataclasses import fields, replace

import numpy as np
import pytest

from raretriage.cohort import Catalogue, Chunk, CohortSpec, chunk_count, sample_chunk
from raretriage.cohort.catalogue import COURSES, STATES
from raretriage.cohort.columns import columns_of
from raretriage.cohort.profiles import Course
from raretriage.domain import State


def sample(spec: CohortSpec, catalogue: Catalogue) -> list[Chunk]:
    return [sample_chunk(spec, catalogue, number) for number in range(chunk_count(spec))]


def joined(chunks: list[Chunk], name: str) -> np.ndarray:
    return np.concatenate([getattr(chunk.visits, name) for chunk in chunks])


@pytest.fixture(scope="module")
def chunks(catalogue: Catalogue) -> list[Chunk]:
    return sample(CohortSpec(patients=8_000, seed=11), catalogue)


def test_chunks_can_be_drawn_in_any_order(catalogue: Catalogue, chunks: list[Chunk]) -> None:
    again = sample_chunk(CohortSpec(patients=8_000, seed=11), catalogue, 3)
    for field in fields(again.visits):
        one, other = getattr(again.visits, field.name), getattr(chunks[3].visits, field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(again.visits.recorded.observed, chunks[3].visits.recorded.observed)


def test_another_seed_draws_other_patients(catalogue: Catalogue, chunks: list[Chunk]) -> None:
    other = sample_chunk(CohortSpec(patients=8_000, seed=12), catalogue, 3)
    assert not np.array_equal(other.patients.disease, chunks[3].patients.disease)


@pytest.mark.parametrize("patients", [1, 499, 500, 501, 1_234])
def test_every_patient_is_drawn_once(catalogue: Catalogue, patients: int) -> None:
    drawn = sample(CohortSpec(patients=patients, seed=1), catalogue)
    assert sum(len(c.patients.disease) for c in drawn) == patients
    assert [c.first_patient for c in drawn] == list(range(0, patients, 500))


def test_exactly_the_design_share_of_patients_are_rare_and_a_quarter_came_healthy(
    catalogue: Catalogue, chunks: list[Chunk]
) -> None:
    disease = np.concatenate([c.patients.disease for c in chunks])
    assert (catalogue.rare[disease] & (disease >= 0)).sum() == 1_200
    assert (disease < 0).sum() == 2_000


def test_each_state_occurs_rare_and_not_rare(chunks: list[Chunk]) -> None:
    counts = Counter(zip(joined(chunks, "state").tolist(), joined(chunks, "rare").tolist(), strict=True))
    for state in (State.MILD, State.ACUTE, State.CHRONIC):
        assert counts[STATES.index(state), True] >= 50
        assert counts[STATES.index(state), False] >= 500
    assert counts[STATES.index(State.HEALTHY), True] == 0


def test_patients_come_again_and_in_order_of_time(chunks: list[Chunk]) -> None:
    patients = sum(len(c.patients.disease) for c in chunks)
    assert 1.20 < len(joined(chunks, "patient")) / patients < 1.30
    for chunk in chunks:
        visits = chunk.visits
        same = visits.patient[1:] == visits.patient[:-1]
        assert (np.diff(visits.day)[same] >= 0).all()
        assert (np.diff(visits.age_years)[same] >= 0).all()


def test_days_fall_inside_the_wanted_years(chunks: list[Chunk]) -> None:
    day = joined(chunks, "day")
    assert day.min() >= 0
    assert 365 * 3 - 30 < day.max() < 365.25 * 3


def test_a_rare_patient_sometimes_comes_with_a_cold_and_is_then_not_rare(
    catalogue: Catalogue, chunks: list[Chunk]
) -> None:
    other = 0
    for chunk in chunks:
        main = chunk.patients.disease[chunk.visits.patient]
        passing = (main >= 0) & catalogue.rare[main] & (chunk.visits.disease != main)
        assert not chunk.visits.rare[passing].any()
        other += passing.sum()
    assert other > 30


def test_durations_and_comorbidities_overlap(catalogue: Catalogue, chunks: list[Chunk]) -> None:
    state, days, rare = joined(chunks, "state"), joined(chunks, "days"), joined(chunks, "rare")
    chronic = state == STATES.index(State.CHRONIC)
    for group in (chronic & rare, chronic & ~rare):
        assert 0.03 < (days[group] <= 7).sum() / np.isfinite(days[group]).sum() < 0.40
    comorbid = np.concatenate([(c.patients.comorbid >= 0).any(axis=1) for c in chunks])
    disease = np.concatenate([c.patients.disease for c in chunks])
    is_rare = (disease >= 0) & catalogue.rare[disease]
    assert comorbid[is_rare].mean() > 0.2


def test_crises_and_early_visits_follow_the_course_alone(catalogue: Catalogue) -> None:
    """Changing a chronic disease's course moves how its patients come; rare or common makes no difference."""
    severe = {}
    for course in Course:
        same = replace(catalogue, course=np.full_like(catalogue.course, COURSES.index(course)))
        drawn = sample(CohortSpec(patients=12_000, seed=3, rare_share=0.5, healthy_share=0), same)
        disease, days = joined(drawn, "disease"), joined(drawn, "days")
        chronic = (disease >= 0) & (catalogue.state[disease] == STATES.index(State.CHRONIC)) & np.isfinite(days)
        for rare in (False, True):
            group = chronic & (catalogue.rare[disease] == rare)
            severe[course, rare] = (joined(drawn, "state")[group] == STATES.index(State.ACUTE)).mean()
    for rare in (False, True):
        assert severe[Course.EPISODIC, rare] > 1.5 * severe[Course.PROGRESSIVE, rare] > 0.04
    for course in Course:
        assert severe[course, True] == pytest.approx(severe[course, False], abs=0.04)


def test_patients_are_of_an_age_at_which_their_disease_occurs(catalogue: Catalogue, chunks: list[Chunk]) -> None:
    disease, age = (np.concatenate([getattr(c.patients, name) for c in chunks]) for name in ("disease", "age_years"))
    ill = (disease >= 0) & ~catalogue.pregnancy[disease]
    youngest, oldest = catalogue.age_limits[disease[ill]].T
    assert ((age[ill] >= youngest) & (age[ill] <= oldest)).all()
    late = ill & (catalogue.age_limits[disease, 0] >= 5)
    assert late.sum() > 5, "no patient of a disease that begins after early childhood"
    assert age[disease < 0].min() < 5 < 90 < age[disease < 0].max()


def test_the_sex_of_patients_follows_the_share_of_their_disease(catalogue: Catalogue) -> None:
    chunks = sample(CohortSpec(patients=20_000, seed=21, rare_share=1.0, healthy_share=0.0), catalogue)
    disease, is_male = (np.concatenate([getattr(c.patients, name) for c in chunks]) for name in ("disease", "is_male"))
    share = catalogue.male_share[disease]
    assert {0.0, 0.5, 0.8, 0.95, 1.0} <= set(share.tolist())
    for wanted in set(share.tolist()):
        n = (share == wanted).sum()
        assert abs(is_male[share == wanted].mean() - wanted) <= 4 * (wanted * (1 - wanted) / n) ** 0.5


def test_most_healthy_people_have_no_pain(chunks: list[Chunk]) -> None:
    pain = np.concatenate([c.visits.measured.pain for c in chunks])[joined(chunks, "disease") < 0]
    pain = pain[~np.isnan(pain)]
    assert 0.65 < (pain == 0).mean() < 0.90


def test_nothing_began_before_birth(chunks: list[Chunk]) -> None:
    age_days = joined(chunks, "age_years") * 365.25
    days = joined(chunks, "days")
    assert (days[np.isfinite(days)] <= age_days[np.isfinite(days)]).all()
    for chunk in chunks:
        onset = chunk.visits.finding_onset
        assert (np.nan_to_num(onset) <= (chunk.visits.age_years * 365.25)[:, None]).all()


def test_an_onset_is_as_often_unknown_whatever_the_patient_has(catalogue: Catalogue, chunks: list[Chunk]) -> None:
    """After ingest's rule, by which the oldest dated finding stands in for the complaint."""
    unknown = np.concatenate([np.isnan(columns_of(c, catalogue).numbers["days"]) for c in chunks])
    state, rare, is_emergency = joined(chunks, "state"), joined(chunks, "rare"), joined(chunks, "is_emergency") == 1
    has_findings = np.concatenate([(c.visits.recorded.observed >= 0).any(axis=1) for c in chunks])
    for place, wanted in ((is_emergency, 0.25), (~is_emergency, 0.45)):
        for group in (*(state == row for row in range(len(STATES))), rare, ~rare):
            members = place & has_findings & group
            assert members.sum() > 150
            assert unknown[members].mean() == pytest.approx(wanted, abs=0.05)


def test_half_of_those_with_nothing_to_show_come_about_something_with_a_date(chunks: list[Chunk]) -> None:
    is_clinic, healthy = joined(chunks, "is_emergency") == 0, joined(chunks, "disease") < 0
    has_findings = np.concatenate([(c.visits.recorded.observed >= 0).any(axis=1) for c in chunks])
    dated = np.isfinite(joined(chunks, "days"))[healthy & is_clinic & ~has_findings]
    assert dated.mean() == pytest.approx(0.5 * (1 - 0.45), abs=0.04)


def test_where_nobody_asked_hardly_a_finding_is_dated(chunks: list[Chunk]) -> None:
    ill, is_asked = joined(chunks, "disease") >= 0, np.isfinite(joined(chunks, "days"))
    dated = np.concatenate([np.isfinite(c.visits.finding_onset).any(axis=1) for c in chunks])
    assert dated[ill & is_asked].mean() > 0.85
    assert 0.02 < dated[ill & ~is_asked].mean() < 0.07


def test_only_women_of_childbearing_age_are_pregnant(catalogue: Catalogue, chunks: list[Chunk]) -> None:
    for chunk in chunks:
        visits, pregnant = chunk.visits, chunk.visits.pregnant == 1
        assert (chunk.patients.is_male[visits.patient][pregnant] == 0).all()
        assert ((visits.age_years[pregnant] >= 12) & (visits.age_years[pregnant] < 51)).all()
        assert pregnant[catalogue.pregnancy[visits.disease] & (visits.disease >= 0)].all()


def test_patients_of_a_pregnancy_profile_are_of_an_age_to_have_it(catalogue: Catalogue, chunks: list[Chunk]) -> None:
    patients = [c.patients for c in chunks]
    disease, age = (np.concatenate([getattr(p, name) for p in patients]) for name in ("disease", "age_years"))
    of_pregnancy = age[(disease >= 0) & catalogue.pregnancy[disease]]
    assert len(of_pregnancy) > 30
    assert (of_pregnancy.min() >= 18, of_pregnancy.max() < 42) == (True, True)


def test_about_one_encounter_in_twenty_is_never_labelled(chunks: list[Chunk]) -> None:
    assert 0.93 < joined(chunks, "is_labelled").mean() < 0.97
    assert joined(chunks, "label_delay").min() >= 1


def test_shares_may_be_zero_or_everybody(catalogue: Catalogue) -> None:
    spec = CohortSpec(patients=300, seed=2, rare_share=1.0, healthy_share=0.0)
    assert catalogue.rare[sample_chunk(spec, catalogue, 0).patients.disease].all()
    nobody = sample_chunk(replace(spec, rare_share=0.0, healthy_share=1.0), catalogue, 0)
    assert (nobody.patients.disease == -1).all()
