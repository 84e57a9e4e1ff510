from dataclasses import replace

import numpy as np
import pytest

from raretriage.domain import Presentation, State
from raretriage.features.columns import columns_of
from raretriage.training.conflicts import label_conflicts
from raretriage.training.dataset import LabelledRows

STATES = list(State)


def visits(*rows: tuple[str, str, bool, float | None, bool]) -> LabelledRows:
    """Visits as (patient, state, is rare, days, has a finding)."""
    presentations = [
        Presentation.model_validate(
            {
                "days": None if days is None else float(days),
                "phenotypes": [{"hpo_id": "HP:0001945", "status": "observed"}] if has_finding else [],
            }
        )
        for _patient, _state, _rare, days, has_finding in rows
    ]
    return LabelledRows(
        columns=columns_of(presentations),
        patient_id=np.array([row[0] for row in rows], dtype=object),
        state=np.array([STATES.index(State(row[1])) for row in rows]),
        is_rare=np.array([row[2] for row in rows]),
        disease=np.array(["" for _ in rows], dtype=object),
        period=np.array(["2024Q1" for _ in rows], dtype=object),
        site=np.array(["" for _ in rows], dtype=object),
        region=np.array(["" for _ in rows], dtype=object),
    )


def counted(rows: LabelledRows, start: str) -> int:
    (found,) = [n for what, n in label_conflicts(rows).items() if what.startswith(start)]
    return found


def test_a_cold_of_a_rare_patient_is_counted():
    rows = visits(("a", "chronic", True, 300, True), ("a", "mild", False, 2, True), ("b", "mild", False, 2, True))
    assert counted(rows, "not rare") == 1


def test_rare_and_healthy_is_counted():
    assert counted(visits(("a", "healthy", True, None, False), ("b", "healthy", False, None, False)), "rare, ") == 1


def test_healthy_with_an_observed_finding_is_counted_and_an_excluded_one_is_not():
    rows = visits(("a", "healthy", False, None, True), ("b", "healthy", False, None, True))
    findings = rows.columns.findings
    half = replace(findings, observed=np.array([True, False]))
    assert counted(replace(rows, columns=replace(rows.columns, findings=half)), "healthy") == 1


@pytest.mark.parametrize(("state", "days", "expected"), [
    ("chronic", 7, 1), ("chronic", 8, 0), ("chronic", None, 0), ("acute", 91, 1), ("acute", 90, 0), ("mild", 400, 0),
])  # fmt: skip
def test_durations_against_the_state_are_counted(state, days, expected):
    rows = visits(("a", state, False, days, True))
    assert sum(n for what, n in label_conflicts(rows).items() if "lasted" in what) == expected
