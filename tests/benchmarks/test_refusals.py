"""A server that answers wrongly, or not at all, is not timed; and none is left behind."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import compare
from benchmarks.answers import check_answers
from benchmarks.bodies import write_bodies
from benchmarks.constant import ANSWER
from benchmarks.running import NotComparable, free_ports, running
from benchmarks.servers import Server, servers
from raretriage.features import ModelInput

EXPECTED = np.array([[0.1, 0.2, 0.3, 0.4, 0.25], [0.4, 0.3, 0.2, 0.1, 0.75]])
SHAM = """
import subprocess, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def do_POST(self):
        self.do_GET()
        self.wfile.write(b"[[0.9, 0.1, 0.0, 0.0, 0.5]]")

subprocess.Popen([sys.executable, "-c", f"import time; open({sys.argv[2]!r}, 'w').write('up'); time.sleep(60)"])
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def bodies(tmp_path) -> Path:
    rows = ModelInput(
        numeric=np.zeros((2, 1), np.float32),
        categorical=np.full((2, 1), "", dtype=object),
        phenotypes=np.zeros((2, 1), np.float32),
    )
    write_bodies(tmp_path / "bodies", [{"number": 0}, {"number": 1}], rows, EXPECTED)
    return tmp_path / "bodies"


@contextmanager
def answering(answer: Callable[[dict[str, int]], tuple[int, object]]) -> Iterator[int]:
    """A server that gives this status and content for a patient's body; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, content = answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def of(name: str, tmp_path: Path) -> Server:
    return next(each for each in servers(tmp_path, "uvicorn") if each.name == name)


def triage(number: int, off: float = 0.0) -> dict[str, object]:
    *states, rare = EXPECTED[number].tolist()
    names = ("healthy", "mild", "acute", "chronic")
    return {"probabilities": {"states": dict(zip(names, states, strict=True)), "rare": rare + off}}


def test_the_right_answers_pass(bodies, tmp_path):
    with answering(lambda body: (200, triage(body["number"], 5e-7))) as port:
        check_answers(of("raretriage", tmp_path), port, bodies)
    with answering(lambda _: (200, ANSWER)) as port:
        check_answers(of("constant", tmp_path), port, bodies)


@pytest.mark.parametrize(
    ("name", "answer", "says"),
    [
        ("raretriage", lambda body: (200, triage(body["number"], 2e-6 * body["number"])), "off by 2e-06 for patient 1"),
        ("raretriage", lambda body: (200, triage(body["number"], float("nan"))), "off by nan"),
        ("raretriage", lambda _: (200, {"probabilities": None}), "no probabilities"),
        ("raretriage", lambda body: (422 if body["number"] else 200, triage(0)), "answers 422 for patient 1"),
        ("constant", lambda _: (200, {}), "not its constant"),
    ],
)
def test_a_wrong_answer_is_refused(bodies, tmp_path, name, answer, says):
    with answering(answer) as port, pytest.raises(NotComparable, match=says):
        check_answers(of(name, tmp_path), port, bodies)


def test_what_the_others_answer_is_understood(tmp_path):
    v2 = {"outputs": [{"data": [0.1, 0.2, 0.3, 0.4]}, {"data": [0.25]}]}
    assert of("mlserver", tmp_path).probabilities(v2) == EXPECTED[0].tolist()
    assert of("bentoml", tmp_path).probabilities([EXPECTED[0].tolist()]) == EXPECTED[0].tolist()


def sham(tmp_path: Path, *command: str) -> Server:
    (tmp_path / "sham.py").write_text(SHAM)
    return replace(of("bentoml", tmp_path), folder=tmp_path, command=command, environment={}, ready="/")


@pytest.mark.server
def test_a_server_ends_with_all_that_it_started(tmp_path):
    server = sham(tmp_path, sys.executable, "sham.py", "{port}", str(tmp_path / "child"))

    def stopped_in_between() -> None:
        with running(server, tmp_path / "log"):
            assert (tmp_path / "child").read_text() == "up"
            assert len(others_with(str(tmp_path / "child"))) == 2
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped_in_between()
    assert others_with(str(tmp_path / "child")) == []


def others_with(words: str) -> list[str]:
    """Living processes with these words in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_text(errors="replace")
        except OSError:
            continue
        if words in command:
            found.append(command)
    return found


@pytest.mark.server
def test_a_server_that_does_not_start_is_told_with_its_own_words(tmp_path):
    server = sham(tmp_path, sys.executable, "-c", "raise SystemExit('no model here')")
    with pytest.raises(NotComparable, match="no model here"), running(server, tmp_path / "log"):
        pass


@pytest.mark.server
def test_nothing_is_timed_when_an_answer_is_wrong(bodies, tmp_path, monkeypatch):
    server = sham(tmp_path, sys.executable, "sham.py", "{port}", str(tmp_path / "child"))
    monkeypatch.setattr(compare, "prepare", lambda _work: None)
    monkeypatch.setattr(compare, "servers", lambda _work, _program: (server,))
    monkeypatch.setattr(compare, "_need", lambda *_: None)
    monkeypatch.setattr(compare, "run_wrk", lambda *_, **__: pytest.fail("it was timed"))
    done = CliRunner().invoke(compare.app, ["--work", str(tmp_path), "--json", str(tmp_path / "figures.json")])
    assert (done.exit_code, "off by" in done.output) == (compare.INVALID, True), done.output
    assert not (tmp_path / "figures.json").exists()
    assert others_with(str(tmp_path / "child")) == []


def test_ports_are_not_given_twice():
    assert len(set(free_ports(3))) == 3
