"""The command line's border: help, exit codes, and errors that say what to do."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).parent / "raretriage")
pytestmark = pytest.mark.slow

STAGES = (
    "cohort export",
    "cohort audit",
    "cohort report",
    "cohort benchmark",
    "knowledge rarity",
    "knowledge search",
    "knowledge extract",
    "knowledge score-sentences",
    "differential build",
    "differential rank",
    "differential speed",
    "benchmark",
    "training-cost",
    "ingest",
    "train",
    "evaluate",
    "recalibrate",
    "publish",
    "study",
    "serve",
    "predict",
    "demo",
)


def cli(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "TERM": "dumb", "COLUMNS": "200", **environment}
    return subprocess.run([COMMAND, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_help_with_an_example(tmp_path, stage):
    shown = cli(tmp_path, *stage.split(), "--help")
    assert (shown.returncode, "Example: " in shown.stdout, f"raretriage {stage}" in shown.stdout) == (0, True, True)
    assert list(tmp_path.iterdir()) == [], "asking for help writes nothing"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nonsense"], 2, "No such command"),
        (["cohort", "export", "--patients", "0"], 2, "--patients"),
        (["cohort", "export", "--rare-share", "0.9"], 3, "add up to"),
        (["ingest", "nowhere"], 3, "check the path"),
        (["train"], 3, "ingest"),
        (["train", "--kind", "magic"], 2, "xgboost"),
        (["evaluate"], 3, "raretriage train"),
        (["recalibrate"], 3, "raretriage train"),
        (["publish"], 3, "raretriage train"),
        (["predict", "nobody.json"], 3, "nobody.json"),
        (["lake", "history"], 3, "encounters"),
        (["log", "verify"], 3, "LOG_DIR"),
        (["publish", "--env", "staging"], 2, "dev or prod"),
    ],
)
def test_a_mistake_gets_its_code_and_says_what_to_do(tmp_path, arguments, code, says):
    done = cli(tmp_path, *arguments)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_bucket_that_cannot_be_reached_is_told_apart_from_a_mistake(tmp_path):
    (tmp_path / "patient.json").write_text('{"fever": 1, "pain": 1, "days": 1}')
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    done = cli(tmp_path, "predict", "patient.json", MODEL_URI="s3://bucket", AWS_REGION="us-east-1", **nowhere)
    assert done.returncode == 5, done.stderr


def test_a_command_imports_the_libraries_of_no_other():
    """`raretriage serve` is the service itself: what the training needs must not weigh on it."""
    code = "import raretriage.cli, sys; print(*sys.modules)"
    loaded = set(subprocess.check_output([sys.executable, "-c", code], text=True).split())
    heavy = {"pandas", "pyarrow", "sklearn", "scipy", "xgboost", "lightgbm", "mlflow", "duckdb", "ibis", "matplotlib"}
    assert heavy.isdisjoint(loaded)


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = cli(tmp_path, "serve", "--port", str(other.getsockname()[1]))
    assert (done.returncode, "--port" in done.stderr) == (3, True)


def test_ctrl_c_ends_the_service_as_it_should(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([COMMAND, "serve", "--port", str(port)], cwd=tmp_path, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0


def test_the_same_seed_gives_the_same_figures_as_json(tmp_path):
    for name in ("a", "b"):
        assert (
            cli(tmp_path, "cohort", "export", "--patients", "50", "--out", name, "--json", f"{name}.json").returncode
            == 0
        )
    first, second = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("a", "b"))
    assert first == second
    assert (tmp_path / "a/Patient.000.ndjson").read_bytes() == (tmp_path / "b/Patient.000.ndjson").read_bytes()


def test_ctrl_c_leaves_nothing_half_done(tmp_path):
    process = subprocess.Popen(
        [COMMAND, "cohort", "export", "--patients", "200000", "--out", "export"],
        cwd=tmp_path,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.rglob("*bservation*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert not list(tmp_path.rglob("*.ndjson")), "no resource file under its final name"
    assert not (tmp_path / "export/cohort.json").exists()


def test_a_wrong_shift_is_named_and_nothing_is_written(tmp_path):
    (tmp_path / "shifts.toml").write_text('[[lost_field]]\nstart = "2024Q5"\nfield = "spo2"\n')
    done = cli(tmp_path, "cohort", "export", "--shifts", "shifts.toml", "--out", "export")
    assert (done.returncode, "lost_field" in done.stderr, "2024Q5" in done.stderr) == (3, True, True)
    assert not (tmp_path / "export").exists()


def test_the_cohort_report_is_one_command_and_too_few_visits_pass_no_check(tmp_path):
    arguments = ("--patients", "500", "--ill", "600")
    done = cli(tmp_path, "cohort", "report", *arguments, "--out", "cohort.html", "--json", "figures.json")
    assert done.returncode == 0, done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert set(figures) == {"summary", "audit", "rarity"}
    limited = [check for check in figures["audit"]["checks"] if check["limit"] is not None]
    assert limited
    assert not any(check["passed"] for check in limited)
    assert figures["audit"]["naive"]["words"]["rare_alone"] > 1_000
    assert "SIMULATED" in (tmp_path / "cohort.html").read_text(encoding="utf-8")
