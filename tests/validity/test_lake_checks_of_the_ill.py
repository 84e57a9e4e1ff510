"""The cheat tests on a lake: what a hospital forgets to write must not say who is ill."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from raretriage.bucket import DataCheck
from raretriage.validity.lake_checks import check_lake
from tests.training.conftest import made_up_encounters

ILL = "cheat test: ill from unknown fields"


@pytest.fixture(scope="module")
def lake() -> pa.Table:
    return made_up_encounters(4_300)


def ill_from_gaps(encounters: pa.Table) -> DataCheck:
    return next(check for check in check_lake(encounters, seed=1) if check.name == ILL)


def test_gaps_that_fall_on_anybody_pass(lake: pa.Table) -> None:
    check = ill_from_gaps(lake)
    assert check.passed, check.found
    assert check.limit == "<= 0.65"


def test_a_duration_that_only_the_ill_have_does_not_pass(lake: pa.Table) -> None:
    place = lake.schema.get_field_index("days")
    days = pc.if_else(pc.equal(lake["state"], "healthy"), None, lake["days"])
    check = ill_from_gaps(lake.set_column(place, lake.schema.field(place), days))
    assert not check.passed
    assert float(check.found.split()[0]) > 0.8


def test_too_few_patients_to_leave_out_are_said(lake: pa.Table) -> None:
    few = lake.filter(pc.less(lake["patient_id"], "p00012"))
    (check,) = check_lake(few, seed=1)
    assert not check.passed
    assert "diseases" in check.found
