"""Fixtures for every room: the development data and the real servers."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.servers import postgres_server, postgres_url, s3_bucket, s3_server

__all__ = ["postgres_server", "postgres_url", "s3_bucket", "s3_server", "shared_data"]

# How long an example takes on a busy machine is no claim of any test.
settings.register_profile("raretriage", deadline=None)
settings.load_profile("raretriage")

# Left out of `make check`, which is to take less than a minute; `make test` runs them all.
# Ranking every rare disease of HPO takes a minute or two to build; tests of it build small ones.
os.environ.setdefault("DIFFERENTIAL", "false")

SLOW_FILES = frozenset(
    {
        "cli/test_differential.py",
        "cli/test_recalibrate.py",
        "cli/test_training_cost.py",
        "cohort/test_benchmark.py",
        "cohort/test_catalogue.py",
        "cohort/test_columns.py",
        "cohort/test_common_table.py",
        "cohort/test_crossed.py",
        "cohort/test_defects.py",
        "cohort/test_fhir_export.py",
        "cohort/test_nhanes.py",
        "cohort/test_onset.py",
        "cohort/test_profiles.py",
        "cohort/test_rare.py",
        "cohort/test_rare_course.py",
        "cohort/test_rare_death.py",
        "cohort/test_rare_state.py",
        "cohort/test_rare_with_tables.py",
        "cohort/test_recorded.py",
        "cohort/test_sampler.py",
        "cohort/test_sex_prior.py",
        "cohort/test_shifts.py",
        "cohort/test_vitals.py",
        "cohort/test_workers.py",
        "cohort/test_write.py",
        "ingest/test_accounting.py",
        "ingest/test_bad_records.py",
        "ingest/test_landing_in_the_lake.py",
        "ingest/test_source_faults.py",
        "knowledge/test_artefact.py",
        "knowledge/test_extraction.py",
        "knowledge/test_rarity.py",
        "knowledge/test_search.py",
        "lake/test_warehouse.py",
        "lake/test_writers.py",
        "privacy/test_batch.py",
        "privacy/test_scrub.py",
        "release/test_explanation.py",
        "release/test_onnx.py",
        "release/test_report.py",
        "study/test_bench.py",
        "study/test_study.py",
        "study/test_variants.py",
        "training/test_certificate.py",
        "training/test_checks.py",
        "training/test_plots.py",
        "training/test_recalibrate.py",
        "training/test_remeasure.py",
        "training/test_split_again.py",
        "training/test_split_of_run.py",
        "training/test_tracking.py",
        "training/test_train.py",
        "training/test_weighted.py",
        "validity/test_ablation.py",
        "validity/test_audit.py",
        "validity/test_bridge.py",
        "validity/test_case_facts.py",
        "validity/test_cheats.py",
        "validity/test_ddxplus_cases.py",
        "validity/test_lake_checks.py",
        "validity/test_lake_checks_of_the_ill.py",
        "validity/test_plots.py",
        "validity/test_published_cases.py",
        "validity/test_report.py",
        "validity/test_sample.py",
        "validity/test_source_terms.py",
        "validity/test_stories.py",
        "validity/test_summary.py",
        "validity/test_telling.py",
    }
)

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(str(item.path).endswith(name) for name in SLOW_FILES):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The development data: RARETRIAGE_SHARED_DATA, else `../shared/data` beside the repository."""
    named = os.environ.get("RARETRIAGE_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no development data at {folder}: set RARETRIAGE_SHARED_DATA to its folder")
    return folder
