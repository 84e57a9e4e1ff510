import gzip
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from raretriage.cohort import (
    Catalogue,
    CohortReport,
    CohortSpec,
    Profile,
    build_catalogue,
    load_background,
    load_common,
    vocabulary,
    write_cohort,
)
from raretriage.knowledge import Knowledge
from tests.released import released_knowledge

SPEC = CohortSpec(patients=700, seed=7, bad_share=0)


def read_resources(folder: Path, kind: str = "*") -> Iterator[dict]:
    """Every resource of an export, or those of one type, in the order of the files."""
    for path in sorted(folder.glob(f"{kind}.*.ndjson*")):
        content = path.read_bytes()
        yield from map(orjson.loads, (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines())


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return released_knowledge()


@pytest.fixture(scope="session")
def common(knowledge: Knowledge) -> list[Profile]:
    return load_common(knowledge)


@pytest.fixture(scope="session")
def shared(knowledge: Knowledge, common: list[Profile]) -> tuple[str, ...]:
    return vocabulary(common, load_background(knowledge))


@pytest.fixture(scope="session")
def catalogue(knowledge: Knowledge) -> Catalogue:
    return build_catalogue(knowledge)


@pytest.fixture(scope="session")
def spec() -> CohortSpec:
    return SPEC


@pytest.fixture(scope="session")
def export(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, CohortReport]:
    """700 made-up patients on disk."""
    folder = tmp_path_factory.mktemp("export")
    return folder, write_cohort(SPEC, folder, knowledge, catalogue=catalogue)


@pytest.fixture(scope="session")
def exported(export: tuple[Path, CohortReport]) -> dict[str, list[dict]]:
    """The same patients, parsed, by resource type."""
    found: dict[str, list[dict]] = {}
    for resource in read_resources(export[0]):
        found.setdefault(resource["resourceType"], []).append(resource)
    return found
