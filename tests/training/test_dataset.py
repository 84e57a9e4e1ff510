import numpy as np
import pyarrow as pa
import pytest

from raretriage.training import NotEnoughData
from raretriage.training.dataset import labelled_rows


def with_nulls(table: pa.Table, column: str, rows: list[int]) -> pa.Table:
    values = table[column].to_pylist()
    for row in rows:
        values[row] = None
    position = table.schema.get_field_index(column)
    return table.set_column(position, table.schema.field(position), pa.array(values, table.schema.field(position).type))


@pytest.fixture(scope="module")
def table(make_encounters) -> pa.Table:
    return make_encounters(100)


def test_unlabelled_and_undated_rows_are_left_out_and_counted(table):
    table = with_nulls(with_nulls(with_nulls(table, "state", [0, 1]), "rare", [1, 2]), "period", [2, 3, 4])
    rows, counts = labelled_rows(table)
    assert (counts.read, counts.unlabelled, counts.undated) == (table.num_rows, 3, 2)
    assert counts.used == table.num_rows - 5 == len(rows.state) == rows.columns.count


def test_rows_come_by_patient_whatever_the_order_of_the_lake(table):
    shuffled = table.take(pa.array(np.random.default_rng(1).permutation(table.num_rows)))
    one, other = labelled_rows(table)[0], labelled_rows(shuffled)[0]
    assert list(one.patient_id) == sorted(one.patient_id)
    assert np.array_equal(one.patient_id, other.patient_id)
    assert np.array_equal(one.period, other.period)
    assert np.array_equal(one.columns.findings.hpo_id, other.columns.findings.hpo_id)
    assert np.array_equal(one.columns.numbers["fever"], other.columns.numbers["fever"], equal_nan=True)


def test_labels_stay_with_their_encounter(table):
    rows, _ = labelled_rows(table)
    by_id = {(row["patient_id"], row["period"], row["fever"]): row for row in table.to_pylist()}
    states = ["healthy", "mild", "acute", "chronic"]
    for i in range(0, len(rows.state), 7):
        fever = rows.columns.numbers["fever"][i]
        row = by_id[rows.patient_id[i], rows.period[i], None if np.isnan(fever) else fever]
        assert states[rows.state[i]] == row["state"]
        assert rows.is_rare[i] == row["rare"]
        assert rows.disease[i] == f"{row['diagnosis_system']}|{row['diagnosis_code']}"


def test_a_row_without_a_diagnosis_has_no_disease(table):
    rows, _ = labelled_rows(with_nulls(with_nulls(table, "diagnosis_code", [0]), "diagnosis_system", [0, 1]))
    assert rows.disease[0] == ""
    assert rows.disease[1].startswith("|")


def test_taking_rows_keeps_findings_with_their_row(table):
    rows, _ = labelled_rows(table)
    some = rows.take(np.array([5, 2]))
    assert list(some.patient_id) == [rows.patient_id[5], rows.patient_id[2]]
    assert set(some.columns.findings.hpo_id[some.columns.findings.row == 0]) == set(
        rows.columns.findings.hpo_id[rows.columns.findings.row == 5]
    )


def test_a_state_that_nobody_has_is_named(table):
    no_chronic = table.filter(pa.compute.not_equal(table["state"], "chronic"))
    with pytest.raises(NotEnoughData, match="no encounter has the state chronic"):
        labelled_rows(no_chronic)


def test_without_any_rare_encounter_there_is_nothing_to_learn(table):
    with pytest.raises(NotEnoughData, match="rare and not rare are not both there"):
        labelled_rows(table.filter(pa.compute.invert(table["rare"])))


def test_an_empty_table_is_refused_with_the_counts(table):
    with pytest.raises(NotEnoughData, match="of 0 encounters 0 have no state"):
        labelled_rows(table.slice(0, 0))
