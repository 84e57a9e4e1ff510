"""What is compared: a row for each server says how it is started, asked and understood."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.prepare import ROOT, service_settings
from raretriage.domain import STATES

Program = Literal["uvicorn", "granian"]
PROGRAMS: Mapping[Program, tuple[str, ...]] = {
    # Just as `raretriage serve` starts it: uvloop and httptools where installed, no line on screen for a request.
    "uvicorn": ("uvicorn", "{app}", "--host=127.0.0.1", "--port={port}", "--workers=1", "--log-level=warning"),
    "granian": (
        *("granian", "{app}", "--interface=asgi", "--host=127.0.0.1", "--port={port}", "--workers=1"),
        *("--loop=uvloop", "--log-level=warning"),
    ),
}


@dataclass(frozen=True, slots=True)
class Server:
    """One that is compared. `{port}`, `{port_2}` and `{port_3}` in `command` and `environment` are free ports."""

    name: str
    command: tuple[str, ...]
    folder: Path
    """Where it is started."""
    environment: Mapping[str, str]
    ready: str
    """Path that answers 200 as soon as it can predict."""
    path: str
    body: str
    """Kind of its bodies, see `benchmarks.bodies`."""
    probabilities: Callable[[Any], list[float]] | None
    """Of the four states and of a rare disease, from its answer; None where it gives none."""
    python: str
    """Interpreter of its environment."""
    packages: tuple[str, ...]
    """Whose versions are written down."""
    is_ours: bool
    """Whether it runs in the project's environment."""


def servers(work: Path, program: Program) -> tuple[Server, ...]:
    """All that are compared, in the order of their turns.

    Args:
        work: the folder that `prepare` filled.
        program: what runs the two that are ASGI applications of ours.
    """
    ours = ("fastapi", "onnxruntime", "numpy", "orjson", "pydantic", program)
    return (
        Server(
            name="raretriage",
            command=_program(program, "app.app:app"),
            folder=ROOT,
            environment=service_settings(work),
            ready="/ready",
            path="/predict",
            body="patient",
            probabilities=_of_raretriage,
            python=sys.executable,
            packages=ours,
            is_ours=True,
        ),
        Server(
            name="constant",
            command=_program(program, "benchmarks.constant:app"),
            folder=ROOT,
            environment={},
            ready="/ready",
            path="/predict",
            body="patient",
            probabilities=None,
            python=sys.executable,
            packages=ours,
            is_ours=True,
        ),
        Server(
            name="mlserver",
            command=(_beside(_python_of("mlserver"), "mlserver"), "start", "."),
            folder=work / "mlserver",
            environment={
                "MLSERVER_HTTP_PORT": "{port}",
                "MLSERVER_GRPC_PORT": "{port_2}",
                "MLSERVER_METRICS_PORT": "{port_3}",
            },
            ready="/v2/models/triage/ready",
            path="/v2/models/triage/infer",
            body="v2",
            probabilities=_of_v2,
            python=_python_of("mlserver"),
            packages=("mlserver", "fastapi", "onnxruntime", "numpy", "orjson", "pydantic", "uvicorn"),
            is_ours=False,
        ),
        Server(
            name="bentoml",
            command=(
                *(_beside(_python_of("bentoml"), "bentoml"), "serve", "service:Triage"),
                *("--host=127.0.0.1", "--port={port}", "--api-workers=1"),
            ),
            folder=work / "bentoml",
            environment={"BENTOML_HOME": f"{work}/bentoml/home", "BENTOML_DO_NOT_TRACK": "True"},
            ready="/readyz",
            path="/predict",
            body="arrays",
            probabilities=_of_arrays,
            python=_python_of("bentoml"),
            packages=("bentoml", "starlette", "onnxruntime", "numpy", "pydantic", "uvicorn"),
            is_ours=False,
        ),
    )


def _program(program: Program, app: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *(part.replace("{app}", app) for part in PROGRAMS[program]))


def _python_of(rival: str) -> str:
    return str(ROOT / f".venv-{rival}" / "bin" / "python")


def _beside(python: str, command: str) -> str:
    return str(Path(python).with_name(command))


def _of_raretriage(answer: Any) -> list[float]:
    told = answer["probabilities"]
    return [*(told["states"][state.value] for state in STATES), told["rare"]]


def _of_v2(answer: Any) -> list[float]:
    states, rare = answer["outputs"]
    return [*states["data"], *rare["data"]]


def _of_arrays(answer: Any) -> list[float]:
    return list(answer[0])
