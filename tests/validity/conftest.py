from pathlib import Path

import pytest

from raretriage.cohort import Catalogue, build_catalogue
from raretriage.cohort.catalogue import build_bridge_catalogue
from raretriage.knowledge import Knowledge, build_knowledge, locate_sources, read_orphanet
from tests.released import released_knowledge


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return released_knowledge()


@pytest.fixture(scope="session")
def catalogue(knowledge: Knowledge) -> Catalogue:
    return build_catalogue(knowledge)


@pytest.fixture(scope="session")
def bridge(knowledge: Knowledge) -> Catalogue:
    return build_bridge_catalogue(knowledge)


@pytest.fixture(scope="session")
def with_tables(shared_data: Path) -> Knowledge:
    """The released knowledge judged by Orphanet's released tables."""
    folder = shared_data / "orphanet"
    tables = read_orphanet(lambda name: (folder / name).read_bytes() if (folder / name).is_file() else None)
    return build_knowledge(*locate_sources(), orphanet=tables)
