"""What a model sees of a chunk in memory is what it would see after export, ingest and lake."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pytest

from raretriage.cohort import Catalogue, CohortSpec, chunk_count, sample_chunk, write_cohort
from raretriage.cohort.columns import columns_of, join_columns
from raretriage.features import Columns
from raretriage.features.arrow import columns_of_table
from raretriage.features.columns import CATEGORIES, NUMBERS
from raretriage.ingest import IngestSettings, ingest, open_source
from raretriage.knowledge import Knowledge
from raretriage.lake import Lake
from raretriage.privacy import Keyring, Kind

# Many later visits, so that what earlier ones left on record is tried too; above one chunk.
SPEC = CohortSpec(patients=600, seed=11, rare_share=0.4, healthy_share=0.1, bad_share=0)
KEYRING = Keyring.from_keys([bytes(range(32))])


@pytest.fixture(scope="module")
def in_memory(catalogue: Catalogue) -> Columns:
    chunks = [sample_chunk(SPEC, catalogue, n) for n in range(chunk_count(SPEC))]
    return join_columns([columns_of(chunk, catalogue) for chunk in chunks])


@pytest.fixture(scope="module")
def landed(knowledge: Knowledge, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[int], Columns]:
    """The same patients after the whole way; and which of the exported encounters each row is."""
    folder = tmp_path_factory.mktemp("hospital")
    write_cohort(SPEC, folder / "export", knowledge)
    lake = Lake(f"file://{folder}/lake")
    ingest(
        open_source(str(folder / "export"), kind="fhir"),
        sink=lake,
        keyring=KEYRING,
        knowledge=knowledge,
        now=datetime(2026, 1, 1, tzinfo=UTC),
        settings=IngestSettings(),
    )
    encounters = lake.read("encounters")
    row_of = {name: row for row, name in enumerate(encounters["encounter_id"].to_pylist())}
    exported = [KEYRING.pseudonym(Kind.ENCOUNTER, name) for name in _encounter_ids(folder / "export")]
    place = [number for number, name in enumerate(exported) if name in row_of]
    return place, columns_of_table(encounters.take(pa.array([row_of[exported[number]] for number in place])))


def _encounter_ids(export: Path) -> list[str]:
    files = sorted(export.glob("Encounter.*.ndjson"))
    return [orjson.loads(line)["id"] for path in files for line in path.read_bytes().splitlines()]


def test_nearly_every_encounter_lands(in_memory: Columns, landed: tuple[list[int], Columns]) -> None:
    assert landed[1].count > 0.98 * in_memory.count > 650


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_those_of_the_lake(in_memory: Columns, landed: tuple[list[int], Columns], name: str) -> None:
    place, lake = landed
    np.testing.assert_array_equal(in_memory.numbers[name][place], lake.numbers[name])


@pytest.mark.parametrize("name", CATEGORIES)
def test_categories_are_those_of_the_lake(in_memory: Columns, landed: tuple[list[int], Columns], name: str) -> None:
    place, lake = landed
    assert in_memory.categories[name][place].tolist() == lake.categories[name].tolist()


def test_findings_are_those_of_the_lake(in_memory: Columns, landed: tuple[list[int], Columns]) -> None:
    place, lake = landed
    memory, stored = _findings(in_memory), _findings(lake)
    assert [memory[row] for row in place] == stored
    assert sum(map(len, stored)) > 3_000


def test_joined_columns_keep_their_rows(in_memory: Columns, catalogue: Catalogue) -> None:
    second = columns_of(sample_chunk(SPEC, catalogue, 1), catalogue)
    first = in_memory.count - second.count
    assert _findings(in_memory)[first:] == _findings(second)
    np.testing.assert_array_equal(in_memory.numbers["age_years"][first:], second.numbers["age_years"])


def _findings(columns: Columns) -> list[list[tuple[str, bool]]]:
    found: list[list[tuple[str, bool]]] = [[] for _ in range(columns.count)]
    entries = zip(columns.findings.row, columns.findings.hpo_id, columns.findings.observed, strict=True)
    for row, hpo_id, observed in entries:
        found[row].append((hpo_id, bool(observed)))
    return [sorted(entry) for entry in found]
