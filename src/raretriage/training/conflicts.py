"""Where do the labels pull against what is seen? Counted, so that the model card can say so. Nothing is changed.

A label is about the visit (its state, and whether its cause is rare), adjudicated by whoever wrote it. Some visits are
labelled as the written rule says and still look like something else; a model is punished for both answers there.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from raretriage.domain import State
from raretriage.training.dataset import LabelledRows, whole_patients

BoolArray = npt.NDArray[np.bool_]

SHORT_DAYS = 7.0
LONG_DAYS = 90.0

_STATE = {state: number for number, state in enumerate(State)}


def _of_state(rows: LabelledRows, state: State) -> BoolArray:
    return np.asarray(rows.state == _STATE[state])


def _rare_elsewhere(rows: LabelledRows) -> BoolArray:
    return ~rows.is_rare & whole_patients(rows.patient_id, rows.is_rare)


def _healthy_with_findings(rows: LabelledRows) -> BoolArray:
    findings = rows.columns.findings
    has_finding = np.zeros(len(rows.state), dtype=np.bool_)
    has_finding[findings.row[findings.observed]] = True
    return has_finding & _of_state(rows, State.HEALTHY)


_CONFLICTS: Mapping[str, Callable[[LabelledRows], BoolArray]] = MappingProxyType(
    {
        "not rare, though another visit of the patient is rare": _rare_elsewhere,
        "rare, though labelled healthy": lambda rows: rows.is_rare & _of_state(rows, State.HEALTHY),
        "healthy, though a finding was observed": _healthy_with_findings,
        f"chronic, though it has lasted {SHORT_DAYS:g} days or less": lambda rows: (
            _of_state(rows, State.CHRONIC) & (rows.columns.numbers["days"] <= SHORT_DAYS)
        ),
        f"acute, though it has lasted more than {LONG_DAYS:g} days": lambda rows: (
            _of_state(rows, State.ACUTE) & (rows.columns.numbers["days"] > LONG_DAYS)
        ),
    }
)


def label_conflicts(rows: LabelledRows) -> dict[str, int]:
    """How many of the labelled encounters are in each kind of conflict; one encounter may be in several."""
    return {what: int(finds(rows).sum()) for what, finds in _CONFLICTS.items()}
