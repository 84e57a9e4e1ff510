"""Lakes of made-up patients: in one nothing but chance tells rare from not rare, in the others something does."""

import numpy as np
import pyarrow as pa
import pytest

from raretriage.validity import lake_checks, telling
from raretriage.validity.cheats import LEAST_VISITS
from raretriage.validity.lake_checks import check_lake
from tests.training.conftest import made_up_encounters

SEED = 1


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """Enough for cheats as plain as these."""
    monkeypatch.setitem(telling.MODEL, "n_estimators", 15)


@pytest.fixture(scope="module")
def lake() -> pa.Table:
    """Visits enough; rare and not rare are ill in the same ways and have the same findings."""
    table = made_up_encounters(3_900, signal=0.0, visits=1.0, rare_share=0.4)
    state, is_rare = table["state"].to_pylist(), np.array(table["rare"].to_pylist())
    ill = sum(name != "healthy" for name in state)
    assert ill > LEAST_VISITS
    assert 0.3 < is_rare.mean() < 0.5
    return table


def changed(table: pa.Table, column: str, value) -> pa.Table:
    """The rare patients' visits with `value` of the column's cell and the visit's number."""
    is_rare = table["rare"].to_pylist()
    cells = [
        value(cell, row) if rare else cell
        for row, (cell, rare) in enumerate(zip(table[column].to_pylist(), is_rare, strict=True))
    ]
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), pa.array(cells, table.schema.field(column).type))


def failed(table: pa.Table) -> set[str]:
    return {check.name for check in check_lake(table, seed=SEED) if not check.passed}


ILL = "cheat test: ill from unknown fields"
OBSERVED, ABSENT, BOTH, MISSING = (
    f"cheat test: rare from {what}"
    for what in (
        "the number of observed findings",
        "the number of absent findings",
        "both numbers of findings",
        "missingness",
    )
)


def test_a_lake_in_which_nothing_leaks_passes_every_check(lake):
    checks = check_lake(lake, seed=SEED)
    assert [check.name for check in checks] == [OBSERVED, ABSENT, BOTH, MISSING, ILL]
    assert [check for check in checks if not check.passed] == []
    assert [check.limit for check in checks] == ["<= 0.6"] * 4 + ["<= 0.65"]


def more(status: str):
    further = ["HP:0001250", "HP:0001251", "HP:0002315", "HP:0001249", "HP:0011675"]

    def told(findings, _row):
        known = {finding["hpo_id"] for finding in findings}
        new = [{"hpo_id": t, "status": status, "onset_days": None} for t in further if t not in known]
        return [*findings, *new[:3]]

    return told


def test_rare_patients_of_whom_more_was_written_down_are_caught(lake):
    assert failed(changed(lake, "phenotypes", more("observed"))) == {OBSERVED, BOTH}


def test_rare_patients_who_were_asked_more_are_caught(lake):
    assert failed(changed(lake, "phenotypes", more("excluded"))) == {ABSENT, BOTH}


def test_rare_patients_of_whom_less_was_measured_are_caught(lake):
    assert failed(changed(lake, "spo2", lambda value, row: None if row % 10 else value)) == {MISSING}


def test_too_few_visits_pass_nothing_and_say_how_many_are_needed():
    checks = check_lake(made_up_encounters(400, signal=0.0), seed=SEED)
    assert not any(check.passed for check in checks)
    assert all(f"{LEAST_VISITS} are needed" in check.found for check in checks)


def test_too_few_diseases_are_a_check_that_fails_not_a_fault():
    table = made_up_encounters(300, signal=0.0)
    (check,) = check_lake(changed(table, "diagnosis_code", lambda _code, row: f"R{row % 4}"), seed=SEED)
    assert (check.passed, "4 diseases" in check.found) == (False, True)


def test_the_same_seed_gives_the_same_figures_and_no_more_visits_are_looked_at_than_are_needed(monkeypatch):
    table = made_up_encounters(300, signal=0.0)
    monkeypatch.setattr(lake_checks, "MOST_VISITS", 150)
    first, again, other = (check_lake(table, seed=seed) for seed in (1, 1, 2))
    assert all("n = 150" in check.found for check in first)
    assert first == again != other


def test_the_healthy_and_those_without_a_diagnosis_are_not_looked_at():
    table = made_up_encounters(300, signal=0.0)
    state = table["state"].to_pylist()
    uncoded = pa.array([None if row % 2 else code for row, code in enumerate(table["diagnosis_code"].to_pylist())])
    half = table.set_column(table.schema.get_field_index("diagnosis_code"), "diagnosis_code", uncoded)
    looked_at = sum(name != "healthy" for row, name in enumerate(state) if row % 2 == 0)
    assert f"n = {looked_at};" in check_lake(half, seed=SEED)[0].found
