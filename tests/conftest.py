"""Fixtures for every room: the development data and the real servers."""

import os
from pathlib import Path

import pytest

from tests.servers import postgres_server, postgres_url, s3_bucket, s3_server

__all__ = ["postgres_server", "postgres_url", "s3_bucket", "s3_server", "shared_data"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The development data: RARETRIAGE_SHARED_DATA, else `../shared/data` beside the repository."""
    named = os.environ.get("RARETRIAGE_SHARED_DATA")
    folder = Path(named) if named else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no development data at {folder}: set RARETRIAGE_SHARED_DATA to its folder")
    return folder
