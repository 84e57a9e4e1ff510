"""What a lake promises, on a local disk and on a real S3 store."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from raretriage.lake import DuplicateRows, Lake, NoSuchTable, NoSuchVersion, SchemaMismatch, Unreachable
from raretriage.privacy.schemas import ENCOUNTERS
from tests.lake.rows import QUARANTINE, encounter, encounters, rejected
from tests.servers import free_port


def by_id(table: pa.Table) -> dict[str, dict[str, object]]:
    return {row["encounter_id"]: row for row in table.to_pylist()}


def test_what_landed_is_read_back_value_for_value(lake: Lake) -> None:
    rows = [
        encounter(1),
        encounter(2, phenotypes=[], temperature_c=None, rare=True, state="acute", label_date=None),
        encounter(3, phenotypes=[{"hpo_id": "HP:0001250", "status": "excluded", "onset_days": None}]),
    ]
    expected = by_id(pa.Table.from_pylist(rows, schema=ENCOUNTERS))
    lake.land(encounters(rows))
    table = lake.read()
    assert table.schema.equals(ENCOUNTERS)
    assert table.num_rows == 3
    assert by_id(table) == expected


def test_landing_the_same_rows_again_makes_no_version(lake: Lake) -> None:
    first = lake.land(encounters(encounter(n) for n in range(5)))
    second = lake.land(encounters(encounter(n) for n in range(5)))
    assert second == first
    assert lake.version() == first
    assert lake.read().num_rows == 5


def test_new_rows_land_without_the_known_ones_beside_them(lake: Lake) -> None:
    lake.land(encounters(encounter(n) for n in range(5)))
    lake.land(encounters(encounter(n) for n in range(3, 8)))
    assert sorted(lake.read().column("encounter_id").to_pylist()) == [f"e-{n}" for n in range(8)]
    assert lake.history()[0].rows_added == 3


def test_new_and_changed_rows_land_in_one_version(lake: Lake) -> None:
    before = lake.land(encounters(encounter(n) for n in range(5)))
    rows = [encounter(3), encounter(4, row_hash="other", fever=9.0), encounter(5)]
    after = lake.land(encounters(rows))
    assert after == before + 1
    now = by_id(lake.read())
    assert sorted(now) == [f"e-{n}" for n in range(6)]
    assert now["e-4"]["fever"] == 9.0
    assert now["e-3"]["fever"] == 4.0
    assert now["e-5"]["phenotypes"] == [{"hpo_id": "HP:0001250", "status": "observed", "onset_days": 3.0}]


def test_an_earlier_version_is_read_back_as_it_was(lake: Lake) -> None:
    first = lake.land(encounters([encounter(1)]))
    second = lake.land(encounters([encounter(1, row_hash="other", fever=9.0), encounter(2)]))
    assert lake.read(version=first).column("fever").to_pylist() == [4.0]
    assert sorted(lake.read(version=second).column("fever").to_pylist()) == [4.0, 9.0]


def test_the_history_tells_what_each_version_did(lake: Lake) -> None:
    lake.land(encounters([encounter(1)]))
    lake.land(encounters([encounter(1, row_hash="other"), encounter(2), encounter(3)]))
    newest, middle, oldest = lake.history()
    assert (newest.version, middle.version, oldest.version) == (2, 1, 0)
    assert (newest.operation, newest.rows_added, newest.rows_updated, newest.reason) == ("MERGE", 2, 1, "ingest")
    assert (middle.operation, middle.rows_added, middle.reason) == ("WRITE", 1, "ingest")
    assert oldest.operation == "CREATE TABLE"
    assert abs(newest.at - datetime.now(UTC)) < timedelta(minutes=5)


def test_known_hashes_answer_in_the_order_of_the_question(lake: Lake) -> None:
    assert lake.known_hashes(pa.array(["e-1"])).to_pylist() == [None]
    lake.land(encounters(encounter(n) for n in range(3)))
    asked = pa.array(["e-2", "e-99", "e-0", "e-2"])
    assert lake.known_hashes(asked).to_pylist() == ["hash-2", None, "hash-0", "hash-2"]
    lake.land(encounters([encounter(0, row_hash="other")]))
    assert lake.known_hashes(asked).to_pylist() == ["hash-2", None, "other", "hash-2"]


def test_columns_and_filter_are_what_was_asked_for(lake: Lake) -> None:
    lake.land(encounters(encounter(n, fever=float(n % 3)) for n in range(9)))
    table = lake.read(columns=["fever", "encounter_id"], filter=pc.field("fever") > 1)
    assert table.column_names == ["fever", "encounter_id"]
    assert table.column("fever").to_pylist() == [2.0, 2.0, 2.0]


def test_a_rejected_row_is_kept_once(lake: Lake) -> None:
    lake.quarantine(rejected(["q-1", "q-2"]))
    lake.quarantine(rejected(["q-2", "q-3"]))
    version = lake.version("quarantine")
    lake.quarantine(rejected(["q-1", "q-3"]))
    lake.quarantine(rejected([]))
    assert lake.version("quarantine") == version
    table = lake.read("quarantine")
    assert table.schema.equals(QUARANTINE)
    assert sorted(table.column("quarantine_id").to_pylist()) == ["q-1", "q-2", "q-3"]


def test_an_ingest_is_recorded_with_its_report_and_version(tmp_path: Path) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    lake = Lake(str(tmp_path / "lake"), clock=lambda: now)
    report = {"read": 7, "accepted": 4, "quarantined": 1, "duplicate": 2, "unused": 0, "by_reason": {"años": 1}}
    lake.record_ingest({"read": 0})
    version = lake.land(encounters([encounter(1)]))
    lake.record_ingest(report)
    empty, full = lake.read("ingests").sort_by("encounters_version").to_pylist()
    assert empty["encounters_version"] == -1
    assert empty["accepted"] is None
    assert full["recorded_at"] == now
    assert full["encounters_version"] == version
    assert [full[name] for name in ("read", "accepted", "quarantined", "duplicate", "unused")] == [7, 4, 1, 2, 0]
    assert json.loads(full["report"]) == report


def test_landing_nothing_leaves_an_empty_table(local_lake: Lake) -> None:
    local_lake.land(encounters([]))
    table = local_lake.read()
    assert table.num_rows == 0
    assert table.schema.equals(ENCOUNTERS)


def test_an_empty_lake_says_what_to_do(lake: Lake) -> None:
    assert not lake.exists("encounters")
    for ask in (lake.version, lake.read, lake.history):
        with pytest.raises(NoSuchTable, match="no such table yet; the first ingest"):
            ask()


@pytest.mark.parametrize("version", [-1, 2, 77])
def test_a_version_that_never_was_is_named(local_lake: Lake, version: int) -> None:
    local_lake.land(encounters([encounter(1)]))
    with pytest.raises(NoSuchVersion, match=f"encounters has the versions 0 to 1, not {version}"):
        local_lake.read(version=version)


def test_one_encounter_twice_in_a_commit_is_refused(local_lake: Lake) -> None:
    local_lake.land(encounters([encounter(1)]))
    with pytest.raises(DuplicateRows, match="1 rows repeat the encounter_id"):
        local_lake.land(encounters([encounter(2), encounter(2, row_hash="other")]))
    assert local_lake.read().num_rows == 1


def test_wrong_columns_are_refused_by_name(local_lake: Lake) -> None:
    table = pa.Table.from_pylist([encounter(1)], schema=ENCOUNTERS).rename_columns({"fever": "febrile"})
    with pytest.raises(SchemaMismatch, match=r"missing \['fever'\], unknown \['febrile'\]"):
        local_lake.land(table.to_reader())


def test_a_wrong_type_is_refused_without_the_value(local_lake: Lake) -> None:
    table = pa.Table.from_pylist([encounter(1)], schema=ENCOUNTERS)
    text = table.set_column(ENCOUNTERS.get_field_index("fever"), "fever", pa.array(["secret-value"]))
    with pytest.raises(SchemaMismatch, match="fever") as refused:
        local_lake.land(text.to_reader())
    assert "secret-value" not in str(refused.value)


def test_a_missing_required_value_is_refused_by_column_without_the_row(local_lake: Lake) -> None:
    schema = ENCOUNTERS.set(1, pa.field("patient_id", pa.string()))
    rows = pa.Table.from_pylist([encounter(1, patient_id=None, site="secret-site")], schema=schema)
    with pytest.raises(SchemaMismatch, match="patient_id: a required value is missing") as refused:
        local_lake.land(rows.to_reader())
    assert "secret-site" not in str(refused.value)
    assert not local_lake.exists("encounters")


def test_rows_with_columns_in_another_order_land(local_lake: Lake) -> None:
    table = pa.Table.from_pylist([encounter(1)], schema=ENCOUNTERS)
    local_lake.land(table.select(list(reversed(ENCOUNTERS.names))).to_reader())
    assert local_lake.read().schema.equals(ENCOUNTERS)


def test_a_store_that_does_not_answer_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Unreachable):
        Lake("s3://bucket/lake").land(encounters([encounter(1)]))


def test_the_log_repeats_no_pseudonym_and_no_clinical_value(local_lake: Lake, tmp_path: Path) -> None:
    local_lake.land(
        encounters([encounter(1, patient_id="p-planted", site="site-planted", diagnosis_code="Z99.planted")])
    )
    local_lake.quarantine(rejected(["q-planted"]))
    logs = list((tmp_path / "lake").rglob("_delta_log/*.json"))
    assert len(logs) == 4
    assert not [log for log in logs if b"planted" in log.read_bytes()]
