"""`make run` without the serving: from nothing to a published model, and a second run that does nothing again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.server, pytest.mark.slow]

COMMAND = str(Path(sys.executable).parent / "raretriage")


def demo(folder: Path, *arguments: str, despite_gate: bool = True) -> subprocess.CompletedProcess[str]:
    """1,500 patients are too few for dev's gate."""
    despite = ["--despite-gate"] if despite_gate else []
    return subprocess.run(
        [COMMAND, "demo", "--patients", "1500", "--no-serve", *despite, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, demo(folder, "--json", "figures.json")


def test_it_ends_by_saying_where_everything_is(shown):
    folder, done = shown
    assert done.returncode == 0, done.stderr[-3000:]
    version = json.loads((folder / "figures.json").read_text())["version"]
    assert version in done.stdout
    for words in (
        "http://localhost:8000",
        "SIMULATED",
        "ROC-AUC",
        "var/lake",
        "var/bucket",
        "mlflow",
        "predicciones_dev",
    ):
        assert words in done.stdout, words
    assert {path.name for path in folder.iterdir()} == {"var", "figures.json"}, "nothing is written anywhere else"


def test_its_headlines_are_of_everybody_in_the_temporal_test_and_of_no_group(shown):
    folder, done = shown
    metrics = json.loads((folder / "figures.json").read_text())["metrics"]
    own = {(m["split"], m["tier"], m["group"], m["name"]): m for m in metrics}
    assert any(m["group"] != "everybody" for m in metrics)
    headlines = done.stdout.partition("Recall certificates")[0].splitlines()
    for words, name in {"ROC-AUC rare against the rest": "roc_auc_rare", "macro-F1 state  ": "f1_state_macro"}.items():
        expected = own["temporal", "findings", "everybody", name]
        [line] = [line for line in headlines if words in line]
        assert f"{expected['value']:.3f} ({expected['low']:.3f} to" in line
        assert line.rstrip().endswith(f"n = {expected['n']}")


def test_a_model_that_fails_the_gate_is_shown_and_not_served_unless_asked_for(shown):
    folder, done = shown
    assert "gate of dev: FAILS" in done.stdout
    entry = json.loads(next((folder / "var/bucket/ledger/dev").iterdir()).read_text())
    assert "despite a red gate" in entry["why"]
    refused = demo(folder, despite_gate=False)
    assert refused.returncode == 4
    assert "--despite-gate" in refused.stderr


def test_a_second_run_reuses_what_is_current(shown):
    folder, first = shown
    before = {path: path.stat().st_mtime_ns for path in (folder / "var").rglob("*") if path.is_file()}
    again = demo(folder)
    assert again.returncode == 0, again.stderr[-3000:]
    assert again.stderr.count("reused") == 4
    changed = {
        str(path.relative_to(folder / "var")) for path, time in before.items() if path.stat().st_mtime_ns != time
    }
    kept = {name for name in changed if name.startswith(("export/", "lake/", "runs/", "warehouse", "bucket/ledger"))}
    assert kept == set()
    assert len(list((folder / "var/bucket/ledger/dev").iterdir())) == 1
    assert [line for line in first.stdout.splitlines() if line.startswith("model ")] == [
        line for line in again.stdout.splitlines() if line.startswith("model ")
    ]


def test_a_run_that_was_stopped_while_landing_goes_on(shown):
    folder, _ = shown
    marks = json.loads((folder / "var/demo.json").read_text())
    done = marks["ingest"]
    stopped = {**marks, "ingest": done.partition("@")[0] + "@landing"}
    (folder / "var/demo.json").write_text(json.dumps(stopped))
    again = demo(folder)
    assert again.returncode == 0, again.stderr[-3000:]
    assert json.loads((folder / "var/demo.json").read_text())["ingest"] == done


def test_somebody_elses_data_in_the_lake_is_never_removed(shown):
    folder, _ = shown
    (folder / "visit.csv").write_text("encounter_id,patient_id,fever,pain,days\nv1,q1,3,2,4\n")
    landed = subprocess.run([COMMAND, "ingest", "visit.csv"], cwd=folder, capture_output=True, text=True, check=False)
    assert landed.returncode == 0, landed.stderr
    refused = demo(folder)
    assert refused.returncode == 3
    assert "LAKE_URL" in refused.stderr
