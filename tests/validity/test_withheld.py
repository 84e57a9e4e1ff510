"""On the tiny graph the state comes from fever alone: without it everybody is healthy or not sure."""

from dataclasses import replace

import pytest

from raretriage.domain import State
from raretriage.validity.answered import scorer_of
from raretriage.validity.cases import Case, Group
from raretriage.validity.withheld import NOTHING, withheld_rows
from tests.serving.tiny_model import COUGH, SEIZURE
from tests.validity.tiny_run import patient, tiny_run

ILL = Case("a", Group.RARE, patient(SEIZURE, COUGH, fever=9, pain=5), State.ACUTE)
CASES = (
    ILL,
    Case("b", Group.NOT_RARE, patient(COUGH, fever=9, pain=5), State.ACUTE),
    Case("c", Group.NOT_RARE, patient(COUGH, fever=0, pain=5), State.HEALTHY),
    Case("d", Group.NOT_RARE, patient(fever=9), State.ACUTE),
)


@pytest.fixture
def rows(tmp_path):
    return {row.withheld: row for row in withheld_rows(scorer_of(tiny_run(tmp_path)), CASES, is_assessed=True)}


def test_a_field_that_decides_shows_when_it_is_withheld_and_another_does_not(rows):
    # One of the two ill is flagged as rare, and healthy with a rare flag is NO SEGURO.
    assert (rows[NOTHING].ill_said_healthy, rows["pain"].ill_said_healthy) == (0, 0)
    assert rows["fever and temperature"].ill_said_healthy == 0.5
    assert rows["all but age, sex, findings"].ill_said_healthy == 0.5
    assert rows["fever and temperature"].unsure == pytest.approx(1 / 3)


def test_findings_stay_known_whatever_is_withheld(rows):
    assert {(row.found, row.false_alerts) for row in rows.values()} == {(1, 0)}
    assert {(row.rare, row.not_rare, row.ill) for row in rows.values()} == {(1, 2, 2)}, "without a finding: left out"


def test_not_assessed_is_no_figure_and_nobody_gives_no_row(tmp_path):
    scorer = scorer_of(tiny_run(tmp_path))
    assert {row.found for row in withheld_rows(scorer, CASES, is_assessed=False)} == {None}
    assert withheld_rows(scorer, [replace(ILL, presentation=patient(fever=1))], is_assessed=True) == ()
    assert withheld_rows(scorer, [ILL], is_assessed=True)[0].false_alerts is None
