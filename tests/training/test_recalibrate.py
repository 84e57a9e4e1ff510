import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from raretriage.domain import Basis, Certificate, InputTier, Refusal
from raretriage.release.onnx import export_graph, run_graph
from raretriage.training import LeakedPatient, MayOverlap, NotEnoughData
from raretriage.training.dataset import labelled_rows
from raretriage.training.recalibrate import fitted_patients, recalibrate
from raretriage.training.splits import patients_sha256, split_of_run
from tests.training.test_split_of_run import record_of


@pytest.fixture(scope="module")
def record(trained, make_config):
    return record_of(trained, make_config())


@pytest.fixture(scope="module")
def graph(trained):
    return export_graph(trained.state, trained.rare, trained.contract)


@pytest.fixture(scope="module")
def hospital(make_encounters) -> pa.Table:
    """Other patients, with pseudonyms of their own."""
    table = make_encounters(900, seed=11)
    names = pa.array([f"h{name}" for name in table["patient_id"].to_pylist()])
    return table.set_column(table.schema.get_field_index("patient_id"), "patient_id", names)


@pytest.fixture
def again(trained, ontology, graph, record):
    def run(encounters, **changes):
        arguments = {
            "left_out": frozenset(),
            "contract": trained.contract,
            "ontology": ontology,
            "score": lambda rows: run_graph(graph, rows),
            "record": record,
            "state_coverage": 0.9,
            "basis": Basis.LOCAL,
        }
        return recalibrate(encounters, **(arguments | changes))

    return run


def parts(encounters, record):
    rows, _ = labelled_rows(encounters)
    split = split_of_run(rows, record)
    return {name: set(rows.patient_id[getattr(split, name)]) for name in ("fit", "calibration", "test")}


def test_on_the_lake_of_the_training_the_fitted_patients_are_left_out(encounters, record):
    out = fitted_patients(encounters, record, fitted_on_simulated=True, basis=Basis.SIMULATED)
    own = parts(encounters, record)
    assert out == own["fit"]
    assert not out & (own["calibration"] | own["test"])
    assert fitted_patients(encounters, record, fitted_on_simulated=False, basis=Basis.LOCAL) == own["fit"]


def test_a_local_promise_rests_on_none_of_a_made_up_cohort(encounters, record):
    out = fitted_patients(encounters, record, fitted_on_simulated=True, basis=Basis.LOCAL)
    assert out == set(encounters["patient_id"].to_pylist())


@pytest.mark.parametrize(("simulated", "basis"), [(False, Basis.LOCAL), (True, Basis.LOCAL), (True, Basis.SIMULATED)])
@pytest.mark.parametrize("is_there", [True, False])
def test_where_nobody_can_tell_whether_patients_overlap_it_is_refused(hospital, record, simulated, basis, is_there):
    table = hospital if is_there else None
    with pytest.raises(MayOverlap, match="--other-patients"):
        fitted_patients(table, record, fitted_on_simulated=simulated, basis=basis)
    out = fitted_patients(table, record, fitted_on_simulated=simulated, basis=basis, are_others=True)
    assert out == frozenset()


def test_made_up_patients_do_not_pass_for_real_ones_where_one_of_them_was_erased(encounters, record):
    somebody = min(parts(encounters, record)["fit"])
    erased = encounters.filter(pc.not_equal(encounters["patient_id"], somebody))
    with pytest.raises(MayOverlap):
        fitted_patients(erased, record, fitted_on_simulated=True, basis=Basis.LOCAL)


def test_a_lake_without_labels_is_not_that_of_the_training(encounters, record):
    unlabelled = encounters.set_column(
        encounters.schema.get_field_index("rare"), "rare", pa.nulls(encounters.num_rows, pa.bool_())
    )
    with pytest.raises(MayOverlap):
        fitted_patients(unlabelled, record, fitted_on_simulated=False, basis=Basis.LOCAL)


def test_the_calibration_patients_of_a_run_give_the_runs_own_promises(trained, encounters, record, again):
    own = parts(encounters, record)
    made = again(encounters, left_out=frozenset(own["fit"] | own["test"]), basis=Basis.SIMULATED)
    for tier in InputTier:
        before, now = trained.certificates[tier], made.certificates[tier]
        assert type(now) is type(before)
        if isinstance(before, Certificate):
            assert (now.threshold, now.positives, now.misses) == (before.threshold, before.positives, before.misses)
        for state, bound in trained.state_sets.bounds[tier].items():
            assert made.state_sets.bounds[tier][state] == pytest.approx(bound, abs=1e-5)
    assert made.calibration_patients_sha256 == trained.calibration_patients_sha256
    assert (made.patients, made.left_out) == (len(own["calibration"]), len(own["fit"] | own["test"]))


def test_a_local_promise_says_so_and_rests_on_one_row_a_patient(hospital, again):
    made = again(hospital)
    rare = hospital.filter(hospital["rare"])
    promise = made.certificates[InputTier.FINDINGS]
    assert isinstance(promise, Certificate)
    assert {c.basis for c in made.certificates.values()} == {Basis.LOCAL}
    assert promise.positives <= len(set(rare["patient_id"].to_pylist())) < rare.num_rows
    assert (made.encounters, made.patients) == (hospital.num_rows, 900)
    assert made.calibration_patients_sha256 == patients_sha256(np.array(hospital["patient_id"].to_pylist()))
    assert set(made.plots) == {f"certificate_{tier.value}.png" for tier in InputTier}


def test_a_tier_that_cannot_be_certified_gets_a_refusal_with_its_reason(hospital, again):
    rare = sorted(set(hospital.filter(hospital["rare"])["patient_id"].to_pylist()))
    made = again(hospital, left_out=frozenset(rare[40:]))
    promise = made.certificates[InputTier.FINDINGS]
    assert isinstance(promise, Refusal)
    assert promise.reason.startswith("too_few_positives")
    assert (promise.basis, made.left_out) == (Basis.LOCAL, len(rare) - 40)


def test_a_model_that_ranks_nobody_is_refused_as_too_costly(hospital, again, graph):
    def alike(rows):
        state, rare = run_graph(graph, rows)
        return state, np.full_like(rare, 0.3)

    promise = again(hospital, score=alike).certificates[InputTier.FINDINGS]
    assert isinstance(promise, Refusal)
    assert promise.reason.startswith("too_costly")


def test_nobody_left_is_an_error_that_says_what_to_do(hospital, again):
    with pytest.raises(NotEnoughData, match="ingest others"):
        again(hospital, left_out=frozenset(hospital["patient_id"].to_pylist()))


def test_the_very_patients_of_the_fit_are_recognised_by_their_hash(hospital, again, record):
    own = patients_sha256(np.array(hospital["patient_id"].to_pylist()))
    with pytest.raises(LeakedPatient):
        again(hospital, record=record.model_copy(update={"fit_patients_sha256": own}))


def test_target_and_confidence_are_those_of_the_run(hospital, again, record):
    promise = again(hospital, record=record.model_copy(update={"target": 0.8})).certificates[InputTier.FINDINGS]
    assert isinstance(promise, Certificate)
    assert promise.target == 0.8
    stricter = again(hospital).certificates[InputTier.FINDINGS]
    assert isinstance(stricter, Certificate)
    assert promise.threshold > stricter.threshold
