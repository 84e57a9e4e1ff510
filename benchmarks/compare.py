"""`make bench-serving`: raretriage, a FastAPI route that answers a constant, MLServer and BentoML by turns."""

import os
import platform
import shutil
import signal
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.answers import check_answers
from benchmarks.bodies import bodies_file
from benchmarks.figures import GOAL_CONNECTIONS, OURS, Spread, Summary, ratio, verdicts
from benchmarks.prepare import KIND, clear_log, prepare
from benchmarks.running import NotComparable, running
from benchmarks.servers import PROGRAMS, Program, Server, servers
from benchmarks.wrk import Load, run_wrk
from raretriage.cli.console import out, table, write_json
from raretriage.cli.options import JsonFile
from raretriage.cli.workspace import git_commit

EXAMPLES = """Examples:

make bench-serving

make bench-serving ARGS="--connections 8 --connections 1 --json var/bench-serving/figures.json"

make bench-serving ARGS="--server raretriage --server constant --runs 3 --seconds 5 --program granian"
"""
INVALID = 3

Runs = dict[int, dict[str, list[Load]]]
"""By connections, then by server."""


def main(
    connections: Annotated[
        list[int] | None, typer.Option(min=1, help="Connections of the client; again for more. Default: 8.")
    ] = None,
    seconds: Annotated[int, typer.Option(min=1, help="Of one run.")] = 10,
    runs: Annotated[int, typer.Option(min=1, help="Of each server; they take turns.")] = 5,
    warm_up: Annotated[int, typer.Option(min=1, help="Seconds of load before a run that are not counted.")] = 2,
    server: Annotated[list[str] | None, typer.Option(help="Only this one; again for more. Default: all.")] = None,
    program: Annotated[str, typer.Option(help="What runs raretriage and the constant route.")] = "uvicorn",
    work: Annotated[Path, typer.Option(help="Folder for the model, the bodies and the logs.")] = Path(
        "var/bench-serving"
    ),
    json_file: JsonFile = None,
) -> None:
    """Requests a second and latency of each server on this machine, one worker each.

    Every server must give the same probabilities for the same patients, else nothing is timed; one failed request
    makes the comparison invalid (exit code 3).
    """
    at = connections or [GOAL_CONNECTIONS]
    work = work.resolve()
    chosen = _chosen(work, _program(program), server or [])
    _need("wrk", "apt-get install wrk")
    # Ctrl-C and a plain kill end alike: by way of every `finally`, so that no server is left behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        prepare(work)
        load_before = os.getloadavg()
        _check(chosen, work)
        measured = _measure(chosen, work, at, runs=runs, seconds=seconds, warm_up=warm_up)
    except NotComparable as error:
        out.print(f"[red]not comparable[/red]: {error}", markup=True)
        raise typer.Exit(INVALID) from error
    summaries = {n: {name: Summary.of(each) for name, each in by_server.items()} for n, by_server in measured.items()}
    for n, by_server in summaries.items():
        _show(n, by_server, runs=runs, seconds=seconds)
    out.print(
        f"the machine's load before: {load_before[0]:.1f} on {os.cpu_count()} cores; what else it does is measured too"
    )
    figures = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": _machine() | {"load_average_before": load_before},
        "settings": {"connections": at, "seconds": seconds, "runs": runs, "warm_up": warm_up, "program": program},
        "commit": git_commit(),
        "model": KIND,
        "versions": {each.name: _versions(each) for each in chosen},
        "medians": {n: {name: asdict(s) for name, s in each.items()} for n, each in summaries.items()},
        "goals": verdicts(summaries.get(GOAL_CONNECTIONS, {})),
        "runs": {n: {name: [asdict(r) for r in rs] for name, rs in each.items()} for n, each in measured.items()},
    }
    write_json(json_file, figures)


def _check(chosen: Sequence[Server], work: Path) -> None:
    """All servers answer every patient as the graph does."""
    for server in chosen:
        clear_log(work)
        with running(server, work / f"{server.name}.log") as port:
            check_answers(server, port, work / "bodies")
        out.print(f"[dim]{server.name}: answers as the graph does[/dim]")


def _measure(chosen: Sequence[Server], work: Path, at: Sequence[int], *, runs: int, seconds: int, warm_up: int) -> Runs:
    """By turns, so that what else the machine does meets all of them; each server is started for its own turn only.

    An idle one would still wake up to look for a newer model, to send its log or to count: on two cores that is felt.
    """
    measured: Runs = {n: defaultdict(list) for n in at}
    for turn in range(runs):
        for n in at:
            for server in chosen:
                clear_log(work)
                with running(server, work / f"{server.name}.log") as port:
                    url, bodies = f"http://127.0.0.1:{port}{server.path}", bodies_file(work / "bodies", server.body)
                    run_wrk(url, bodies, connections=n, seconds=warm_up)
                    load = run_wrk(url, bodies, connections=n, seconds=seconds)
                measured[n][server.name].append(load)
                out.print(
                    f"[dim]{turn + 1}/{runs} {n} connections {server.name:<11}{load.per_second:8.0f} requests/s[/dim]"
                )
    return measured


def _show(connections: int, summaries: Mapping[str, Summary], *, runs: int, seconds: int) -> None:
    table(
        f"{connections} connections, one worker each: median (min-max) of {runs} runs of {seconds} s",
        ("server", "requests/s", "p50 ms", "p99 ms", f"{OURS} / it"),
        [
            (
                name,
                _cell(summary.per_second, 0),
                _cell(summary.p50_ms, 2),
                _cell(summary.p99_ms, 2),
                "" if name == OURS or OURS not in summaries else f"{ratio(summaries, name):.2f}x",
            )
            for name, summary in summaries.items()
        ],
    )
    if connections == GOAL_CONNECTIONS:
        for goal, verdict in verdicts(summaries).items():
            colour = "green" if verdict == "reached" else "red"
            out.print(f"goal {goal}: [{colour}]{verdict}[/{colour}]")


def _cell(spread: Spread, digits: int) -> str:
    return f"{spread.median:.{digits}f} ({spread.low:.{digits}f}-{spread.high:.{digits}f})"


def _chosen(work: Path, program: Program, names: Sequence[str]) -> list[Server]:
    everybody = servers(work, program)
    if unknown := sorted(set(names) - {each.name for each in everybody}):
        raise typer.BadParameter(f"{', '.join(unknown)}: there are {', '.join(s.name for s in everybody)}")
    return [each for each in everybody if not names or each.name in names]


def _program(name: str) -> Program:
    for program in PROGRAMS:
        if program == name:
            return program
    raise typer.BadParameter(f"{name!r}: {' or '.join(PROGRAMS)}")


def _need(command: str, how: str) -> None:
    if shutil.which(command) is None:
        raise typer.BadParameter(f"{command} is missing: {how}")


def _machine() -> dict[str, object]:
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _versions(server: Server) -> dict[str, str]:
    script = "import importlib.metadata as m, sys; print(*(m.version(p) for p in sys.argv[1:]))"
    said = subprocess.run([server.python, "-c", script, *server.packages], capture_output=True, text=True, check=True)
    return dict(zip(server.packages, said.stdout.split(), strict=True))


app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
app.command(epilog=EXAMPLES)(main)

if __name__ == "__main__":
    app(prog_name="compare")
