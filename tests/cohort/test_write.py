import hashlib
import multiprocessing
import resource
import tracemalloc
from collections import Counter
from pathlib import Path

import orjson
import pytest

from raretriage.cohort import (
    SAMPLER_VERSION,
    Catalogue,
    CohortReport,
    CohortSpec,
    ForeignFolder,
    NewSiteShift,
    PrevalenceShift,
    write_cohort,
)
from raretriage.cohort import sampler as sampler_module
from raretriage.cohort import visits as visits_module
from raretriage.cohort import write as write_module
from raretriage.cohort.export_folder import ExportFolder, PartWriter
from raretriage.cohort.onset import OnsetClause
from raretriage.knowledge import Knowledge, SexClause

SMALL = CohortSpec(patients=60, seed=3)


def hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir())}


@pytest.mark.parametrize("compress", [False, True])
def test_the_same_seed_gives_the_same_bytes(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path, compress: bool
) -> None:
    for name in ("one", "two"):
        write_cohort(SMALL, tmp_path / name, knowledge, catalogue=catalogue, compress=compress)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")
    assert all(name.endswith(".ndjson.gz") == compress for name in hashes(tmp_path / "one") if name != "cohort.json")


def test_another_seed_gives_other_patients(knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path) -> None:
    write_cohort(SMALL, tmp_path / "one", knowledge, catalogue=catalogue)
    write_cohort(CohortSpec(patients=60, seed=4), tmp_path / "two", knowledge, catalogue=catalogue)
    one, two = hashes(tmp_path / "one"), hashes(tmp_path / "two")
    assert all(one[name] != two[name] for name in one if not name.startswith("Organization"))


def test_the_report_counts_what_is_on_disk(export: tuple[Path, CohortReport], exported: dict[str, list[dict]]) -> None:
    folder, report = export
    assert report.resources == {kind: len(found) for kind, found in exported.items()}
    assert report.patients == len(exported["Patient"]) == 700
    assert report.encounters == len(exported["Encounter"]) == sum(report.encounters_by_state.values())
    rare = [o for o in exported["Observation"] if o["code"]["coding"][0]["code"] == "rare"]
    assert report.labelled_encounters == len(rare)
    assert report.rare_patients == 105
    assert report.bytes == sum(p.stat().st_size for p in folder.glob("*.ndjson"))
    assert (report.common_diseases >= 40, report.rare_diseases >= 150) == (True, True)
    assert 0 < report.estimate_share < 0.5


def test_the_report_counts_what_decided_the_ages_and_the_sex_of_rare_diseases(
    export: tuple[Path, CohortReport], catalogue: Catalogue
) -> None:
    folder, report = export
    manifest = orjson.loads((folder / "cohort.json").read_bytes())
    assert manifest["sampler_version"] == SAMPLER_VERSION
    for place, clauses, enum in ((0, "rare_onset_clauses", OnsetClause), (1, "rare_sex_clauses", SexClause)):
        counted = Counter(p.clauses[place] for p in catalogue.profiles if p.rare)
        assert (
            manifest[clauses]
            == getattr(report, clauses)
            == {
                **{c.value: counted[c.value] for c in enum},
                "own_table": counted[""],
            }
        )
        assert sum(manifest[clauses].values()) == report.rare_diseases


def test_the_manifest_says_simulated_with_seed_and_spec(export: tuple[Path, CohortReport]) -> None:
    manifest = orjson.loads((export[0] / "cohort.json").read_bytes())
    assert manifest["simulated"] is True
    assert manifest["notice"].startswith("SIMULATED")
    assert (manifest["spec"]["seed"], manifest["spec"]["patients"]) == (7, 700)
    assert manifest["resources"] == export[1].resources
    assert sorted(manifest["files"]) == sorted(p.name for p in export[0].glob("*.ndjson"))


def test_the_manifest_names_every_shift(knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path) -> None:
    shifts = (PrevalenceShift("2023Q1", factor=2), NewSiteShift("2023Q2", name="Hospital Nuevo", share=0.2))
    write_cohort(CohortSpec(patients=20, seed=1, shifts=shifts), tmp_path, knowledge, catalogue=catalogue)
    spec = orjson.loads((tmp_path / "cohort.json").read_bytes())["spec"]
    assert spec["shifts"] == [
        {"kind": "prevalence", "start": "2023Q1", "factor": 2, "disease": None, "group": None},
        {
            "kind": "new_site",
            "start": "2023Q2",
            "name": "Hospital Nuevo",
            "share": 0.2,
            "exact": None,
            "coarser": None,
            "snomed": None,
            "extra_missing": 0,
        },
    ]


def test_progress_counts_patients(knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path) -> None:
    seen: list[int] = []
    write_cohort(
        CohortSpec(patients=1_100, seed=1), tmp_path / "out", knowledge, catalogue=catalogue, progress=seen.append
    )
    assert seen == [500, 500, 100]


def test_a_folder_with_foreign_files_is_refused_and_left_alone(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ForeignFolder, match=r"1 files .*thesis\.txt"):
        write_cohort(SMALL, tmp_path, knowledge, catalogue=catalogue)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_or_a_foreign_manifest_is_refused(knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x", encoding="utf-8")
    with pytest.raises(ForeignFolder, match="is a file"):
        write_cohort(SMALL, path, knowledge, catalogue=catalogue)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "cohort.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ForeignFolder, match="not the manifest"):
        write_cohort(SMALL, folder, knowledge, catalogue=catalogue)


def test_an_earlier_cohort_is_replaced_with_all_its_parts(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path
) -> None:
    write_cohort(SMALL, tmp_path, knowledge, catalogue=catalogue, compress=True)
    write_cohort(SMALL, tmp_path, knowledge, catalogue=catalogue)
    assert not list(tmp_path.glob("*.gz"))
    manifest = orjson.loads((tmp_path / "cohort.json").read_bytes())
    assert {p.name for p in tmp_path.iterdir()} == {"cohort.json", *manifest["files"]}


def test_an_interrupted_run_leaves_the_earlier_cohort_as_it_was(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path
) -> None:
    write_cohort(SMALL, tmp_path, knowledge, catalogue=catalogue)
    before = hashes(tmp_path)

    def interrupt(_patients: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_cohort(CohortSpec(patients=600, seed=9), tmp_path, knowledge, catalogue=catalogue, progress=interrupt)
    assert hashes(tmp_path) == before


def test_what_a_killed_run_left_behind_is_cleared_away(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path
) -> None:
    (tmp_path / "Patient.000.ndjson.unfinished").write_text('{"half', encoding="utf-8")
    write_cohort(SMALL, tmp_path, knowledge, catalogue=catalogue)
    assert not list(tmp_path.glob("*.unfinished"))


def test_each_part_has_a_file_for_each_type_and_appears_when_all_are_done(tmp_path: Path) -> None:
    with ExportFolder(tmp_path) as folder:
        parts = []
        for number, kinds in enumerate((("Patient", "Observation"), ("Observation",))):
            with PartWriter(tmp_path, number, compress=False) as writer:
                for kind in kinds:
                    writer.write(kind, f'{{"part":{number}}}\n'.encode())
                    writer.write(kind, b"{}\n")
                parts.append(writer.finish())
        assert all(p.name.endswith(".unfinished") for p in tmp_path.iterdir())
        assert folder.finish(parts, {}) == 3 * len(b'{"part":0}\n{}\n')
    expected = ["Observation.000.ndjson", "Observation.001.ndjson", "Patient.000.ndjson", "cohort.json"]
    assert sorted(p.name for p in tmp_path.iterdir()) == expected
    assert (tmp_path / "Observation.001.ndjson").read_bytes() == b'{"part":1}\n{}\n'
    assert [part.lines for part in parts] == [{"Patient": 2, "Observation": 2}, {"Observation": 2}]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted in Linux's /proc")
@pytest.mark.parametrize("compress", [False, True])
def test_a_part_that_fails_leaves_no_file_open(tmp_path: Path, compress: bool) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def fail(writer: PartWriter) -> None:
        with writer:
            writer.write("Patient", b"{}\n")
            assert open_files() == before + 1
            raise LookupError

    before, writer = open_files(), PartWriter(tmp_path, 0, compress=compress)
    with pytest.raises(LookupError):
        fail(writer)
    assert open_files() == before


@pytest.fixture
def three_parts(monkeypatch: pytest.MonkeyPatch) -> CohortSpec:
    """A cohort of three parts, one a chunk."""
    monkeypatch.setattr(write_module, "PART_CHUNKS", 1)
    return CohortSpec(patients=1_100, seed=5, bad_share=0.05, shifts=(PrevalenceShift("2023Q1", factor=2),))


def test_the_bytes_do_not_depend_on_the_number_of_workers(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path, three_parts: CohortSpec
) -> None:
    seen: list[int] = []
    reports = [
        write_cohort(
            three_parts, tmp_path / str(workers), knowledge, catalogue=catalogue, workers=workers, progress=seen.append
        )
        for workers in (1, 2)
    ]
    assert reports[0] == reports[1]
    assert hashes(tmp_path / "1") == hashes(tmp_path / "2")
    assert {"Patient.000.ndjson", "Patient.002.ndjson"} < hashes(tmp_path / "2").keys()
    assert sum(seen) == 2 * 1_100


def test_an_interrupt_stops_the_workers_and_leaves_the_earlier_cohort(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path, three_parts: CohortSpec
) -> None:
    write_cohort(SMALL, tmp_path, knowledge, catalogue=catalogue)
    before = hashes(tmp_path)

    def interrupt(_patients: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_cohort(three_parts, tmp_path, knowledge, catalogue=catalogue, workers=2, progress=interrupt)
    assert hashes(tmp_path) == before
    assert not multiprocessing.active_children()


def test_a_disk_that_refuses_in_a_worker_stops_all_and_says_where(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path, three_parts: CohortSpec
) -> None:
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, usual[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            write_cohort(three_parts, tmp_path / "out", knowledge, catalogue=catalogue, workers=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert caught.value.__notes__[0].startswith("while part ")
    assert list((tmp_path / "out").iterdir()) == []


def test_memory_does_not_grow_with_the_number_of_patients(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampler_module, "CHUNK", 25)
    monkeypatch.setattr(visits_module, "CHUNK", 25)

    def forget_the_start(_patients: int) -> None:
        """The tables and the first chunk cost the same for every cohort."""
        if not seen:
            tracemalloc.reset_peak()
        seen.append(_patients)

    peaks = []
    for patients in (75, 600):
        seen: list[int] = []
        tracemalloc.start()
        write_cohort(
            CohortSpec(patients=patients, seed=1),
            tmp_path / str(patients),
            knowledge,
            catalogue=catalogue,
            workers=1,
            progress=forget_the_start,
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.25
