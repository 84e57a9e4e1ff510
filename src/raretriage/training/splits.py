"""Who is learnt from, who is measured on: always whole patients.

Parts, each patient in one of them at most:

- temporal test: the newest quarters that together hold `test_share` of the encounters. A patient with an encounter
  there leaves the older part altogether; what that costs is counted (`older_rows_left_out`).
- calibration: a quarter of the remaining patients, drawn within rare and not rare. In no fit, no tuning, no
  probability calibration and no choice of model: the certificate and the state sets rest on it.
- fit: the rest. Candidates are compared by folds inside of it.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedGroupKFold

from raretriage.bucket import TrainingRecord
from raretriage.training.dataset import IntArray, LabelledRows, StringArray, whole_patients
from raretriage.training.errors import LeakedPatient, NotEnoughData


@dataclass(frozen=True, slots=True)
class Fold:
    """Row indices of one cross-validation fold."""

    train: IntArray
    test: IntArray


@dataclass(frozen=True, slots=True)
class Split:
    """Row indices of the three parts."""

    fit: IntArray
    calibration: IntArray
    test: IntArray
    test_periods: tuple[str, ...]
    older_rows_left_out: int
    """Encounters before the test's quarters, of patients who are in the test."""


def split_by_patient(
    rows: LabelledRows, *, test_share: float, calibration_share: float, rng: np.random.Generator
) -> Split:
    """The three parts of the module's docstring.

    Raises:
        NotEnoughData: all encounters are of one quarter, or no older patient is left.
    """
    test_periods = _newest_periods(rows.period, test_share)
    is_test = np.isin(rows.period, test_periods)
    is_test_patient = whole_patients(rows.patient_id, is_test)
    patients, first_row, of_row = np.unique(rows.patient_id, return_index=True, return_inverse=True)
    is_older = np.flatnonzero(~is_test_patient[first_row])
    rare_patients = np.zeros(len(patients), dtype=np.bool_)
    rare_patients[of_row[rows.is_rare]] = True
    drawn = np.zeros(len(patients), dtype=np.bool_)
    for stratum in (is_older[rare_patients[is_older]], is_older[~rare_patients[is_older]]):
        drawn[rng.permutation(stratum)[: round(calibration_share * len(stratum))]] = True
    is_calibration = drawn[of_row]
    split = Split(
        fit=np.flatnonzero(~is_test_patient & ~is_calibration),
        calibration=np.flatnonzero(is_calibration),
        test=np.flatnonzero(is_test),
        test_periods=test_periods,
        older_rows_left_out=int(np.sum(is_test_patient & ~is_test)),
    )
    if not len(split.fit) or not len(split.calibration):
        raise NotEnoughData(
            f"{len(is_older)} patients have encounters before {test_periods[0]} only: too few to fit and to calibrate"
        )
    require_disjoint(rows.patient_id, fit=split.fit, calibration=split.calibration, test=split.test)
    return split


class SplitSettings(Protocol):
    """What a split is drawn by: a run's configuration, or the record of it in the manifest."""

    @property
    def seed(self) -> int: ...
    @property
    def test_share(self) -> float: ...
    @property
    def calibration_share(self) -> float: ...


def split_of_run(rows: LabelledRows, settings: SplitSettings) -> Split:
    """The parts of a run with these settings; drawn again, the same, if these are the encounters it was trained from.

    Whether they are is for `is_split_of` to say.

    Raises:
        NotEnoughData: all encounters are of one quarter, or no older patient is left.
    """
    return split_by_patient(
        rows,
        test_share=settings.test_share,
        calibration_share=settings.calibration_share,
        rng=np.random.default_rng(np.random.SeedSequence(settings.seed).spawn(1)[0]),
    )


def is_split_of(rows: LabelledRows, split: Split, record: TrainingRecord) -> bool:
    """True when the run was fitted on exactly the patients of this split's fit part."""
    return patients_sha256(rows.patient_id[split.fit]) == record.fit_patients_sha256


def require_disjoint(patient_id: StringArray, **parts: IntArray) -> None:
    """Check that no patient is in two parts.

    Raises:
        LeakedPatient: names the two parts and how many patients they share.
    """
    members = {name: set(patient_id[index]) for name, index in parts.items()}
    names = sorted(members)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if shared := len(members[one] & members[other]):
                raise LeakedPatient(f"{shared} patients are in both {one} and {other}; split whole patients")


def patients_sha256(patient_id: StringArray) -> str:
    """By which the patients of a part are recognised later without being named: SHA-256 of their sorted pseudonyms."""
    return hashlib.sha256("\n".join(sorted(set(patient_id))).encode()).hexdigest()


def some_patients(rows: LabelledRows, *, encounters: int, seed: int) -> LabelledRows:
    """All rows, or those of patients drawn at random until there are about as many encounters."""
    if len(rows.state) <= encounters:
        return rows
    patients, of_row, visits = np.unique(rows.patient_id, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(patients))
    is_drawn = np.zeros(len(patients), dtype=np.bool_)
    is_drawn[order[np.cumsum(visits[order]) <= encounters]] = True
    return rows.take(np.flatnonzero(is_drawn[of_row]))


def patient_folds(rows: LabelledRows, *, folds: int, seed: int) -> tuple[Fold, ...]:
    """Stratified k-fold by patient: every fold has about the same share of each state, rare and not.

    Raises:
        NotEnoughData: fewer patients than folds in a state.
    """
    stratum = 2 * rows.state + rows.is_rare
    for state in np.unique(rows.state):
        patients = len(np.unique(rows.patient_id[rows.state == state]))
        if patients < folds:
            raise NotEnoughData(f"a state has {patients} patients to fit on; {folds} folds need at least {folds}")
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    made = tuple(
        Fold(train=train.astype(np.int64), test=test.astype(np.int64))
        for train, test in splitter.split(np.zeros(len(stratum)), stratum, rows.patient_id)
    )
    for fold in made:
        require_disjoint(rows.patient_id, train=fold.train, test=fold.test)
    return made


def left_out_disease_folds(
    rows: LabelledRows, *, folds: int, rng: np.random.Generator
) -> tuple[tuple[Fold, ...], StringArray]:
    """Folds whose rare diseases were never trained on, and the clusters to bootstrap by.

    Rare diagnoses are dealt to the folds; a rare patient follows the first of them, everybody else is dealt by
    patient. A rare row without a code is in no fold (its disease might be anywhere), nor is a row whose disease
    belongs to another fold than its patient.

    Returns:
        The folds, and for each row its cluster, shape (n,): the disease of rare rows, the patient of the others.

    Raises:
        NotEnoughData: fewer rare diagnoses than folds.
    """
    is_coded_rare = rows.is_rare & (rows.disease != "")
    diseases = np.unique(rows.disease[is_coded_rare])
    if len(diseases) < folds:
        raise NotEnoughData(f"{len(diseases)} coded rare diagnoses to fit on; {folds} folds need at least {folds}")
    fold_of_disease = dict(zip(diseases, _dealt(len(diseases), folds, rng), strict=True))
    patients, of_row = np.unique(rows.patient_id, return_inverse=True)
    fold_of_patient = _dealt(len(patients), folds, rng)
    for row in np.flatnonzero(is_coded_rare)[::-1]:  # backwards: the first rare row of a patient has the last word
        fold_of_patient[of_row[row]] = fold_of_disease[rows.disease[row]]
    patient_fold = fold_of_patient[of_row]
    disease_fold = np.array([fold_of_disease.get(disease, -1) for disease in rows.disease], dtype=np.int64)
    disease_fold = np.where(is_coded_rare, disease_fold, patient_fold)
    is_usable = (is_coded_rare | ~rows.is_rare) & (disease_fold == patient_fold)
    made = tuple(
        Fold(
            train=np.flatnonzero(is_usable & (patient_fold != fold)),
            test=np.flatnonzero(is_usable & (patient_fold == fold)),
        )
        for fold in range(folds)
    )
    for fold in made:
        require_disjoint(rows.patient_id, train=fold.train, test=fold.test)
    return made, np.where(is_coded_rare, rows.disease, rows.patient_id)


def left_out_site_folds(rows: LabelledRows, *, folds: int) -> tuple[Fold, ...]:
    """Folds whose hospitals were never trained on; none where fewer than two are known.

    The sites are dealt by size to at most `folds` folds. A patient follows the first known site; visits elsewhere, and
    visits of which the site is unknown, are in no fold.
    """
    is_known = rows.site != ""
    sites, sizes = np.unique(rows.site[is_known], return_counts=True)
    count = min(folds, len(sites))
    if count < 2:
        return ()
    by_size = np.argsort(-sizes, kind="stable")
    fold_of_site = {sites[site]: place % count for place, site in enumerate(by_size)}
    patients, of_row = np.unique(rows.patient_id, return_inverse=True)
    home = np.full(len(patients), -1, dtype=np.int64)
    for row in np.flatnonzero(is_known)[::-1]:  # backwards: the first known site has the last word
        home[of_row[row]] = fold_of_site[rows.site[row]]
    visited = np.array([fold_of_site.get(site, -1) for site in rows.site], dtype=np.int64)
    is_usable = is_known & (visited == home[of_row])
    made = tuple(
        Fold(train=np.flatnonzero(is_usable & (visited != fold)), test=np.flatnonzero(is_usable & (visited == fold)))
        for fold in range(count)
    )
    for fold in made:
        require_disjoint(rows.patient_id, train=fold.train, test=fold.test)
    return made


def _newest_periods(period: StringArray, share: float) -> tuple[str, ...]:
    periods, counts = np.unique(period.astype(str), return_counts=True)
    if len(periods) < 2:
        raise NotEnoughData(f"all encounters are of {periods[0]}: a temporal test needs at least two quarters")
    from_newest = np.cumsum(counts[::-1]) / counts.sum()
    wanted = min(int(np.searchsorted(from_newest, share)) + 1, len(periods) - 1)
    return tuple(str(name) for name in periods[-wanted:])


def _dealt(count: int, folds: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    return rng.permutation(np.arange(count, dtype=np.int64) % folds)
