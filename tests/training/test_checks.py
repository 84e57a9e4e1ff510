"""A run's own data looked at again: leaks, calibration on training rows, rare-only words, swapped thresholds."""

from dataclasses import replace

import numpy as np
import pytest

from raretriage.bucket import TrainingRecord
from raretriage.domain import InputTier
from raretriage.release.onnx import export_graph, run_graph
from raretriage.training.checks import check_run
from raretriage.training.remeasure import draw_again
from raretriage.training.splits import patients_sha256
from tests.manifests import training_record

LEAK, CALIBRATION = "no leaked patient", "calibrated on calibration patients"
VOCABULARY = "no rare-only finding in the vocabulary"


@pytest.fixture(scope="module")
def drawn(trained, encounters, ontology, make_config):
    return draw_again(encounters, contract=trained.contract, ontology=ontology, config=make_config())


@pytest.fixture(scope="module")
def score(trained):
    graph = export_graph(trained.state, trained.rare, trained.contract)
    return lambda rows: run_graph(graph, rows)


@pytest.fixture
def record(trained) -> TrainingRecord:
    return training_record(
        fit_patients_sha256=trained.fit_patients_sha256,
        calibration_patients_sha256=trained.calibration_patients_sha256,
    )


def failed(drawn, record, certificates, score, config) -> list[str]:
    return [c.name for c in check_run(drawn, record, certificates, score=score, config=config) if not c.passed]


def test_an_honest_run_passes_every_check(drawn, record, trained, score, make_config):
    assert failed(drawn, record, trained.certificates, score, make_config()) == []


def test_one_test_patient_among_those_fitted_on_is_a_leak(drawn, record, trained, score, make_config):
    leaked = drawn.rows.patient_id[np.append(drawn.split.fit, drawn.split.test[0])]
    other = record.model_copy(update={"fit_patients_sha256": patients_sha256(leaked)})
    assert failed(drawn, other, trained.certificates, score, make_config()) == [LEAK]


def test_a_split_that_shares_a_patient_is_a_leak_even_where_the_run_agrees(drawn, record, trained, score, make_config):
    shared = replace(drawn.split, fit=np.append(drawn.split.fit, drawn.split.test[0]))
    agreed = record.model_copy(update={"fit_patients_sha256": patients_sha256(drawn.rows.patient_id[shared.fit])})
    assert LEAK in failed(replace(drawn, split=shared), agreed, trained.certificates, score, make_config())


def test_calibration_on_training_rows_is_seen(drawn, record, trained, score, make_config):
    other = record.model_copy(update={"calibration_patients_sha256": record.fit_patients_sha256})
    assert failed(drawn, other, trained.certificates, score, make_config()) == [CALIBRATION]


def test_a_finding_that_rare_patients_alone_have_is_seen_in_the_vocabulary(
    trained, encounters, ontology, make_config, record, score
):
    wide = trained.contract.model_copy(update={"vocabulary": (*trained.contract.vocabulary, "HP:0008066")})
    again = draw_again(encounters, contract=wide, ontology=ontology, config=make_config())
    narrow = lambda rows: score(replace(rows, phenotypes=rows.phenotypes[:, :-1]))  # noqa: E731
    assert failed(again, record, trained.certificates, narrow, make_config()) == [VOCABULARY]


def test_a_swapped_threshold_is_seen(drawn, record, trained, score, make_config):
    own = trained.certificates[InputTier.FINDINGS]
    swapped = {**trained.certificates, InputTier.FINDINGS: own.model_copy(update={"threshold": own.threshold * 1.05})}
    assert failed(drawn, record, swapped, score, make_config()) == ["certificate of findings follows from its patients"]


def test_a_promise_where_the_patients_give_none_is_seen(drawn, record, trained, score, make_config):
    own = trained.certificates[InputTier.FINDINGS]
    invented = {**trained.certificates, InputTier.BASIC: own.model_copy(update={"tier": InputTier.BASIC})}
    assert failed(drawn, record, invented, score, make_config()) == ["certificate of basic follows from its patients"]
