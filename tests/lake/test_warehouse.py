"""The same loads and the same view texts on DuckDB and on a real PostgreSQL server."""

import os
import subprocess
import sys
import threading
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from raretriage.lake import Lake, NoSuchTable, NoSuchVersion, WarehouseError, load_warehouse, open_warehouse
from raretriage.lake.warehouse import ENCOUNTER_COLUMNS, read_views
from raretriage.lake.warehouse_engines import Warehouse
from tests.lake.rows import encounter, encounters, rejected

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
Rows = list[tuple[object, ...]]


@pytest.fixture(params=["duckdb", pytest.param("postgresql", marks=pytest.mark.server)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "duckdb":
        return f"duckdb:///{tmp_path}/new folder/warehouse.duckdb"
    return str(request.getfixturevalue("postgres_url"))


def ask(url: str, statement: str) -> Rows:
    with open_warehouse(url) as warehouse:
        return warehouse.query(statement)


def patients(count: int, first: int = 0, **changed: object) -> list[dict[str, object]]:
    """One encounter each."""
    return [encounter(n, patient_id=f"p-{n}", **changed) for n in range(first, first + count)]


def test_every_table_holds_what_the_lake_holds(local_lake: Lake, url: str) -> None:
    awkward = "comma, \"quote\"\nnew line, ñ, ''"
    rows = [
        encounter(1, site=awkward, region="", rare=True, encounter_date=date(2024, 2, 29), age_years=0.25),
        encounter(2, phenotypes=[], sex=None, complaint="never for analysts", rare=False, spo2=97.5),
        encounter(
            3,
            phenotypes=[
                {"hpo_id": "HP:0001250", "status": "observed", "onset_days": None},
                {"hpo_id": "HP:0000252", "status": "excluded", "onset_days": 2.5},
            ],
        ),
    ]
    version = local_lake.land(encounters(rows))
    local_lake.quarantine(rejected(["q-1", "q-2"]))
    local_lake.record_ingest({"read": 5})
    counted: list[int] = []
    report = load_warehouse(local_lake, url, clock=lambda: NOW, progress=counted.append)

    assert report.version == version
    assert report.rows == {"encounters": 3, "findings": 3, "quarantine": 2, "ingests": 1}
    assert sum(counted) == 9
    statement = f"SELECT {', '.join(ENCOUNTER_COLUMNS.names[:-1])} FROM encounters ORDER BY encounter_id"  # noqa: S608
    expected = [[row.get(name) for name in ENCOUNTER_COLUMNS.names[:-1]] for row in rows]
    assert [list(row) for row in ask(url, statement)] == expected
    assert ask(url, "SELECT encounter_id, findings FROM encounters ORDER BY 1") == [("e-1", 1), ("e-2", 0), ("e-3", 2)]
    assert ask(url, "SELECT * FROM findings ORDER BY encounter_id, hpo_id") == [
        ("e-1", "HP:0001250", "observed", 3.0),
        ("e-3", "HP:0000252", "excluded", 2.5),
        ("e-3", "HP:0001250", "observed", None),
    ]
    assert ask(url, "SELECT quarantine_id, source_line FROM quarantine ORDER BY 1") == [("q-1", 1), ("q-2", 1)]
    assert ask(url, 'SELECT "read", accepted FROM ingests') == [(5, None)]


def test_the_warehouse_says_what_it_was_loaded_from_and_when(local_lake: Lake, url: str) -> None:
    version = local_lake.land(encounters([encounter(1)]))
    load_warehouse(local_lake, url, clock=lambda: NOW)
    info = ask(url, "SELECT table_name, lake_version, row_count, loaded_at FROM load_info ORDER BY table_name")
    assert [row[:3] for row in info] == [
        ("encounters", version, 1),
        ("findings", version, 1),
        ("ingests", None, 0),
        ("quarantine", None, 0),
    ]
    times = {at for *_, at in info if isinstance(at, datetime)}
    assert {at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC) for at in times} == {NOW}


def test_the_times_are_utc_on_a_machine_in_bogota(local_lake: Lake, tmp_path: Path) -> None:
    local_lake.land(encounters([encounter(1)]))
    url = f"duckdb:///{tmp_path}/warehouse.duckdb"
    code = """
import sys
from tests.lake.test_warehouse import NOW, Lake, load_warehouse
load_warehouse(Lake(sys.argv[1]), sys.argv[2], clock=lambda: NOW)
"""
    command = [sys.executable, "-c", code, local_lake.url, url]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "TZ": "America/Bogota"}, check=True, timeout=60)
    assert ask(url, "SELECT DISTINCT loaded_at FROM load_info") == [(NOW.replace(tzinfo=None),)]


def test_free_text_and_upkeep_columns_are_not_for_analysts(local_lake: Lake, url: str) -> None:
    local_lake.land(encounters([encounter(1, complaint="planted complaint")]))
    load_warehouse(local_lake, url)
    with open_warehouse(url) as warehouse:
        columns = warehouse.columns("encounters") or []
        assert {"complaint", "row_hash", "key_id"}.isdisjoint(columns)
        assert "planted" not in str(warehouse.query("SELECT * FROM encounters"))


def test_loading_again_replaces_and_an_earlier_version_can_be_loaded(local_lake: Lake, url: str) -> None:
    first = local_lake.land(encounters([encounter(1)]))
    load_warehouse(local_lake, url)
    local_lake.land(encounters([encounter(1, row_hash="other", fever=9.0), encounter(2)]))
    load_warehouse(local_lake, url)
    assert ask(url, "SELECT encounter_id, fever FROM encounters ORDER BY 1") == [("e-1", 9.0), ("e-2", 4.0)]
    assert load_warehouse(local_lake, url, version=first).version == first
    assert ask(url, "SELECT encounter_id, fever FROM encounters") == [("e-1", 4.0)]
    assert ask(url, "SELECT COUNT(*) FROM load_info") == [(4,)]


def test_a_table_with_new_columns_is_made_anew(local_lake: Lake, url: str) -> None:
    local_lake.land(encounters([encounter(1)]))
    load_warehouse(local_lake, url)  # no quarantine yet: a table of its key alone
    local_lake.quarantine(rejected(["q-1"]))
    load_warehouse(local_lake, url)
    assert ask(url, "SELECT quarantine_id, rule, value FROM quarantine") == [("q-1", "spo2", "7")]


def test_a_load_that_fails_half_way_leaves_the_old_content(
    local_lake: Lake, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = local_lake.land(encounters([encounter(1)]))
    load_warehouse(local_lake, url)
    local_lake.land(encounters([encounter(2)]))
    scan = Lake.scan

    def break_on_the_second_read(self: Lake, *args: object, **options: object) -> pa.RecordBatchReader:
        if options.get("columns"):
            raise OSError("the lake went away")
        return scan(self, *args, **options)

    monkeypatch.setattr(Lake, "scan", break_on_the_second_read)
    with pytest.raises(OSError, match="the lake went away"):
        load_warehouse(local_lake, url)
    assert ask(url, "SELECT encounter_id FROM encounters") == [("e-1",)]
    assert ask(url, "SELECT lake_version FROM load_info WHERE table_name = 'encounters'") == [(first,)]


def test_a_statement_that_the_warehouse_refuses_is_rolled_back_and_named(local_lake: Lake, url: str) -> None:
    local_lake.land(encounters([encounter(1)]))
    load_warehouse(local_lake, url)

    def fail_after_deleting() -> None:
        with open_warehouse(url) as warehouse:
            warehouse.run("DELETE FROM encounters")
            warehouse.run("SELECT no_such_column FROM encounters")

    with pytest.raises(WarehouseError, match="refused the load"):
        fail_after_deleting()
    assert ask(url, "SELECT COUNT(*) FROM encounters") == [(1,)]


def test_a_row_that_the_warehouse_refuses_is_not_shown(url: str) -> None:
    schema = pa.schema([pa.field("a", pa.string(), nullable=False), pa.field("b", pa.string())])
    loose = pa.schema([pa.field("a", pa.string()), pa.field("b", pa.string())])

    def insert_without_a_required_value() -> None:
        with open_warehouse(url) as warehouse:
            warehouse.create("t", schema)
            warehouse.insert("t", pa.RecordBatch.from_pylist([{"a": None, "b": "secret-value"}], loose))

    with pytest.raises(WarehouseError, match="refused the load") as refused:
        insert_without_a_required_value()
    assert "secret-value" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_two_loads_at_once_leave_one_content(local_lake: Lake, url: str) -> None:
    local_lake.land(encounters(patients(50)))
    load_warehouse(local_lake, url)
    start = threading.Barrier(3)
    outcomes: list[str] = []

    def load() -> None:
        start.wait(timeout=30)
        try:
            load_warehouse(Lake(local_lake.url), url)
        except WarehouseError:
            outcomes.append("refused")
        else:
            outcomes.append("loaded")

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(outcomes) == 3
    assert "loaded" in outcomes
    assert ask(url, "SELECT COUNT(*), COUNT(DISTINCT encounter_id) FROM encounters") == [(50, 50)]


@pytest.mark.parametrize(("count", "shown"), [(4, []), (5, [("acute", None, "site-a", "2024Q1", 5, 5)])])
def test_the_cube_shows_cells_from_five_patients_on(local_lake: Lake, url: str, count: int, shown: Rows) -> None:
    local_lake.land(encounters(patients(count, state="acute", site="site-a", period="2024Q1")))
    load_warehouse(local_lake, url)
    assert ask(url, "SELECT * FROM encounters_by_state_site_quarter") == shown


def test_many_encounters_of_few_patients_are_still_few_patients(local_lake: Lake, url: str) -> None:
    rows = [encounter(n, patient_id=f"p-{n % 4}", site="site-a", period="2024Q1", label_date=date(2025, 1, 1))
            for n in range(40)]  # fmt: skip
    local_lake.land(encounters(rows))
    load_warehouse(local_lake, url)
    for view in read_views():
        with open_warehouse(url) as warehouse:
            assert _as_dicts(warehouse, view.name) == [], view.name


def test_no_view_shows_a_count_under_five(local_lake: Lake, url: str) -> None:
    rows = [
        encounter(
            n,
            patient_id=f"p-{n}",
            site=f"site-{n % 3}",
            period=f"2024Q{1 + n % 2}",
            state=["acute", "mild", None][n % 3 if n % 7 else 2],
            pain=None if n % 11 else 3.0,
            label_date=date(2025, 1, 1 + n % 20) if n % 3 else None,
            phenotypes=[] if n % 13 == 0 else [{"hpo_id": "HP:0001250", "status": "observed", "onset_days": None}],
        )
        for n in range(150)
    ]
    local_lake.land(encounters(rows))
    load_warehouse(local_lake, url)
    with open_warehouse(url) as warehouse:
        for view in read_views():
            shown = _as_dicts(warehouse, view.name)
            assert shown, view.name
            for cell in shown:
                counts = [cell[name] for name in ("encounters", "patients", "labelled", "missing") if name in cell]
                assert all(count is None or count == 0 or count >= 5 for count in counts), (view.name, cell)


def test_the_label_delay_is_the_time_from_encounter_to_label(local_lake: Lake, url: str) -> None:
    rows = [
        encounter(n, patient_id=f"p-{n}", site="a", period="2024Q1", encounter_date=date(2024, 1, 1),
                  label_date=date(2024, 1, 1 + days), label_source="coded")
        for n, days in enumerate([0, 1, 2, 3, 14])
    ]  # fmt: skip
    local_lake.land(encounters([*rows, encounter(99, site="a", period="2024Q1")]))
    load_warehouse(local_lake, url)
    (row,) = ask(url, "SELECT * FROM label_delay")
    assert row[:4] == ("a", "2024Q1", "coded", 5)
    assert [float(str(figure)) for figure in row[4:]] == [4.0, 2.0]


@pytest.mark.parametrize(
    ("gaps", "shown"), [(0, 0), (1, None), (4, None), (5, 5), (6, 5), (7, None), (10, None), (11, 10)]
)
def test_missingness_is_shown_unless_it_singles_encounters_out(
    local_lake: Lake, url: str, gaps: int, shown: int | None
) -> None:
    rows = [*patients(gaps, pain=None), *patients(11 - gaps, first=gaps, pain=2.0)]
    local_lake.land(encounters([row | {"site": "a", "period": "2024Q1"} for row in rows]))
    load_warehouse(local_lake, url)
    ((encounters_, missing, share),) = ask(
        url, "SELECT encounters, missing, missing_share FROM missingness WHERE field = 'pain'"
    )
    assert encounters_ == 10
    assert missing == shown
    assert (None if share is None else float(str(share))) == (None if shown is None else round(gaps / 11, 2))


def test_a_total_does_not_give_a_suppressed_cell_away(local_lake: Lake, url: str) -> None:
    rows = [
        *patients(40, state="mild", label_date=date(2025, 1, 1), label_source="coded"),
        *patients(3, first=40, state="chronic", label_date=date(2025, 1, 1), label_source="coded"),
    ]
    local_lake.land(encounters([row | {"site": "a", "period": "2024Q1"} for row in rows]))
    load_warehouse(local_lake, url)
    assert ask(url, "SELECT state, encounters FROM encounters_by_state_site_quarter") == [("mild", 40)]
    assert ask(url, "SELECT labelled FROM label_delay") == [(45,)]
    assert ask(url, "SELECT DISTINCT encounters FROM missingness") == [(45,)]


def test_unknown_pregnancy_and_no_findings_count_as_missing(local_lake: Lake, url: str) -> None:
    half = [*patients(5, pregnant="unknown", phenotypes=[]), *patients(5, first=5, pregnant="no")]
    local_lake.land(encounters([row | {"site": "a", "period": "2024Q1"} for row in half]))
    load_warehouse(local_lake, url)
    asked = "SELECT field, missing FROM missingness WHERE field IN ('pregnant', 'findings') ORDER BY field"
    assert ask(url, asked) == [("findings", 5), ("pregnant", 5)]


def test_missingness_covers_every_field_that_can_be_missing(local_lake: Lake, url: str) -> None:
    local_lake.land(encounters([row | {"site": "a", "period": "2024Q1"} for row in patients(5)]))
    load_warehouse(local_lake, url)
    fields = {field for (field,) in ask(url, "SELECT field FROM missingness")}
    grouped = {"encounter_id", "patient_id", "site", "period"}
    beside = {"encounter_date", "diagnosis_system", "label_source"}  # missing together with period, code, label date
    assert fields == set(ENCOUNTER_COLUMNS.names) - grouped - beside


def test_every_view_is_described_in_the_warehouse(local_lake: Lake, url: str) -> None:
    local_lake.land(encounters([encounter(1)]))
    load_warehouse(local_lake, url)
    told = ask(url, "SELECT view_name, description FROM view_info ORDER BY view_name")
    assert [name for name, _ in told] == ["encounters_by_state_site_quarter", "label_delay", "missingness"]
    assert all("fewer than 5 patients" in str(text) for _, text in told)


def test_an_unknown_version_or_empty_lake_touches_nothing(local_lake: Lake, tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path}/warehouse.duckdb"
    with pytest.raises(NoSuchTable):
        load_warehouse(local_lake, url)
    local_lake.land(encounters([encounter(1)]))
    with pytest.raises(NoSuchVersion):
        load_warehouse(local_lake, url, version=9)
    assert not (tmp_path / "warehouse.duckdb").exists()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("duckdb:///:memory:", "names no file"),
        ("duckdb://", "names no file"),
        ("nonsense", "no warehouse at the given URL"),
        ("oracle9://me:hunter2@host/x", "no warehouse at the given URL"),
        ("postgresql+psycopg://me:hunter2@127.0.0.1:9/x", r"me:\*\*\*@"),
    ],
)
def test_a_wrong_url_says_what_to_write_and_no_password(local_lake: Lake, wrong: str, says: str) -> None:
    local_lake.land(encounters([encounter(1)]))
    with pytest.raises(WarehouseError, match=says) as refused:
        load_warehouse(local_lake, wrong)
    assert "hunter2" not in str(refused.value)


def test_a_broken_warehouse_file_is_named_and_left_alone(local_lake: Lake, tmp_path: Path) -> None:
    broken = tmp_path / "warehouse.duckdb"
    broken.write_bytes(b"this is no database" * 1000)
    local_lake.land(encounters([encounter(1)]))
    with pytest.raises(WarehouseError, match="cannot open duckdb:///"):
        load_warehouse(local_lake, f"duckdb:///{broken}")
    assert broken.read_bytes() == b"this is no database" * 1000


def test_a_warehouse_file_in_another_programs_hands_is_named(local_lake: Lake, tmp_path: Path) -> None:
    local_lake.land(encounters([encounter(1)]))
    file = tmp_path / "warehouse.duckdb"
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(WarehouseError, match="is it open in another program"):
            load_warehouse(local_lake, f"duckdb:///{file}")
        other.kill()


def test_a_server_without_copy_is_filled_row_by_row(tmp_path: Path) -> None:
    schema = pa.schema([pa.field("a", pa.string()), pa.field("n", pa.float64()), pa.field("day", pa.date32())])
    rows = [{"a": "x,'\"", "n": 1.5, "day": date(2024, 2, 29)}, {"a": None, "n": None, "day": None}]
    with open_warehouse(f"sqlite:///{tmp_path}/w.db") as warehouse:
        warehouse.create("t", schema)
        warehouse.insert("t", pa.RecordBatch.from_pylist(rows, schema))
        warehouse.insert("t", pa.RecordBatch.from_pylist([], schema))
        assert warehouse.columns("t") == ["a", "n", "day"]
        assert warehouse.query("SELECT a, n, day FROM t") == [("x,'\"", 1.5, "2024-02-29"), (None, None, None)]
        warehouse.drop("t")
        assert warehouse.columns("t") is None


def test_the_lake_loads_no_warehouse_driver_before_it_is_needed() -> None:
    code = "import raretriage.lake, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert "raretriage.lake" in loaded
    assert {"duckdb", "sqlalchemy", "psycopg"}.isdisjoint(loaded)


def _as_dicts(warehouse: Warehouse, view: str) -> list[dict[str, object]]:
    names = warehouse.columns(view) or []
    return [dict(zip(names, row, strict=True)) for row in warehouse.query(f"SELECT * FROM {view}")]  # noqa: S608
