"""The service as it runs: a process on a socket, killed under load, and asked with what clients really send."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raretriage.serving import verify_log
from raretriage.serving.log.files import held
from raretriage.storage import open_bucket
from tests.servers import free_port
from tests.serving.tiny_model import BASIC, Publisher

ROOT = Path(__file__).resolve().parents[2]
RARETRIAGE = str(Path(sys.executable).parent / "raretriage")
DEADLINE_S = 60.0

pytestmark = pytest.mark.server


@contextmanager
def service(folder: Path, *, workers: int = 1, **settings: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """`raretriage serve` on a free port, with its bucket and its log in `folder`."""
    port = free_port()
    environment = {
        **os.environ,
        "MODEL_URI": f"file://{folder}/bucket",
        "LOG_DIR": str(folder / "log"),
        "MODEL_ENV": "dev",
        "PYTHONPATH": str(ROOT),
        **settings,
    }
    command = [RARETRIAGE, "serve", "--port", str(port), "--workers", str(workers)]
    with (folder / "output").open("ab") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
    try:
        _wait(process, port, folder / "output")
        yield process, port
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, output: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            if _get(port, "/ready") == 200:
                return
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the service did not start:\n{output.read_text()[-2000:]}", pytrace=False)
        time.sleep(0.05)


def _get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _workers_of(process: "subprocess.Popen[bytes]") -> list[int]:
    """The processes that answer."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in _command_of(pid)]


def _command_of(pid: str) -> bytes:
    """Empty for one that ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _ask_on_and_on(port: int, answered: list[str], is_over: threading.Event) -> None:
    while not is_over.is_set():
        _ask_until_it_dies(port, answered, is_over)
        time.sleep(0.02)


def _ask_until_it_dies(port: int, answered: list[str], is_over: threading.Event | None = None) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = json.dumps(BASIC)
    try:
        while is_over is None or not is_over.is_set():
            connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = response.read()
            if response.status == 200:
                answered.append(json.loads(content)["prediction_id"])
    except (OSError, http.client.HTTPException, ValueError):
        return
    finally:
        connection.close()


def logged_ids(folder: Path) -> list[str]:
    lines = [
        line
        for path in sorted(
            (folder / "log").glob("predicciones_dev.*txt"), key=lambda path: len(path.name), reverse=True
        )
        for line in path.read_bytes().splitlines()
    ]
    verify_log(lines)
    return [json.loads(line)["id"] for line in lines]


@pytest.mark.parametrize("rounds", [2, pytest.param(100, marks=pytest.mark.long)])
def test_killed_under_load_every_answer_is_in_the_log_exactly_once(tmp_path: Path, rounds: int) -> None:
    Publisher(open_bucket(f"file://{tmp_path}/bucket")).publish()
    answered: list[str] = []
    chance = random.Random(rounds)
    for _ in range(rounds):
        with service(tmp_path) as (process, port):
            clients = [threading.Thread(target=_ask_until_it_dies, args=(port, answered)) for _ in range(6)]
            for client in clients:
                client.start()
            time.sleep(chance.uniform(0.3, 1.5))
            process.send_signal(signal.SIGKILL)
            for client in clients:
                client.join()
    with service(tmp_path):
        pass  # the start cuts off an unfinished line; the end ships
    ids = logged_ids(tmp_path)
    assert len(answered) > 10 * rounds
    assert len(ids) == len(set(ids))
    assert set(answered) <= set(ids)
    parts = sorted((tmp_path / "bucket" / "logs" / "dev").glob("????-??-??/*.jsonl"))
    arrived = [json.loads(line)["id"] for part in parts for line in part.read_bytes().splitlines()]
    assert arrived == ids


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.long)])
def test_workers_killed_under_load_every_answer_is_in_the_one_chain_exactly_once(tmp_path: Path, rounds: int) -> None:
    Publisher(open_bucket(f"file://{tmp_path}/bucket")).publish()
    answered: list[str] = []
    is_over = threading.Event()
    chance = random.Random(rounds)
    with service(tmp_path, workers=2) as (process, port):
        clients = [threading.Thread(target=_ask_on_and_on, args=(port, answered, is_over)) for _ in range(6)]
        for client in clients:
            client.start()
        for _ in range(rounds):
            time.sleep(chance.uniform(0.3, 1.0))
            before = len(answered)
            os.kill(chance.choice(_workers_of(process)), signal.SIGKILL)
            deadline = time.monotonic() + DEADLINE_S
            while (len(answered) < before + 20 or len(_workers_of(process)) < 2) and time.monotonic() < deadline:
                time.sleep(0.05)
        is_over.set()
        for client in clients:
            client.join()
        assert len(answered) >= 20 * rounds
    ids = logged_ids(tmp_path)
    assert len(ids) == len(set(ids))
    assert set(answered) <= set(ids)
    parts = sorted((tmp_path / "bucket" / "logs" / "dev").glob("????-??-??/*.jsonl"))
    arrived = [json.loads(line)["id"] for part in parts for line in part.read_bytes().splitlines()]
    assert arrived == ids


def test_a_new_version_takes_over_under_load_and_no_request_is_dropped(tmp_path: Path) -> None:
    publisher = Publisher(open_bucket(f"file://{tmp_path}/bucket"))
    publisher.publish(version="v1")
    answers: list[tuple[int, str]] = []
    is_over = threading.Event()

    def ask() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        while not is_over.is_set():
            connection.request("POST", "/predict", json.dumps(BASIC), {"Content-Type": "application/json"})
            response = connection.getresponse()
            body = json.loads(response.read())
            answers.append((response.status, body["model"]["version"] if body.get("model") else "none"))
        connection.close()

    with service(tmp_path, workers=2, RELOAD_SECONDS="0.1") as (_process, port):
        clients = [threading.Thread(target=ask) for _ in range(4)]
        for client in clients:
            client.start()
        for version in ("v2", "v3"):
            time.sleep(0.5)
            publisher.publish(version=version)
            deadline = time.monotonic() + DEADLINE_S
            while time.monotonic() < deadline and {v for _, v in answers[-40:]} != {version}:
                time.sleep(0.05)
        is_over.set()
        for client in clients:
            client.join()
    assert {status for status, _ in answers} == {200}
    assert answers[0][1] == "v1"
    assert {version for _, version in answers} == {"v1", "v2", "v3"}
    assert len(logged_ids(tmp_path)) == len(answers)


def test_what_several_workers_counted_is_added_up(tmp_path: Path) -> None:
    with service(tmp_path, workers=2) as (process, port):
        for _ in range(20):  # each on a connection of its own: either worker may take it
            _get(port, "/health")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        assert len(_workers_of(process)) == 2
    assert 'raretriage_requests_total{method="GET",route="/health",status="200"} 20.0' in text


def test_a_service_does_not_start_while_its_log_is_rewritten_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    with held(tmp_path / "log", "dev"):
        environment = {**os.environ, "MODEL_URI": f"file://{tmp_path}/bucket", "LOG_DIR": str(tmp_path / "log")}
        command = [sys.executable, "-m", "uvicorn", "app.app:app", "--port", str(free_port())]
        second = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
    assert second.returncode != 0
    assert "log erase" in second.stderr


def test_large_bodies_over_a_socket_get_their_answer(tmp_path: Path) -> None:
    with service(tmp_path) as (_process, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("POST", "/predict", b" " * 10_000_000, {"Content-Type": "application/json"})
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["status"]) == (413, 413)
        connection.close()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        pieces = (b" " * 100_000 for _ in range(100))
        connection.request("POST", "/predict", pieces, {"Content-Type": "application/json"}, encode_chunked=True)
        assert connection.getresponse().status == 413
        connection.close()
        with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
            raw.sendall(
                b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 10000000\r\n\r\n{"
            )
        assert _get(port, "/health") == 200


def test_the_log_file_is_not_readable_by_others(tmp_path: Path) -> None:
    with service(tmp_path):
        mode = (tmp_path / "log" / "predicciones_dev.txt").stat().st_mode
    assert mode & 0o007 == 0
