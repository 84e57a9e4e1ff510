"""A server for its own turn: started in a process group of its own, waited for, and ended with all that it started."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.servers import Server

READY_WITHIN = 120.0
"""Seconds."""
CALM_SHARE = 0.05
"""Of one core: what a server that waits for requests uses at most."""
CALM_WITHIN = 60.0
"""Seconds from being ready."""
STOPS_WITHIN = 15.0
"""Seconds from being asked to; what is left then is killed."""


class NotComparable(Exception):
    """The comparison would say nothing: a server does not start, answers wrongly, or refuses what it is sent."""


@contextmanager
def running(server: Server, log: Path) -> Iterator[int]:
    """Start a server, yield its port when it is ready and at rest, and stop it whatever happens.

    Args:
        log: the file for what it prints.

    Raises:
        NotComparable: it ended, or was not ready or at rest in time.
    """
    with started(server, log) as (process, port):
        wait_until_ready(server, port, process, log)
        _calm_down(server, process.pid)
        yield port


@contextmanager
def started(server: Server, log: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Start a server, yield it and its port at once, and stop it whatever happens. As `running` else."""
    ports = dict(zip(("port", "port_2", "port_3"), free_ports(3), strict=True))
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.format(**ports) for part in server.command],
            cwd=server.folder,
            env=_environment(server) | {name: value.format(**ports) for name, value in server.environment.items()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process, ports["port"]
    finally:
        stop(process)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Ask the process to end, and then kill what is left of its group."""
    try:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOPS_WITHIN)
    finally:  # a second Ctrl-C ends it at once
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + STOPS_WITHIN
    while any(_living(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.02)


def _environment(server: Server) -> dict[str, str]:
    """The others must not see the packages that PYTHONPATH adds to ours."""
    hidden = set() if server.is_ours else {"PYTHONPATH"}
    return {name: value for name, value in os.environ.items() if name not in hidden}


def wait_until_ready(
    server: Server, port: int, process: "subprocess.Popen[bytes]", log: Path, *, pause: float = 0.1
) -> None:
    """Ask every `pause` seconds. Raises NotComparable when it ended, or was not ready in time."""
    deadline = time.monotonic() + READY_WITHIN
    while not _is_ready(server, port):
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
            raise NotComparable(f"{server.name} did not become ready; it said ({log}):\n{said}")
        time.sleep(pause)


def _calm_down(server: Server, group: int, *, window: float = 0.5) -> None:
    """Wait for what a server still builds when it is ready already: raretriage's search for findings takes seconds."""
    deadline = time.monotonic() + CALM_WITHIN
    before = processor_seconds(group)
    while time.monotonic() < deadline:
        time.sleep(window)
        now = processor_seconds(group)
        if now - before < CALM_SHARE * window:
            return
        before = now
    raise NotComparable(f"{server.name} is still busy {CALM_WITHIN:.0f} s after it was ready, with no request")


def processor_seconds(group: int) -> float:
    """What the living processes of a group have used so far."""
    ticks = sum(int(fields[11]) + int(fields[12]) for fields in _living(group))
    return ticks / os.sysconf("SC_CLK_TCK")


def _living(group: int) -> Iterator[list[str]]:
    """`/proc/PID/stat` from the state on, of each process of a group that has not ended."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended meanwhile
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] not in {"Z", "X"}:
                yield fields


def _is_ready(server: Server, port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", server.ready)
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
