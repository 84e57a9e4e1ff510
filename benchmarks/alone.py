"""`make bench-alone`: what the service takes by itself: to be ready, to keep, to explain, and in bulk."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Annotated

import onnxruntime as ort
import pyarrow as pa
import typer

from benchmarks.bodies import bodies_file, presentation
from benchmarks.compare import INVALID
from benchmarks.figures import OURS, Spread
from benchmarks.prepare import clear_log, prepare, service_settings
from benchmarks.running import NotComparable, running, started, wait_until_ready
from benchmarks.servers import Server, servers
from benchmarks.wrk import run_wrk
from raretriage.bucket import current_entry, load_package
from raretriage.cli.console import out, table, write_json
from raretriage.cli.options import JsonFile
from raretriage.cli.workspace import git_commit
from raretriage.features import Encoder, ModelInput, columns_of
from raretriage.knowledge import load_knowledge
from raretriage.storage import open_bucket

EXAMPLES = """Examples:

make bench-alone

make bench-alone ARGS="--runs 3 --seconds 5 --json var/bench-serving/alone.json"
"""
BATCH = 256
ARROW = "application/vnd.apache.arrow.stream"
PARTS: Mapping[str, str] = {
    "triage": "",
    "with the explanation": "?include=explanation",
    "with the differential": "?include=differential",
    "with both": "?include=explanation&include=differential",
}
_FINDING = pa.struct([("hpo_id", pa.string()), ("status", pa.string()), ("onset_days", pa.float64())])


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit of one figure."""

    figure: str
    limit: float
    unit: str
    is_floor: bool = False

    def verdict(self, value: float) -> str:
        is_reached = value >= self.limit if self.is_floor else value < self.limit
        return "reached" if is_reached else "MISSED"


GOALS = (
    Goal("ready", 2.0, "s"),
    Goal("resident", 350.0, "MB"),
    Goal("p50 with both", 15.0, "ms"),
    Goal("bulk / bare graph", 0.5, "", is_floor=True),
)


def main(
    runs: Annotated[int, typer.Option(min=1, help="Of each figure.")] = 5,
    seconds: Annotated[int, typer.Option(min=1, help="Of load, of one run.")] = 10,
    work: Annotated[Path, typer.Option(help="Folder with the model; `make bench-serving` fills the same one.")] = Path(
        "var/bench-serving"
    ),
    json_file: JsonFile = None,
) -> None:
    """How soon the service is ready, what it keeps resident, what explaining takes, and bulk beside the bare graph."""
    work = work.resolve()
    try:
        prepare(work)
        figures = _measured(work, runs, seconds)
    except NotComparable as error:
        out.print(f"[red]not comparable[/red]: {error}", markup=True)
        raise typer.Exit(INVALID) from error
    table(
        f"the service alone, one worker: median (min-max) of {runs} runs",
        ("figure", "value", "goal", ""),
        [_row(name, spread) for name, spread in figures.items()],
    )
    out.print(f"the machine's load now: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    write_json(
        json_file,
        {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": git_commit(),
            "settings": {"runs": runs, "seconds": seconds, "batch": BATCH},
            "figures": {name: asdict(spread) for name, spread in figures.items()},
            "goals": {goal.figure: goal.verdict(figures[goal.figure].median) for goal in GOALS},
        },
    )


def _row(name: str, spread: Spread) -> tuple[str, str, str, str]:
    goal = next((one for one in GOALS if one.figure == name), None)
    value = f"{spread.median:.2f} ({spread.low:.2f}-{spread.high:.2f})"
    if goal is None:
        return name, value, "", ""
    verdict = goal.verdict(spread.median)
    colour = "green" if verdict == "reached" else "red"
    return (
        name,
        value,
        f"{'>=' if goal.is_floor else '<'} {goal.limit:g} {goal.unit}",
        f"[{colour}]{verdict}[/{colour}]",
    )


def _measured(work: Path, runs: int, seconds: int) -> dict[str, Spread]:
    server = next(one for one in servers(work, "uvicorn") if one.name == OURS)
    found: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        found.setdefault(name, []).append(value)

    bodies = [json.loads(line) for line in bodies_file(work / "bodies", server.body).read_text().splitlines()]
    rows, session = _bare(work, bodies[:BATCH])
    for _ in range(runs):
        clear_log(work)
        note("ready", _seconds_until_ready(server, work / "alone.log"))
        with running(server, work / "alone.log") as port:
            note("resident", _resident_mb(port))
            for name, query in PARTS.items():
                url = f"http://127.0.0.1:{port}{server.path}{query}"
                load = run_wrk(url, bodies_file(work / "bodies", server.body), connections=1, seconds=seconds)
                note(f"p50 {name}", load.p50_ms)
                note(f"p99 {name}", load.p99_ms)
            alone, bulk = _rates(port, bodies[:BATCH], rows, session, seconds)
            note("bare graph, rows/s", alone)
            note("bulk, rows/s", bulk)
            note("bulk / bare graph", bulk / alone)
            note("resident after all of this", _resident_mb(port))
    return {name: Spread.of(values) for name, values in found.items()}


def _seconds_until_ready(server: Server, log: Path) -> float:
    """From the start of its process to the first 200 of `/ready`."""
    start = time.perf_counter()
    with started(server, log) as (process, port):
        wait_until_ready(server, port, process, log, pause=0.01)
        return time.perf_counter() - start


def _bare(work: Path, bodies: Sequence[Mapping[str, object]]) -> tuple[ModelInput, ort.InferenceSession]:
    """What the service gives the graph for these patients, and the graph by itself on one thread."""
    bucket = open_bucket(service_settings(work)["MODEL_URI"])
    package = load_package(bucket, current_entry(bucket, "dev"))
    encoder = Encoder(package.manifest.features, load_knowledge(package.knowledge))
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(package.onnx, options, providers=["CPUExecutionProvider"])
    return encoder.encode(columns_of([presentation(body) for body in bodies])), session


def _rates(
    port: int, bodies: Sequence[Mapping[str, object]], rows: ModelInput, session: ort.InferenceSession, seconds: int
) -> tuple[float, float]:
    """Rows a second of the bare graph and of `POST /predict/batch`, by turns within one run."""
    inputs = {"numeric": rows.numeric, "categorical": rows.categorical, "phenotypes": rows.phenotypes}
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    stream = _stream(bodies)

    def ask() -> None:
        connection.request("POST", "/predict/batch", stream, {"Content-Type": ARROW})
        response = connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise NotComparable(f"the batch was answered with {response.status}: {content[:300]!r}")

    alone, bulk = 0.0, 0.0
    turns = 4
    for _ in range(turns):
        alone += _rate(lambda: session.run(None, inputs), seconds / turns / 2) / turns
        bulk += _rate(ask, seconds / turns / 2) / turns
    connection.close()
    return alone, bulk


def _rate(work: Callable[[], object], seconds: float) -> float:
    work()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        work()
        count += 1
    return count * BATCH / (time.perf_counter() - start)


def _stream(bodies: Sequence[Mapping[str, object]]) -> bytes:
    names = sorted({name for body in bodies for name in body if name != "phenotypes"})
    columns = {name: pa.array([body.get(name) for body in bodies]) for name in names}
    findings = [
        [{"hpo_id": one["hpo_id"], "status": one.get("status"), "onset_days": one.get("onset_days")} for one in told]
        for told in (body["phenotypes"] for body in bodies)
    ]  # type: ignore[union-attr]
    columns["phenotypes"] = pa.array(findings, pa.list_(_FINDING))
    batch = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_table(batch)
    return bytes(sink.getvalue())


def _resident_mb(port: int) -> float:
    """Of the process that listens there, by its own metrics of Linux."""
    listening = f"{port:04X}"
    sockets = {
        line.split()[9]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{listening}") and line.split()[3] == "0A"
    }
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if any(target == f"socket:[{inode}]" for inode in sockets):
            pages = int((descriptor.parents[1] / "statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    raise NotComparable("the service's process was not found")


app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)
app.command(epilog=EXAMPLES)(main)

if __name__ == "__main__":
    app(prog_name="alone")
