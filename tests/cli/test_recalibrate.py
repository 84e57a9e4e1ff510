"""`raretriage recalibrate` on a small trained run, lake and MLflow and all."""

import json
from datetime import UTC, datetime
from functools import partial

import pyarrow as pa
import pytest

from raretriage.bucket import MODEL_FILE, KnowledgeRef, Manifest
from raretriage.cli.exits import Exit
from raretriage.cli.main import run as raretriage
from raretriage.domain import Basis
from raretriage.knowledge import build_knowledge, dump
from raretriage.lake import Lake
from raretriage.release import Evidence, judge, read_run, stored, write_run
from raretriage.release.onnx import export_graph
from raretriage.training import train
from tests.manifests import PASSING_CHECKS
from tests.serving.tiny_model import HPOA_HEADER
from tests.training.conftest import BRANCHES, RARE_ONLY, ROOT, made_up_encounters, toy_config
from tests.training.test_split_of_run import record_of

KINDS = {kind: branch for branch, kinds in BRANCHES.items() for kind in kinds} | RARE_ONLY
OBO = "format-version: 1.2\ndata-version: hp/releases/2025-01-16\n\n[Term]\nid: HP:0000001\nname: All\n" + "".join(
    f"\n[Term]\nid: {term}\nname: {term}\nis_a: {parent} ! parent\n"
    for term, parent in ({ROOT: "HP:0000001"} | dict.fromkeys(BRANCHES, ROOT) | KINDS).items()
)
HPOA = HPOA_HEADER + "ORPHA:1\tMade-up syndrome\t\tHP:0001250\tORPHA:1\tTAS\t\tHP:0040281\t\t\tP\tx\n"


@pytest.fixture(scope="module")
def made():
    knowledge = build_knowledge(OBO.encode(), HPOA.encode())
    config = toy_config(lake_version=1)
    trained = train(made_up_encounters(), ontology=knowledge, knowledge_version=knowledge.version, config=config)
    return knowledge, config, trained


@pytest.fixture
def place(tmp_path, monkeypatch, made):
    """A folder with a lake in version 1, the run that was trained from it, and nothing else."""
    knowledge, config, trained = made
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("raretriage.cli.console.out.width", 250)
    assert land(tmp_path, made_up_encounters()) == 1
    onnx, known = export_graph(trained.state, trained.rare, trained.contract), dump(knowledge)
    manifest = Manifest(
        version="1.0",
        created=datetime(2026, 1, 1, tzinfo=UTC),
        git_commit="0" * 40,
        estimators=dict(trained.estimators),
        data=trained.data,
        training=record_of(trained, config),
        knowledge=KnowledgeRef(version=knowledge.version, sha256=stored(known).sha256),
        features=trained.contract,
        certificates=dict(trained.certificates),
        state_sets=trained.state_sets,
        training_range=dict(trained.training_range),
        untrained_groups=trained.untrained_groups,
        metrics=trained.metrics,
        checks=PASSING_CHECKS,
        files={MODEL_FILE: stored(onnx)} | {"model_card.md": stored(b"# card")},
    )
    write_run(tmp_path / "var/runs/latest", manifest, {MODEL_FILE: onnx, "model_card.md": b"# card"}, known)
    return tmp_path


def land(folder, table: pa.Table) -> int:
    return Lake(str(folder / "var/lake")).land(table.to_reader())


def hospital(patients: int) -> pa.Table:
    """Other patients and visits than those of the training."""
    table = made_up_encounters(patients, seed=11)
    for column in ("patient_id", "encounter_id"):
        names = pa.array([f"h{name}" for name in table[column].to_pylist()])
        table = table.set_column(table.schema.get_field_index(column), column, names)
    return table


recalibrate = partial(list, ("recalibrate", "--out", "new", "--json", "figures.json"))


def test_a_hospitals_patients_give_a_local_promise_and_the_gate_judges_the_model_on_them(place, capsys):
    land(place, hospital(900))
    assert raretriage(recalibrate()) == Exit.DONE
    shown = capsys.readouterr().out
    assert "(simulated, 95% confidence)" in shown
    assert "(local, 95% confidence)" in shown
    new = read_run(place / "new")
    assert new.manifest.certificates["findings"].basis is Basis.LOCAL
    figures = json.loads((place / "figures.json").read_text())
    assert (figures["from"], figures["version"]) == ("1.0", new.manifest.version)
    on_them = {m.name: m for m in new.manifest.metrics if m.split == "recalibration" and m.group == "everybody"}
    assert on_them["specificity_rare"].n < figures["new"]["findings"]["negatives"] * 1.5
    gate = judge(Evidence.of(new.manifest))
    assert gate.passed("dev")
    shown_of = {row.name: row.value for row in gate.rows}
    assert f"{on_them['specificity_rare'].value:.3f}" in shown_of["specificity, people who are not rare"]
    assert shown_of["certificate, findings tier"].startswith("local")
    assert raretriage(["publish", "--run", "new", "--env", "dev"]) == Exit.DONE
    assert "read for recalibration" in (place / "var/audit.jsonl").read_text()


def test_the_simulated_patients_that_were_not_fitted_on_can_be_used_and_are_said_to_be_simulated(place):
    assert raretriage([*recalibrate(), "--basis", "simulated"]) == Exit.DONE
    new = read_run(place / "new").manifest
    old = read_run(place / "var/runs/latest").manifest.certificates["findings"]
    assert new.certificates["findings"].basis is Basis.SIMULATED
    assert new.certificates["findings"].positives > old.positives, "calibration and temporal test together"
    assert raretriage(["publish", "--run", "new", "--env", "prod"]) == Exit.REFUSED


def test_simulated_patients_alone_give_no_local_promise(place, capsys):
    assert raretriage(recalibrate()) == Exit.BAD_INPUT
    assert "--basis simulated" in capsys.readouterr().err
    assert not (place / "new").exists()


def test_too_few_rare_patients_is_a_refusal_and_the_run_is_written_all_the_same(place, capsys):
    land(place, hospital(150))
    assert raretriage(recalibrate()) == Exit.REFUSED
    assert "cannot be certified on these patients: too_few_positives" in " ".join(capsys.readouterr().err.split())
    assert read_run(place / "new").manifest.certificates["findings"].reason.startswith("too_few_positives")
    assert json.loads((place / "figures.json").read_text())["new"]["findings"]["reason"]


def test_another_lake_of_simulated_patients_is_refused_until_somebody_says_that_they_are_others(place, monkeypatch):
    monkeypatch.setenv("LAKE_URL", str(place / "elsewhere"))
    Lake(str(place / "elsewhere")).land(hospital(900).to_reader())
    assert raretriage([*recalibrate(), "--basis", "simulated"]) == Exit.REFUSED
    assert not (place / "new").exists()
    assert raretriage([*recalibrate(), "--basis", "simulated", "--other-patients"]) == Exit.DONE
    assert "stated by whoever gave the command" in (place / "new/model_card.md").read_text()
