"""One run of wrk, the client: C, so that on two cores it takes little of the second one."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.running import NotComparable

SCRIPT = Path(__file__).with_name("load.lua")
ERRORS = ("status", "connect", "read", "write", "timeout")


@dataclass(frozen=True, slots=True)
class Load:
    """What wrk measured in one run."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def run_wrk(url: str, bodies: Path, *, connections: int, seconds: int) -> Load:
    """Send the bodies over and over, on each connection the next as soon as the last is answered.

    Raises:
        NotComparable: an answer was no 2xx, or there was none.
    """
    command = ["wrk", "--threads=1", f"--connections={connections}", f"--duration={seconds}s", "--timeout=10s"]
    done = subprocess.run(
        [*command, "--latency", f"--script={SCRIPT}", url, "--", str(bodies)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotComparable(f"wrk ended with {done.returncode}: {done.stderr or done.stdout}")
    return parse(done.stdout)


def parse(printed: str) -> Load:
    """The figures from the last line that `load.lua` prints.

    Raises:
        NotComparable: there was an error, which makes the run invalid, or no answer at all.

    >>> line = '{"requests": 900, "microseconds": 2000000, "p50": 1500, "p99": 4000, "status": 0, "connect": 0'
    >>> parse(line + ', "read": 0, "write": 0, "timeout": 0}').per_second
    450.0
    """
    figures = json.loads(printed.strip().splitlines()[-1])
    if errors := {name: figures[name] for name in ERRORS if figures[name]}:
        raise NotComparable(f"the run is invalid, of {figures['requests']} requests failed (by kind): {errors}")
    if not figures["requests"]:
        raise NotComparable("the run is invalid: nothing was answered")
    return Load(
        requests=figures["requests"],
        seconds=figures["microseconds"] / 1e6,
        p50_ms=figures["p50"] / 1e3,
        p99_ms=figures["p99"] / 1e3,
    )
