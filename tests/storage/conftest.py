"""One bucket fixture, three kinds of store: the contract tests run on each."""

from pathlib import Path

import pytest

from raretriage.storage import Bucket, open_bucket

KINDS = ["file", "memory", pytest.param("s3", marks=pytest.mark.server)]


@pytest.fixture(params=KINDS)
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Bucket:
    """An empty bucket of each kind."""
    match request.param:
        case "file":
            return open_bucket(f"file://{tmp_path}/bucket")
        case "memory":
            return open_bucket("memory://")
        case _:
            return open_bucket(request.getfixturevalue("s3_bucket").url)
