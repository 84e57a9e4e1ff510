"""Each safeguard is a parameter that can be switched off, and what it costs is the AUC that comes back."""

import pytest

from raretriage.cohort import Catalogue
from raretriage.cohort.nuisance import load_nuisance
from raretriage.knowledge import Knowledge
from raretriage.validity.ablation import ALL_OFF, CROSSED, HONEST, NAIVE, SHARED, SWITCHES, AblationRow, ablate, without
from raretriage.validity.naive_mix import naive_mix

pytestmark = pytest.mark.slow

ILL = 1_500


@pytest.fixture(scope="module")
def rows(catalogue: Catalogue, knowledge: Knowledge) -> dict[str, AblationRow]:
    naive = naive_mix(catalogue, knowledge, seed=2, ill=ILL).ill
    finished: list[str] = []
    found = ablate(catalogue, knowledge, seed=2, ill=ILL, naive=naive, progress=finished.append)
    assert [row.safeguard for row in found] == finished
    return {row.safeguard: row for row in found}


def test_there_is_a_row_for_every_switch(rows: dict[str, AblationRow]) -> None:
    assert set(rows) == {HONEST, NAIVE, ALL_OFF, SHARED, CROSSED, *SWITCHES}


def test_the_cost_is_the_difference_to_the_honest_cohort(rows: dict[str, AblationRow]) -> None:
    assert rows[HONEST].cost == 0
    assert rows[NAIVE].cost == pytest.approx(rows[NAIVE].auc - rows[HONEST].auc)
    assert all(row.low <= row.auc <= row.high and row.n >= ILL for row in rows.values())


def test_sources_that_measure_differently_make_the_task_trivial(rows: dict[str, AblationRow]) -> None:
    for name in (NAIVE, ALL_OFF, "vital signs and pain measured in rare"):
        assert rows[name].low > 0.97
    assert rows[HONEST].high < 0.95


def test_what_is_asked_of_all_costs_something(rows: dict[str, AblationRow]) -> None:
    assert rows["absent findings written down for rare"].cost > 0.02


def test_a_switch_changes_its_parameters_alone() -> None:
    nuisance = load_nuisance()
    changed = without(nuisance, {"findings": {"background": 0.0}})
    assert changed.findings.background == 0.0
    assert changed == nuisance.model_copy(update={"findings": nuisance.findings.model_copy(update={"background": 0.0})})


def test_a_switch_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="background"):
        without(load_nuisance(), {"findings": {"background": 1.5}})
