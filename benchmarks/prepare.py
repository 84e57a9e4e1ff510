"""What the comparison needs, in a folder of its own: a graph of XGBoost, a bucket with it, bodies, the rivals' files.

What is there is not made again; remove the folder to begin anew.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.bodies import EXPECTED_FILE, PATIENTS, SEED, patient_bodies, presentation, write_bodies
from raretriage.bucket import MODEL_FILE, current_entry, load_package
from raretriage.features import Encoder, columns_of
from raretriage.knowledge import load_knowledge
from raretriage.lake import Lake
from raretriage.privacy import Keyring
from raretriage.release.onnx import run_graph
from raretriage.settings import Settings
from raretriage.storage import open_bucket

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ENVIRONMENT = "dev"
KIND = "xgboost"
RIVALS = ("mlserver", "bentoml")


def service_settings(work: Path) -> dict[str, str]:
    """Environment variables by which raretriage serves the benchmark's model and keeps its log in the work folder."""
    return {
        "MODEL_ENV": ENVIRONMENT,
        "MODEL_URI": f"file://{work}/bucket",
        "LOG_DIR": f"{work}/log",
        "PSEUDONYM_KEY": f"{work}/pseudonym.json",
        "SIGNING_KEY": f"{work}/signing.pem",
        "RUNS_DIR": f"{work}/runs",
        "AUDIT_LOG": f"{work}/audit.jsonl",
        "MLFLOW_TRACKING_URI": f"sqlite:///{work}/mlflow/mlflow.db",
        "MLFLOW_ARTIFACT_ROOT": f"{work}/mlflow/artifacts",
    }


def prepare(work: Path) -> None:
    """Make what is missing in an absolute folder. The lake is the one that LAKE_URL names, or one of its own.

    Raises:
        subprocess.CalledProcessError: a stage of raretriage failed and said why.
    """
    work.mkdir(parents=True, exist_ok=True)
    environment = os.environ | service_settings(work)
    if not Lake(Settings().lake_url).exists("encounters"):
        environment |= {"LAKE_URL": f"{work}/lake"}
    if not (work / "pseudonym.json").exists():
        Keyring.create().save(work / "pseudonym.json")
    for done, stage in _stages(work, lake_url=environment.get("LAKE_URL")):
        if not done.exists():
            subprocess.run([sys.executable, "-c", _CLI, *stage], env=environment, check=True)
    if not (work / "bodies" / EXPECTED_FILE).exists():
        _make_bodies(work, Lake(environment.get("LAKE_URL", Settings().lake_url)))
    _place_rivals(work)


def clear_log(work: Path) -> None:
    """Every run of raretriage begins a prediction log; the bucket is the benchmark's own."""
    for folder in (work / "log", work / "bucket" / "logs"):
        shutil.rmtree(folder, ignore_errors=True)


# As the console script does, with whatever interpreter and path this process has.
_CLI = "from raretriage.cli import main; main()"


def _stages(work: Path, *, lake_url: str | None) -> Iterable[tuple[Path, list[str]]]:
    """What is there when a stage is done, and the raretriage command that does it."""
    if lake_url == f"{work}/lake":
        yield work / "export" / "cohort.json", ["cohort", "export", "--out", f"{work}/export"]
        yield work / "ingest.json", ["ingest", f"{work}/export", "--json", f"{work}/ingest.json"]
    yield work / "runs" / KIND / "manifest.json", ["train", "--kind", KIND, "--out", f"{work}/runs/{KIND}"]
    # Whether the model is good enough for patients is no question here: its speed is.
    publish = ["publish", "--run", f"{work}/runs/{KIND}", "--why", "benchmark", "--despite-gate"]
    yield work / "bucket" / "ledger" / ENVIRONMENT, publish


def _make_bodies(work: Path, lake: Lake) -> None:
    bucket = open_bucket(service_settings(work)["MODEL_URI"])
    package = load_package(bucket, current_entry(bucket, ENVIRONMENT))
    table = lake.read("encounters", lake.version())
    # A slice is enough to choose from, and not a million rows as Python objects.
    bodies = patient_bodies(table.slice(0, 50 * PATIENTS).to_pylist(), count=PATIENTS, seed=SEED)
    encoder = Encoder(package.manifest.features, load_knowledge(package.knowledge))
    rows = encoder.encode(columns_of([presentation(body) for body in bodies]))
    states, rare = run_graph(package.onnx, rows)
    write_bodies(work / "bodies", bodies, rows, np.column_stack([states, rare]))


def _place_rivals(work: Path) -> None:
    """Their files beside the graph, so that each serves a folder of its own as its documentation has it."""
    bucket = open_bucket(service_settings(work)["MODEL_URI"])
    onnx = load_package(bucket, current_entry(bucket, ENVIRONMENT)).onnx
    for rival in RIVALS:
        folder = work / rival
        shutil.copytree(HERE / rival, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / MODEL_FILE).write_bytes(onnx)
