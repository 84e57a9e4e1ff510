"""The synthetic EHR: one profile table, one sampler, and an export as a hospital would make it. All made up."""

from raretriage.cohort.benchmark import BenchmarkResult, benchmark
from raretriage.cohort.catalogue import Catalogue, build_bridge_catalogue, build_catalogue, rare_profiles
from raretriage.cohort.errors import CohortError, ForeignFolder, ProfileError, SpecError, WorkerLost
from raretriage.cohort.profiles import Finding, Profile, load_background, load_common, vocabulary
from raretriage.cohort.sampler import chunk_count, sample_chunk
from raretriage.cohort.shifts import (
    CodingShift,
    LostFieldShift,
    NewSiteShift,
    PrevalenceShift,
    SeasonShift,
    Shift,
    UnitShift,
    load_shifts,
)
from raretriage.cohort.spec import REGIONS, SAMPLER_VERSION, SITES, CohortSpec, Region
from raretriage.cohort.visits import Chunk
from raretriage.cohort.write import CohortReport, write_cohort

__all__ = [
    "REGIONS",
    "SAMPLER_VERSION",
    "SITES",
    "BenchmarkResult",
    "Catalogue",
    "Chunk",
    "CodingShift",
    "CohortError",
    "CohortReport",
    "CohortSpec",
    "Finding",
    "ForeignFolder",
    "LostFieldShift",
    "NewSiteShift",
    "PrevalenceShift",
    "Profile",
    "ProfileError",
    "Region",
    "SeasonShift",
    "Shift",
    "SpecError",
    "UnitShift",
    "WorkerLost",
    "benchmark",
    "build_bridge_catalogue",
    "build_catalogue",
    "chunk_count",
    "load_background",
    "load_common",
    "load_shifts",
    "rare_profiles",
    "sample_chunk",
    "vocabulary",
    "write_cohort",
]
