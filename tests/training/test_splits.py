from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.training import LeakedPatient, NotEnoughData
from raretriage.training.dataset import LabelledRows, labelled_rows
from raretriage.training.splits import (
    left_out_disease_folds,
    left_out_site_folds,
    patient_folds,
    patients_sha256,
    require_disjoint,
    split_by_patient,
)


@pytest.fixture(scope="module")
def rows(make_encounters) -> LabelledRows:
    return labelled_rows(make_encounters(600, visits=0.6))[0]


def split_of(rows, seed=1, **shares):
    shares = {"test_share": 0.2, "calibration_share": 0.25} | shares
    return split_by_patient(rows, **shares, rng=np.random.default_rng(seed))


def test_no_patient_is_in_two_parts_and_every_row_is_accounted_for(rows):
    split = split_of(rows)
    parts = [set(rows.patient_id[part]) for part in (split.fit, split.calibration, split.test)]
    assert sum(len(part) for part in parts) == len(set.union(*parts))
    used = len(split.fit) + len(split.calibration) + len(split.test)
    assert used + split.older_rows_left_out == len(rows.state)


def test_the_test_is_newer_than_everything_else_and_no_larger_than_it_must_be(rows):
    split = split_of(rows)
    assert max(rows.period[split.fit]) < min(split.test_periods)
    assert max(rows.period[split.calibration]) < min(split.test_periods)
    assert set(rows.period[split.test]) == set(split.test_periods)
    share = np.isin(rows.period, split.test_periods).mean()
    without_oldest = np.isin(rows.period, split.test_periods[1:]).mean()
    assert without_oldest < 0.2 <= share


def test_older_visits_of_test_patients_are_left_out_and_counted(rows):
    split = split_of(rows)
    test_patients = set(rows.patient_id[split.test])
    older = [
        p in test_patients and period not in split.test_periods
        for p, period in zip(rows.patient_id, rows.period, strict=True)
    ]
    assert split.older_rows_left_out == sum(older) > 0


def test_calibration_holds_a_quarter_of_the_rare_patients_too(rows):
    split = split_of(rows)
    for is_rare in (True, False):
        in_part = [
            len(set(rows.patient_id[part[rows.is_rare[part] == is_rare]])) for part in (split.calibration, split.fit)
        ]
        assert in_part[0] / sum(in_part) == pytest.approx(0.25, abs=0.02)


def test_the_split_depends_on_the_seed_alone(rows):
    assert np.array_equal(split_of(rows, seed=3).calibration, split_of(rows, seed=3).calibration)
    assert not np.array_equal(split_of(rows, seed=3).calibration, split_of(rows, seed=4).calibration)


def test_one_quarter_is_not_enough_for_a_temporal_test(rows):
    with pytest.raises(NotEnoughData, match="at least two quarters"):
        split_of(replace(rows, period=np.full(len(rows.period), "2024Q1", dtype=object)))


def test_two_quarters_leave_the_older_one_to_fit(rows):
    is_old = np.arange(len(rows.period)) < 20
    period = np.where(is_old, "2023Q4", "2024Q1").astype(object)
    split = split_of(replace(rows, period=period))
    assert split.test_periods == ("2024Q1",)
    assert len(split.fit)


def test_nobody_left_to_fit_is_refused(rows):
    one_patient = np.full(len(rows.patient_id), "p", dtype=object)
    with pytest.raises(NotEnoughData, match="0 patients"):
        split_of(replace(rows, patient_id=one_patient))


def test_a_leaked_patient_is_caught_with_both_parts_named():
    patients = np.array(["a", "b", "a", "c"], dtype=object)
    require_disjoint(patients, fit=np.array([0, 2]), test=np.array([1, 3]))
    with pytest.raises(LeakedPatient, match="1 patients are in both fit and test"):
        require_disjoint(patients, fit=np.array([0, 1]), test=np.array([2, 3]))


def test_folds_split_whole_patients_and_hold_every_row_once(rows):
    folds = patient_folds(rows, folds=3, seed=1)
    assert sorted(np.concatenate([fold.test for fold in folds])) == list(range(len(rows.state)))
    for fold in folds:
        assert not set(rows.patient_id[fold.train]) & set(rows.patient_id[fold.test])
        for state in range(4):
            assert np.mean(rows.state[fold.test] == state) == pytest.approx(np.mean(rows.state == state), abs=0.07)


def test_folds_refuse_a_state_with_fewer_patients_than_folds(rows):
    few = replace(rows, state=np.where(np.arange(len(rows.state)) < 2, 3, rows.state % 3))
    with pytest.raises(NotEnoughData, match="3 folds need at least 3"):
        patient_folds(few, folds=3, seed=1)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_no_rare_disease_of_a_left_out_fold_was_trained_on(make_encounters, seed):
    rows = labelled_rows(make_encounters(120, seed=seed, visits=0.6))[0]
    folds, cluster = left_out_disease_folds(rows, folds=3, rng=np.random.default_rng(seed))
    for fold in folds:
        rare = [set(rows.disease[part[rows.is_rare[part]]]) for part in (fold.train, fold.test)]
        assert rare[1]
        assert not rare[0] & rare[1]
        assert not set(rows.patient_id[fold.train]) & set(rows.patient_id[fold.test])
    assert np.array_equal(cluster[rows.is_rare], rows.disease[rows.is_rare])
    assert np.array_equal(cluster[~rows.is_rare], rows.patient_id[~rows.is_rare])


def test_a_patient_with_two_rare_diseases_follows_the_first(rows):
    disease, is_rare = rows.disease.copy(), rows.is_rare.copy()
    patients, counts = np.unique(rows.patient_id[rows.is_rare], return_counts=True)
    two_visits = patients[counts == 2][:20]
    for patient in two_visits:
        disease[np.flatnonzero(rows.patient_id == patient)[1]] = "s|another"
    changed = replace(rows, disease=disease, is_rare=is_rare)
    for fold in left_out_disease_folds(changed, folds=3, rng=np.random.default_rng(0))[0]:
        train, test = (set(disease[part[is_rare[part]]]) for part in (fold.train, fold.test))
        assert not train & test


def test_a_rare_row_without_a_code_is_in_no_left_out_fold(rows):
    uncoded = int(np.flatnonzero(rows.is_rare)[0])
    disease = rows.disease.copy()
    disease[uncoded] = ""
    folds, _ = left_out_disease_folds(replace(rows, disease=disease), folds=3, rng=np.random.default_rng(0))
    assert all(uncoded not in part for fold in folds for part in (fold.train, fold.test))


def test_too_few_rare_diseases_cannot_be_left_out(rows):
    with pytest.raises(NotEnoughData, match="1 coded rare diagnoses"):
        left_out_disease_folds(
            replace(rows, disease=np.full(len(rows.disease), "s|one", dtype=object)),
            folds=3,
            rng=np.random.default_rng(0),
        )


def at_sites(rows, sites: list[str], seed: int = 0):
    """The same visits, each at a site drawn by chance: a patient may have been at several."""
    return replace(rows, site=np.random.default_rng(seed).choice(np.array(sites, dtype=object), len(rows.state)))


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), folds=st.integers(2, 4))
def test_a_left_out_site_and_its_patients_were_never_trained_on(rows, seed, folds):
    placed = at_sites(rows, ["", "a", "b", "c", "d", "e"], seed)
    made = left_out_site_folds(placed, folds=folds)
    assert len(made) == folds
    for fold in made:
        sites = [set(placed.site[part]) for part in (fold.train, fold.test)]
        assert sites[1]
        assert not sites[0] & sites[1]
        assert not set(rows.patient_id[fold.train]) & set(rows.patient_id[fold.test])
        assert "" not in sites[0] | sites[1]
    tested = np.concatenate([fold.test for fold in made])
    assert len(tested) == len(set(tested))


def test_a_patient_follows_the_first_known_site(rows):
    patients, counts = np.unique(rows.patient_id, return_counts=True)
    patient = np.flatnonzero(rows.patient_id == patients[counts == 2][0])
    site = np.where(np.arange(len(rows.state)) % 3 == 0, "a", "b").astype(object)

    def used_with(*visited: str) -> list[str]:
        site[patient] = visited
        folds = left_out_site_folds(replace(rows, site=site), folds=2)
        return [site[row] for row in patient if any(row in fold.test for fold in folds)]

    assert used_with("a", "b") == ["a"]
    assert used_with("b", "a") == ["b"]
    assert used_with("", "b") == ["b"]
    assert used_with("a", "a") == ["a", "a"]
    assert used_with("", "") == []


def test_the_sites_are_dealt_by_size_so_that_the_largest_are_apart(rows):
    count = len(rows.state)
    site = np.array(["d"] * 20 + ["c"] * 40 + ["b"] * 100, dtype=object)
    site = np.concatenate([np.full(count - len(site), "a", dtype=object), site])
    alone = replace(rows, site=site, patient_id=np.array([f"p{i}" for i in range(count)], dtype=object))
    folds = left_out_site_folds(alone, folds=2)
    assert [set(site[fold.test]) for fold in folds] == [{"a", "c"}, {"b", "d"}]
    assert len(left_out_site_folds(alone, folds=9)) == 4, "no more folds than sites"


@pytest.mark.parametrize("sites", [["a"], [""], ["", "a"]])
def test_fewer_than_two_known_sites_give_no_fold(rows, sites):
    assert left_out_site_folds(at_sites(rows, sites), folds=3) == ()


@given(st.lists(st.text(min_size=1, max_size=8).filter(lambda text: "\n" not in text), min_size=2, unique=True))
def test_patients_are_recognised_in_any_order_and_as_often_as_they_come_but_not_with_one_changed(names):
    patients = np.array(names, dtype=object)
    known = patients_sha256(patients)
    assert patients_sha256(np.concatenate([patients[::-1], patients[:1]])) == known
    assert patients_sha256(patients[1:]) != known
    changed = patients.copy()
    changed[0] += "x"
    if changed[0] not in names:
        assert patients_sha256(changed) != known
