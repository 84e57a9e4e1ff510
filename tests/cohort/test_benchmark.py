import resource
import tempfile
from pathlib import Path

import pytest

from raretriage.cohort import Catalogue, CohortSpec, SpecError, benchmark, write_cohort
from raretriage.cohort import write as write_module
from raretriage.knowledge import Knowledge


def test_a_benchmark_counts_what_it_wrote_and_leaves_nothing(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setattr(write_module, "PART_CHUNKS", 1)
    (tmp_path / "tmp").mkdir()
    result = benchmark(600, knowledge, workers=2)
    report = write_cohort(CohortSpec(patients=600), tmp_path / "same", knowledge, catalogue=catalogue, workers=1)
    assert (result.patients, result.encounters, result.bytes) == (600, report.encounters, report.bytes)
    assert result.workers == 2
    assert result.seconds > 0
    assert list((tmp_path / "tmp").iterdir()) == []
    if result.peak_bytes is not None:  # read from Linux's /proc
        # besides this process two more interpreters with numpy and the catalogue: no less than 50 MB each
        assert result.peak_bytes > resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + 2 * 50 * 2**20


def test_no_patient_is_refused(knowledge: Knowledge) -> None:
    with pytest.raises(SpecError, match="patients: 0"):
        benchmark(0, knowledge)
