"""`raretriage evaluate`: the gate's table, and the exit code that a scheduler reads. What is measured is made up."""

import json

import pytest

from raretriage.bucket import EXPLANATION_FILE, MODEL_FILE, DataCheck, GroupPromise, Metric
from raretriage.cli.exits import Exit
from raretriage.cli.main import run as raretriage
from raretriage.release import stored, write_run
from raretriage.release.evaluate import Evaluation
from tests.manifests import PASSING_CHECKS, metric, passing_metrics
from tests.serving.tiny_model import KNOWLEDGE_BYTES, tiny_explanation, tiny_graph, tiny_manifest

PROMISE = GroupPromise(group="sex=female", positives=80, misses=1, low=0.942, high=0.99, verdict="cannot_certify")
OF_A_GROUP = metric("roc_auc_rare", 0.912, 0.87, 0.94, group="sex=female")


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """A run in the folder, and what the evaluation will find; by default all that both gates ask."""
    monkeypatch.chdir(tmp_path)
    for name in ("MODEL_ENV", "MODEL_URI", "LAKE_URL", "RUNS_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("raretriage.cli.console.out.width", 250)
    files = {MODEL_FILE: tiny_graph().SerializeToString(), EXPLANATION_FILE: tiny_explanation()}
    manifest = tiny_manifest(files[MODEL_FILE], files={name: stored(data) for name, data in files.items()})
    write_run(tmp_path / "var/runs/latest", manifest, files, KNOWLEDGE_BYTES)

    def found(
        metrics: tuple[Metric, ...] = (*passing_metrics(), OF_A_GROUP),
        checks: tuple[DataCheck, ...] = PASSING_CHECKS,
        groups: tuple[GroupPromise, ...] = (PROMISE,),
    ) -> None:
        monkeypatch.setattr("raretriage.cli.evaluate._evaluated", lambda _w, _r: Evaluation(metrics, groups, checks))

    found()
    return found


def with_figure(name: str, value: float, low: float, high: float) -> tuple[Metric, ...]:
    return (*(m for m in passing_metrics() if m.name != name), metric(name, value, low, high))


@pytest.mark.parametrize("arguments", [[], ["--env", "dev"], ["--env", "prod"]])
def test_a_green_gate_is_success(measured, capsys, arguments):
    assert raretriage(["evaluate", *arguments]) == Exit.DONE
    shown = capsys.readouterr().out
    assert "gate of dev: passes" in shown
    assert "gate of prod: passes" in shown
    assert "FAIL" not in shown


def test_a_red_gate_is_exit_code_4_with_each_condition_its_figure_and_its_reason(measured, capsys):
    measured(
        with_figure("roc_auc_rare", 0.81, 0.79, 0.83),
        checks=(DataCheck(name="no leaked patient", passed=False, found="3 in both", limit="nobody"),),
    )
    assert raretriage(["evaluate"]) == 4
    shown = capsys.readouterr()
    assert "gate of dev: FAILS, 2 conditions not met" in shown.out
    rows = {line.strip() for line in shown.out.splitlines() if "FAIL " in line}
    assert len(rows) == 2
    auc = next(row for row in rows if "ROC-AUC rare" in row)
    assert "0.790" in auc
    assert "0.85" in auc
    assert "it hardly tells them apart" in auc
    leak = next(row for row in rows if "no leaked patient" in row)
    assert "3 in both" in leak
    assert "no figure of this run can be believed" in leak
    said = " ".join(shown.err.split())
    assert "the gate of dev is red: no leaked patient, ROC-AUC rare against the rest" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("given", "model_env", "code"),
    [
        (["--env", "dev"], None, Exit.DONE),
        (["--env", "prod"], None, Exit.REFUSED),
        ([], None, Exit.DONE),
        ([], "prod", Exit.REFUSED),
        (["--env", "dev"], "prod", Exit.DONE),
    ],
)
def test_the_environment_decides_whose_gate_counts(measured, monkeypatch, capsys, given, model_env, code):
    measured(with_figure("specificity_rare", 0.85, 0.84, 0.86))  # too costly for prod, and dev does not ask
    if model_env:
        monkeypatch.setenv("MODEL_ENV", model_env)
    assert raretriage(["evaluate", *given]) == code
    shown = capsys.readouterr().out
    assert "gate of dev: passes" in shown
    assert "gate of prod: FAILS, 1 conditions not met" in shown


def test_an_environment_that_there_is_none_of_is_wrong_use(measured, capsys):
    assert raretriage(["evaluate", "--env", "staging"]) == Exit.USAGE
    assert "dev or prod" in capsys.readouterr().err


def test_the_json_has_what_the_tables_say_also_when_the_gate_is_red(measured, tmp_path):
    measured(with_figure("unsure_rate", 0.4, 0.38, 0.42))
    assert raretriage(["evaluate", "--env", "prod", "--json", "figures.json"]) == Exit.REFUSED
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["gate"]["passed"] == {"dev": True, "prod": False}
    failing = [row for row in figures["gate"]["rows"] if not row["passed"]]
    assert [(row["name"], row["level"]) for row in failing] == [("NO SEGURO", "prod")]
    assert failing[0]["reason"]
    assert {m["name"]: m["high"] for m in figures["metrics"]}["unsure_rate"] == 0.42
    assert figures["groups"][0]["verdict"] == "cannot_certify"
    assert (figures["cases"], figures["simulated"]) == (None, True)


def test_groups_have_their_tables_and_are_not_mixed_with_everybody(measured, capsys):
    assert raretriage(["evaluate"]) == Exit.DONE
    shown = capsys.readouterr().out
    everybody, _, groups = shown.partition("Groups of SIMULATED patients")
    assert "0.912 (0.87-0.94)" in groups
    assert "0.912" not in everybody
    promised = next(line for line in groups.splitlines() if "cannot_certify" in line)
    assert promised.split() == ["sex=female", "1/80", "0.942", "0.990", "cannot_certify"]


def test_local_patients_are_not_called_simulated(measured, tmp_path, capsys):
    files = {MODEL_FILE: tiny_graph().SerializeToString(), EXPLANATION_FILE: tiny_explanation()}
    manifest = tiny_manifest(files[MODEL_FILE], files={name: stored(data) for name, data in files.items()})
    local = manifest.model_copy(update={"data": manifest.data.model_copy(update={"simulated": False})})
    write_run(tmp_path / "local", local, files, KNOWLEDGE_BYTES)
    assert raretriage(["evaluate", "--run", "local"]) == Exit.DONE
    shown = capsys.readouterr().out
    assert "Figures on local patients" in shown
    assert "SIMULATED" not in shown
