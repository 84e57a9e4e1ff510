"""The synthetic EHR: one profile table, one sampler, and an export as a hospital would make it. All made up."""

from raretriage.cohort.catalogue import Catalogue, build_catalogue
from raretriage.cohort.errors import CohortError, ForeignFolder, ProfileError, SpecError
from raretriage.cohort.profiles import Finding, Profile, load_background, load_common, vocabulary
from raretriage.cohort.sampler import Chunk, chunk_count, sample_chunk
from raretriage.cohort.spec import REGIONS, SAMPLER_VERSION, SITES, CohortSpec, Region
from raretriage.cohort.write import CohortReport, write_cohort

__all__ = [
    "REGIONS",
    "SAMPLER_VERSION",
    "SITES",
    "Catalogue",
    "Chunk",
    "CohortError",
    "CohortReport",
    "CohortSpec",
    "Finding",
    "ForeignFolder",
    "Profile",
    "ProfileError",
    "Region",
    "SpecError",
    "build_catalogue",
    "chunk_count",
    "load_background",
    "load_common",
    "sample_chunk",
    "vocabulary",
    "write_cohort",
]
