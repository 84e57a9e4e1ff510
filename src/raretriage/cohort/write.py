"""The stage: a specification becomes a hospital's export on disk."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from raretriage.cohort.catalogue import STATES, Catalogue, build_catalogue
from raretriage.cohort.export_folder import ExportFolder
from raretriage.cohort.fhir_export import Exporter, organizations
from raretriage.cohort.onset import OnsetClause
from raretriage.cohort.sampler import Chunk, chunk_count, sample_chunk
from raretriage.cohort.sex_prior import SexClause
from raretriage.cohort.spec import SAMPLER_VERSION, CohortSpec
from raretriage.knowledge import Knowledge

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CohortReport:
    """What was written. Every patient in it is made up."""

    patients: int
    encounters: int
    rare_patients: int
    """Patients with at least one visit for a rare disease."""
    rare_encounters: int
    labelled_encounters: int
    encounters_by_state: dict[str, int]
    common_diseases: int
    rare_diseases: int
    rare_onset_clauses: dict[str, int]
    """How many rare diseases have their ages from each `OnsetClause`."""
    rare_sex_clauses: dict[str, int]
    """How many rare diseases have their share of men from each `SexClause`."""
    estimate_share: float
    """Share of probability intervals in the profile table whose source is `estimate`."""
    resources: dict[str, int]
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
    compress: bool = False,
    progress: Callable[[int], object] = lambda _n: None,
) -> CohortReport:
    """Write a simulated EHR export: FHIR R4 bulk NDJSON, and `cohort.json`, which says that it is simulated.

    Deterministic: the same specification, knowledge and sampler version give the same bytes. Memory does not grow
    with the number of patients. An earlier cohort in the folder is replaced once the new one is complete.

    Args:
        spec: what is wanted.
        out: a folder that is new, empty, or holds an earlier cohort.
        knowledge: findings and rare diseases.
        compress: write `.ndjson.gz`.
        progress: called with the number of patients newly written.

    Raises:
        ForeignFolder: `out` holds other files.
        ProfileError: a profile table has a row that cannot be used.
        OSError: the disk refuses.
    """
    catalogue = build_catalogue(knowledge)
    counts: Counter[str] = Counter()
    with ExportFolder(out, compress=compress) as folder:
        for resource in organizations(spec):
            folder.write(resource)
        exporter = Exporter(spec, catalogue)
        for number in range(chunk_count(spec)):
            chunk = sample_chunk(spec, catalogue, number)
            for resource in exporter.resources(chunk):
                folder.write(resource)
            counts.update(_counts(chunk))
            progress(len(chunk.patients.disease))
        report = _report(catalogue, knowledge, counts, dict(folder.lines))
        manifest = {
            "simulated": True,
            "notice": "SIMULATED. Every patient, name, address and diagnosis here is made up by a program.",
            "spec": spec.as_json(),
            **report.as_json(),
        }
        report = replace(report, bytes=folder.finish(manifest))
    log.info("cohort.written", extra={"patients": spec.patients, "bytes": report.bytes})
    return report


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


def _report(catalogue: Catalogue, knowledge: Knowledge, counts: Counter[str], lines: dict[str, int]) -> CohortReport:
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
        encounters_by_state={state.value: counts[f"state:{state}"] for state in STATES},
        common_diseases=len(catalogue.profiles) - rare,
        rare_diseases=rare,
        rare_onset_clauses={clause.value: onsets[clause.value] for clause in OnsetClause},
        rare_sex_clauses={clause.value: sexes[clause.value] for clause in SexClause},
        estimate_share=round(sources.count("estimate") / len(sources), 4),
        resources=dict(sorted(lines.items())),
        bytes=0,
        knowledge_version=knowledge.version,
        sampler_version=SAMPLER_VERSION,
    )
