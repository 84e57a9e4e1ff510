"""A lake of each kind, and rows to land in it."""

from pathlib import Path

import pytest

from raretriage.lake import Lake


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.server)])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    """An empty lake of each kind."""
    if request.param == "file":
        return Lake(f"file://{tmp_path}/lake")
    return Lake(f"{request.getfixturevalue('s3_bucket').url}/lake")


@pytest.fixture
def local_lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))
