from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import orjson
import pytest

from raretriage.cohort import Catalogue, CohortReport, CohortSpec, write_cohort
from raretriage.cohort.defects import DEFECTS, line_of, spoil
from raretriage.ingest import IngestReport, IngestSettings, ingest, open_source
from raretriage.knowledge import Knowledge
from raretriage.lake import Lake
from raretriage.privacy import Keyring

SPEC = CohortSpec(patients=450, seed=8, bad_share=0.15)

# What the ingest says of each defect: the rule that sets the record aside.
RULES = {
    "impossible_vital": "out_of_range",
    "unknown_unit": "unknown_unit",
    "truncated_line": "malformed_json",
    "missing_subject": "unknown_patient",
    "unparsable_date": "not_a_date",
}


def visit(*parts: str) -> list[dict[str, object]]:
    """An encounter with a temperature, a finding, or neither."""
    known = {
        "vital": {"valueQuantity": {"value": 36.6, "unit": "°C", "code": "Cel"}},
        "finding": {"valueCodeableConcept": {"text": "present"}},
    }
    encounter = {"subject": {"reference": "Patient/p"}, "period": {"start": "2024-02-29T10:00:00-05:00"}}
    return [
        {"resourceType": "Encounter", "id": "e", **encounter},
        *({"resourceType": "Observation", "id": part, **known[part]} for part in parts),
    ]


def kinds(*parts: str) -> set[str]:
    return {spoil(visit(*parts), Random(n))[0] for n in range(200)}


def test_a_visit_has_only_defects_that_its_resources_can_have() -> None:
    always = {"missing_subject", "unparsable_date", "identical_resources"}
    assert kinds() == always
    assert kinds("finding") == always | {"truncated_line"}
    assert kinds("finding", "vital") == set(DEFECTS)


@pytest.mark.parametrize("seed", range(40))
def test_exactly_one_record_is_bad_and_the_rest_is_as_it_was(seed: int) -> None:
    resources = visit("vital", "finding")
    good = [line_of(resource) for resource in resources]
    kind, lines = spoil(resources, Random(seed))
    if kind == "identical_resources":
        assert len(lines) == len(good) + 1
        assert set(lines) == set(good)
    else:
        assert sum(one != other for one, other in zip(lines, good, strict=True)) == 1
    assert resources == visit("vital", "finding"), "the resources themselves stay clean"
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for _kind, line in lines)


@pytest.fixture(scope="module")
def exports(
    knowledge: Knowledge, catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Path, CohortReport]]:
    """The same patients, with bad records and without."""
    folder = tmp_path_factory.mktemp("defects")
    specs = {"bad": SPEC, "good": CohortSpec(patients=SPEC.patients, seed=SPEC.seed, bad_share=0)}
    return {
        name: (folder / name, write_cohort(spec, folder / name, knowledge, catalogue=catalogue))
        for name, spec in specs.items()
    }


def lines(folder: Path) -> Counter[bytes]:
    return Counter(line for path in folder.glob("*.ndjson") for line in path.read_bytes().splitlines())


def test_the_manifest_counts_the_defects_and_all_other_bytes_stay(
    exports: dict[str, tuple[Path, CohortReport]],
) -> None:
    (bad_folder, bad), (good_folder, good) = exports["bad"], exports["good"]
    assert set(bad.bad_records) == set(DEFECTS)
    assert all(count >= 5 for count in bad.bad_records.values())
    assert 0.10 < sum(bad.bad_records.values()) / bad.encounters < 0.20
    assert sum(good.bad_records.values()) == 0
    manifest = orjson.loads((bad_folder / "cohort.json").read_bytes())
    assert manifest["bad_records"] == bad.bad_records
    assert manifest["spec"]["bad_share"] == SPEC.bad_share
    gone, new = lines(good_folder) - lines(bad_folder), lines(bad_folder) - lines(good_folder)
    copies = bad.bad_records["identical_resources"]
    assert gone.total() == sum(bad.bad_records.values()) - copies
    assert new.total() == sum(bad.bad_records.values())
    assert sum(bad.resources.values()) == sum(good.resources.values()) + copies


@pytest.fixture(scope="module")
def ingested(knowledge: Knowledge, exports: dict[str, tuple[Path, CohortReport]]) -> dict[str, IngestReport]:
    def taken(folder: Path) -> IngestReport:
        return ingest(
            open_source(str(folder), kind="fhir"),
            sink=Lake(f"file://{folder.parent}/lake-{folder.name}"),
            keyring=Keyring.from_keys([bytes(range(32))]),
            knowledge=knowledge,
            now=datetime(2026, 1, 1, tzinfo=UTC),
            settings=IngestSettings(),
        )

    return {name: taken(folder) for name, (folder, _report) in exports.items()}


@pytest.mark.parametrize("kind", RULES)
def test_ingest_sets_aside_what_the_manifest_says_is_bad(
    exports: dict[str, tuple[Path, CohortReport]], ingested: dict[str, IngestReport], kind: str
) -> None:
    rule = RULES[kind]
    extra = ingested["bad"].quarantine_rules.get(rule, 0) - ingested["good"].quarantine_rules.get(rule, 0)
    assert extra == exports["bad"][1].bad_records[kind]


def test_a_copy_is_a_duplicate_and_the_other_encounters_land(
    exports: dict[str, tuple[Path, CohortReport]], ingested: dict[str, IngestReport]
) -> None:
    records, bad, good = exports["bad"][1].bad_records, ingested["bad"], ingested["good"]
    assert bad.duplicate - good.duplicate == records["identical_resources"]
    lost = records["missing_subject"] + records["unparsable_date"]
    assert good.encounters["accepted"] - bad.encounters["accepted"] == lost
