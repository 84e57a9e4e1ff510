from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from raretriage.domain import Basis, Certificate, InputTier, Refusal
from raretriage.release.onnx import check_parity, export_graph
from raretriage.training import K_FOLD, NotEnoughData, RunRecord, candidates_csv, train
from raretriage.training.dataset import labelled_rows
from raretriage.training.model import training_range, untrained_groups
from raretriage.training.platt import Line
from raretriage.training.splits import split_by_patient


class RememberingTracker:
    def __init__(self) -> None:
        self.runs: list[RunRecord] = []

    def record(self, run: RunRecord) -> str:
        self.runs.append(run)
        return "run-1"


@pytest.fixture(scope="module")
def small(make_encounters) -> pa.Table:
    return make_encounters(500)


@pytest.fixture(scope="module")
def quick(make_config):
    return make_config(folds=2, draws=20)


@pytest.fixture(scope="module")
def tracked(small, ontology, quick):
    tracker, steps = RememberingTracker(), []
    model = train(
        small, ontology=ontology, knowledge_version="toy-1", config=quick, tracker=tracker, progress=steps.append
    )
    return model, tracker.runs, steps


def metric(model, name, split="temporal", tier=InputTier.FINDINGS):
    return next(m for m in model.metrics if (m.name, m.split, m.tier) == (name, split, tier))


def test_the_model_finds_the_made_up_pattern_and_beats_the_rules(trained):
    assert metric(trained, "roc_auc_rare").low > 0.85
    assert metric(trained, "f1_state_macro_minus_rules").low > 0


def test_all_three_splits_are_reported_by_name(trained):
    for split in ("temporal", "k-fold", "left-out diseases"):
        for name in ("roc_auc_rare", "f1_state_macro"):
            found = metric(trained, name, split)
            assert found.low <= found.value <= found.high


def test_the_temporal_test_is_reported_at_every_tier(trained):
    for tier in InputTier:
        assert metric(trained, "f1_state_macro", tier=tier).n > 100
        assert metric(trained, "unsure_rate", tier=tier).value < 1


def test_rare_is_certified_with_findings_and_refused_as_too_costly_without(trained):
    """In the made-up table only findings tell rare from not rare."""
    assert isinstance(trained.certificates[InputTier.FINDINGS], Certificate)
    for tier in (InputTier.VITALS, InputTier.BASIC):
        refusal = trained.certificates[tier]
        assert isinstance(refusal, Refusal)
        assert refusal.reason.startswith("too_costly")
    assert metric(trained, "sensitivity_rare").value > 0.9
    with pytest.raises(StopIteration):
        metric(trained, "sensitivity_rare", tier=InputTier.BASIC)


def test_where_nothing_tells_rare_from_not_rare_the_certificate_is_refused(make_encounters, ontology, quick):
    model = train(make_encounters(900, signal=0.0), ontology=ontology, knowledge_version="toy-1", config=quick)
    assert all(isinstance(certificate, Refusal) for certificate in model.certificates.values())
    auc = metric(model, "roc_auc_rare", "k-fold")
    # State tells a little of rarity in this table; findings tell nothing.
    assert auc.value < 0.8


def test_certificate_and_state_sets_rest_on_calibration_patients_alone(trained):
    certificate = trained.certificates[InputTier.FINDINGS]
    assert certificate.positives + certificate.negatives <= trained.counts.patients["calibration"]
    assert set(trained.state_sets.bounds) == set(InputTier)


def test_every_candidate_and_the_rules_are_in_one_table(trained):
    assert [row.name for row in trained.candidates] == ["rules", "logistic_regression", "random_forest", "lightgbm"]
    header, rules, *_ = candidates_csv(trained.candidates).decode().splitlines()
    assert header.startswith("name,roc_auc_rare,roc_auc_rare_se,pr_auc_rare")
    assert rules.startswith("rules,,,,")
    assert set(trained.estimators) == {"state", "rare"}
    assert set(trained.estimators.values()) <= {row.name for row in trained.candidates}


def test_the_vocabulary_holds_no_finding_that_rare_patients_alone_have(trained):
    assert not {"HP:0002353", "HP:0001638", "HP:0008066"} & set(trained.contract.vocabulary)
    assert "HP:0012735" in trained.contract.vocabulary


def test_what_the_manifest_needs_is_said(trained):
    assert (trained.data.lake_version, trained.data.simulated) == (3, True)
    assert trained.data.encounters == trained.counts.encounters["fit"]
    assert trained.data.patients == trained.counts.patients["fit"]
    assert not set(trained.data.periods) & set(trained.counts.test_periods)
    assert trained.training_range["age_years"][1] <= 90
    assert trained.run_id is None


def test_ranges_are_those_of_the_encounters_that_were_fitted_on(trained, encounters, make_config):
    config, rows = make_config(), labelled_rows(encounters)[0]
    seed, _, _ = np.random.SeedSequence(config.seed).spawn(3)
    split = split_by_patient(
        rows,
        test_share=config.test_share,
        calibration_share=config.calibration_share,
        rng=np.random.default_rng(seed),
    )
    days = rows.columns.numbers["days"]
    assert trained.training_range["days"] == (np.nanmin(days[split.fit]), np.nanmax(days[split.fit]))
    assert trained.training_range["days"] != (np.nanmin(days), np.nanmax(days))


def test_the_exported_graph_gives_the_trained_models_probabilities(trained):
    assert len(trained.sample.numeric) > 3_000
    exported = export_graph(trained.state, trained.rare, trained.contract)
    assert check_parity(exported, trained.state, trained.rare, trained.sample) <= 1e-5


def test_the_rare_head_stands_on_the_line_of_its_answers_to_patients_it_had_not_seen(trained):
    by_name = {metric.name: metric for metric in trained.metrics if metric.split == K_FOLD}
    assert trained.rare.line != Line()
    assert by_name["calibration_slope_rare"].value == pytest.approx(1, abs=1e-6)
    assert by_name["calibration_intercept_rare"].value == pytest.approx(0, abs=1e-6)


def test_the_same_encounters_in_any_order_give_the_same_model(small, ontology, quick, tracked):
    shuffled = small.take(pa.array(np.random.default_rng(3).permutation(small.num_rows)))
    again = train(shuffled, ontology=ontology, knowledge_version="toy-1", config=quick)
    first = tracked[0]
    assert export_graph(again.state, again.rare, again.contract) == export_graph(
        first.state, first.rare, first.contract
    )
    assert (again.certificates, again.state_sets, again.metrics) == (
        first.certificates,
        first.state_sets,
        first.metrics,
    )


def test_progress_reports_as_many_steps_as_announced(tracked, quick):
    assert sum(tracked[2]) == quick.steps


def test_the_tracker_gets_one_run_with_a_child_a_candidate(tracked, quick):
    model, (run,), _ = tracked
    assert model.run_id == "run-1"
    assert [child.name for child in run.children] == ["logistic_regression", "random_forest", "lightgbm"]
    assert run.tags["lake_version"] == "3"
    assert run.tags["git_commit"] == quick.git_commit
    assert run.params["seed"] == str(quick.seed)
    assert {"candidates.csv", "metrics.csv", "roc_rare.png", "certificate_findings.png"} <= set(run.files)
    assert run.metrics["temporal/findings/roc_auc_rare"] == metric(model, "roc_auc_rare").value
    for child in run.children:
        assert {"roc_rare.png", "confusion_state.png"} <= set(child.files)
        assert 0.5 < child.metrics["k-fold/roc_auc_rare"] <= 1


def test_no_pseudonym_goes_into_the_tracker(tracked, small):
    _, (run,), _ = tracked
    texts = [*run.files.values(), str(run).encode()]
    for patient in small["patient_id"].unique().to_pylist()[:50]:
        assert not any(patient.encode() in text for text in texts)


def test_local_patients_are_not_called_simulated(small, ontology, quick):
    model = train(small, ontology=ontology, knowledge_version="toy-1", config=replace(quick, basis=Basis.LOCAL))
    assert not model.data.simulated
    assert all(promise.basis is Basis.LOCAL for promise in model.certificates.values())
    assert not any(b"simulated" in png for png in model.plots.values())


def test_without_shared_findings_there_is_no_model(small, ontology, quick):
    empty = pa.array([[]] * small.num_rows, small.schema.field("phenotypes").type)
    bare = small.set_column(small.schema.get_field_index("phenotypes"), small.schema.field("phenotypes"), empty)
    with pytest.raises(NotEnoughData, match="ingest encounters with coded findings"):
        train(bare, ontology=ontology, knowledge_version="toy-1", config=quick)


def test_a_hospital_that_never_measures_a_vital_sign_still_gets_a_model(small, ontology, quick):
    for vital in ("spo2", "temperature_c"):
        position = small.schema.get_field_index(vital)
        small = small.set_column(position, small.schema.field(position), pa.nulls(small.num_rows, pa.float64()))
    model = train(small, ontology=ontology, knowledge_version="toy-1", config=quick)
    assert "spo2" not in model.training_range
    exported = export_graph(model.state, model.rare, model.contract)
    assert check_parity(exported, model.state, model.rare, model.sample) <= 1e-5


@pytest.mark.parametrize(("patients", "untrained"), [(58, ("neonate", "pregnant")), (59, ())])
def test_a_group_with_fewer_than_59_patients_is_untrained(encounters, patients, untrained):
    rows = labelled_rows(encounters)[0].take(np.arange(200))
    patient = np.array([f"p{min(i, patients - 1)}" for i in range(200)], dtype=object)
    numbers = {**rows.columns.numbers, "age_years": np.zeros(200)}
    categories = {**rows.columns.categories, "pregnant": np.full(200, "yes", dtype=object)}
    columns = replace(rows.columns, numbers=numbers, categories=categories)
    assert untrained_groups(replace(rows, columns=columns, patient_id=patient)) == untrained


def test_a_child_of_one_month_is_no_neonate(encounters):
    rows = labelled_rows(encounters)[0].take(np.arange(200))
    for age, is_untrained in ((0.0, False), (1 / 12, True)):
        numbers = {**rows.columns.numbers, "age_years": np.full(200, age)}
        columns = replace(rows.columns, numbers=numbers)
        assert ("neonate" in untrained_groups(replace(rows, columns=columns))) is is_untrained


def test_the_training_range_ignores_what_is_missing(encounters):
    rows = labelled_rows(encounters)[0]
    fever = rows.columns.numbers["fever"]
    assert np.isnan(fever).any()
    assert training_range(rows)["fever"] == (np.nanmin(fever), np.nanmax(fever))
