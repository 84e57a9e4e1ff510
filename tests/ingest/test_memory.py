"""Memory stays flat as an export grows tenfold."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.ingest.exports import ICD10, coded, condition, encounter, finding, ndjson, patient, state, vital

ROOT = Path(__file__).resolve().parents[2]
LIMIT = "300MB"

PEAK = f"""
import re, sys
from raretriage.ingest import IngestSettings, ingest, open_source
from tests.ingest.exports import KEYRING, NOW, Terms

class Counting:
    rows = 0
    def known_hashes(self, ids):
        import pyarrow as pa
        return pa.nulls(len(ids), pa.string())
    def land(self, encounters):
        self.rows = sum(batch.num_rows for batch in encounters)
        return 0
    def quarantine(self, rows):
        for _ in rows: pass
    def record_ingest(self, report): pass

sink = Counting()
settings = IngestSettings(memory_limit="{LIMIT}", threads=2)
ingest(open_source(sys.argv[1]), sink=sink, keyring=KEYRING, knowledge=Terms(), now=NOW, settings=settings)
# Not getrusage: its peak is inherited from the process that started this one.
print(sink.rows, re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def story(n: int) -> list[object]:
    links = {"encounter": f"Encounter/e{n}", "subject": f"Patient/p{n}"}
    vitals = [("8867-4", 80 + n % 40, "/min"), ("8310-5", 37, "Cel"), ("59408-5", 97, "%"), ("9279-1", 15, "/min")]
    own = {"encounter": f"Encounter/e{n}"}
    return [
        patient(f"p{n}"),
        encounter(f"e{n}", f"Patient/p{n}"),
        *(vital(f"v{n}-{code}", code, value, unit, **links) for code, value, unit in vitals),  # type: ignore[arg-type]
        *(finding(f"f{n}-{k}", f"HP:000000{k}", present=k % 2 == 0, **links) for k in range(1, 7)),  # type: ignore[arg-type]
        condition(f"c{n}", coded(ICD10, "I10"), subject={"reference": f"Patient/p{n}"}, **own),  # type: ignore[arg-type]
        state(f"s{n}", "mild", **links),
    ]


def peak_mb(folder: Path, patients: int) -> float:
    path = folder / f"{patients}.ndjson.gz"
    ndjson(path, (resource for n in range(patients) for resource in story(n)))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=900, check=True
    )
    # Two numbers and nothing else: the engine must not write where the caller's figures go.
    rows, kilobytes = done.stdout.split()
    assert int(rows) == patients
    return int(kilobytes) / 1024


@pytest.mark.long
def test_ten_times_the_patients_need_about_the_same_memory(tmp_path: Path) -> None:
    small, large = peak_mb(tmp_path, 10_000), peak_mb(tmp_path, 100_000)
    # 140,000 and 1,400,000 resources. What may still grow: file of results on disk, not in memory.
    assert large < 1.5 * small, f"{small:.0f} MB for 10,000 patients, {large:.0f} MB for 100,000"
