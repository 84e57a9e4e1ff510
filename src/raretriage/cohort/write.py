"""The stage: a specification becomes a hospital's export on disk."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from raretriage.cohort.catalogue import STATES, Catalogue, build_catalogue
from raretriage.cohort.defects import DEFECTS, line_of
from raretriage.cohort.export_folder import ExportFolder, PartFiles, PartWriter
from raretriage.cohort.fhir_export import Exporter, organizations
from raretriage.cohort.onset import OnsetClause
from raretriage.cohort.sampler import chunk_count, sample_chunk
from raretriage.cohort.spec import SAMPLER_VERSION, CohortSpec
from raretriage.cohort.visits import Chunk
from raretriage.cohort.workers import run_jobs, workers_for
from raretriage.knowledge import Knowledge, SexClause

log = logging.getLogger(__name__)

PART_CHUNKS = 10
"""Chunks (of 500 patients) whose resources go into one numbered file of each type. The unit of work of a process."""


@dataclass(frozen=True, slots=True)
class CohortReport:
    """What was written. Every patient in it is made up."""

    patients: int
    encounters: int
    rare_patients: int
    """Patients with at least one visit for a rare disease."""
    rare_encounters: int
    labelled_encounters: int
    bad_records: dict[str, int]
    """Encounters with a defect by its kind, see `raretriage.cohort.defects`."""
    encounters_by_state: dict[str, int]
    common_diseases: int
    rare_diseases: int
    rare_onset_clauses: dict[str, int]
    """How many rare profiles have their ages from each `OnsetClause`, and how many from the project's own table."""
    rare_sex_clauses: dict[str, int]
    """The same for the share of men, by `SexClause`."""
    estimate_share: float
    """Share of probability intervals in the profile table whose source is `estimate`."""
    resources: dict[str, int]
    """Lines by resource type, bad ones and copies included."""
    bytes: int
    knowledge_version: str
    sampler_version: str

    def as_json(self) -> dict[str, object]:
        """The report as the CLI's `--json` writes it."""
        return asdict(self)


def write_cohort(
    spec: CohortSpec,
    out: Path,
    knowledge: Knowledge,
    *,
    catalogue: Catalogue | None = None,
    compress: bool = False,
    workers: int | None = None,
    progress: Callable[[int], object] = lambda _n: None,
) -> CohortReport:
    """Write a simulated EHR export: FHIR R4 bulk NDJSON, and `cohort.json`, which says that it is simulated.

    Deterministic: the same specification, knowledge and sampler version give the same bytes, whatever the number of
    workers. Memory does not grow with the number of patients. An earlier cohort in the folder is replaced once the
    new one is complete.

    Args:
        spec: what is wanted.
        out: a folder that is new, empty, or holds an earlier cohort.
        knowledge: findings and rare diseases.
        catalogue: what to draw from, where it is built already; by default `build_catalogue` of the knowledge.
        compress: write `.ndjson.gz`.
        workers: processes that write at the same time; by default one a processor, at most `MAX_WORKERS`.
        progress: called with the number of patients newly written.

    Raises:
        SpecError: a shift names a disease that does not exist.
        ForeignFolder: `out` holds other files.
        ProfileError: a profile table has a row that cannot be used.
        WorkerLost: a worker process was killed.
        ValueError: less than one worker is wanted.
        OSError: the disk refuses.
    """
    catalogue = catalogue or build_catalogue(knowledge)
    parts = -(-chunk_count(spec) // PART_CHUNKS)
    with ExportFolder(out) as folder:
        job = _PartJob(spec, catalogue, out, PART_CHUNKS, compress)
        written = run_jobs(job, parts, workers=workers_for(workers, parts), progress=progress)
        counts, lines = Counter[str](), Counter[str]()
        for part in written:
            counts.update(part.counts)
            lines.update(part.files.lines)
        report = _report(catalogue, knowledge, counts, lines)
        manifest = {
            "simulated": True,
            "notice": "SIMULATED. Every patient, name, address and diagnosis here is made up by a program.",
            "spec": spec.as_json(),
            **report.as_json(),
        }
        report = replace(report, bytes=folder.finish((part.files for part in written), manifest))
    log.info("cohort.written", extra={"patients": spec.patients, "bytes": report.bytes})
    return report


@dataclass(frozen=True, slots=True)
class _Part:
    files: PartFiles
    counts: Counter[str]


@dataclass(frozen=True, slots=True)
class _PartJob:
    """Writes the part of a number, in whatever process it is called."""

    spec: CohortSpec
    catalogue: Catalogue
    folder: Path
    chunks: int
    """Of each part but the last."""
    compress: bool

    def __call__(self, number: int, step: Callable[[int], object], /) -> _Part:
        exporter, counts, spoiled = Exporter(self.spec, self.catalogue), Counter[str](), Counter[str]()
        with PartWriter(self.folder, number, compress=self.compress) as writer:
            if number == 0:
                for resource in organizations(self.spec):
                    writer.write(*line_of(resource))
            for n in range(number * self.chunks, min((number + 1) * self.chunks, chunk_count(self.spec))):
                chunk = sample_chunk(self.spec, self.catalogue, n)
                for kind, line in exporter.lines(chunk, spoiled):
                    writer.write(kind, line)
                counts.update(_counts(chunk))
                step(len(chunk.patients.disease))
            counts.update({f"bad:{kind}": count for kind, count in spoiled.items()})
            return _Part(writer.finish(), counts)


def _counts(chunk: Chunk) -> Counter[str]:
    visits = chunk.visits
    counts = Counter(
        patients=len(chunk.patients.disease),
        encounters=len(visits.patient),
        rare_patients=len(set(visits.patient[visits.rare].tolist())),
        rare_encounters=int(visits.rare.sum()),
        labelled_encounters=int(visits.is_labelled.sum()),
    )
    counts.update({f"state:{state}": int((visits.state == row).sum()) for row, state in enumerate(STATES)})
    return counts


def _report(catalogue: Catalogue, knowledge: Knowledge, counts: Counter[str], lines: Counter[str]) -> CohortReport:
    sources = [finding.source for profile in catalogue.profiles for finding in profile.findings]
    rare = int(catalogue.rare.sum())
    onsets = Counter(profile.clauses[0] for profile in catalogue.profiles if profile.rare)
    sexes = Counter(profile.clauses[1] for profile in catalogue.profiles if profile.rare)
    return CohortReport(
        patients=counts["patients"],
        encounters=counts["encounters"],
        rare_patients=counts["rare_patients"],
        rare_encounters=counts["rare_encounters"],
        labelled_encounters=counts["labelled_encounters"],
        bad_records={kind: counts[f"bad:{kind}"] for kind in DEFECTS},
        encounters_by_state={state.value: counts[f"state:{state}"] for state in STATES},
        common_diseases=len(catalogue.profiles) - rare,
        rare_diseases=rare,
        rare_onset_clauses=_counted(onsets, OnsetClause),
        rare_sex_clauses=_counted(sexes, SexClause),
        estimate_share=round(sources.count("estimate") / len(sources), 4),
        resources=dict(sorted(lines.items())),
        bytes=0,
        knowledge_version=knowledge.version,
        sampler_version=SAMPLER_VERSION,
    )


def _counted(decided: Counter[str], clauses: type[OnsetClause] | type[SexClause]) -> dict[str, int]:
    """The written profiles were decided by no clause: their ages and sex stand in the table."""
    return {clause.value: decided[clause.value] for clause in clauses} | {"own_table": decided[""]}
