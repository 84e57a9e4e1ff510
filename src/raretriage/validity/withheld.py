"""What it costs when a field is not known: the same patients asked again with it withheld.

Real records lack other fields than simulated ones. Where a model has learnt that a gap means something, for instance
that nobody without `days` is ill, it shows here and nowhere else: who lacks a field in the cohort is who may.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from raretriage.domain import VITALS, Presentation, State
from raretriage.serving import Scorer
from raretriage.validity.answered import UNSURE, ask
from raretriage.validity.cases import ALL_OBSERVED, Case, Group, observed_of, with_fields

NOTHING = "nothing"
WITHHELD: Mapping[str, frozenset[str]] = {
    NOTHING: frozenset(),
    "fever and temperature": frozenset({"fever", "temperature_c"}),
    "pain": frozenset({"pain"}),
    "days": frozenset({"days"}),
    "comorbidity": frozenset({"comorbidity"}),
    "visit type": frozenset({"visit_type"}),
    "age": frozenset({"age_years"}),
    "all vital signs": frozenset(VITALS),
    "all but age, sex, findings": frozenset(Presentation.model_fields) - {"age_years", "sex", "phenotypes"},
    "all but age, sex, days, findings": frozenset(Presentation.model_fields)
    - {"age_years", "sex", "days", "phenotypes"},
}


@dataclass(frozen=True, slots=True)
class WithheldRow:
    """Shares of 1; None where rare is not assessed or nobody is there."""

    withheld: str
    found: float | None
    """Of rare patients."""
    false_alerts: float | None
    """Of patients who are not rare."""
    ill_said_healthy: float | None
    """Of patients with a state other than healthy: the harmful error."""
    unsure: float
    rare: int
    not_rare: int
    ill: int


def withheld_rows(scorer: Scorer, cases: Sequence[Case], *, is_assessed: bool) -> tuple[WithheldRow, ...]:
    """The same patients with all observed findings and one field after the other withheld.

    Args:
        cases: with their true state; those without an observed finding are left out.
        is_assessed: rare is, in the findings tier.
    """
    own = [case for case in cases if observed_of(case.presentation)]
    if not own:
        return ()
    is_rare = np.array([case.group is Group.RARE for case in own], dtype=np.bool_)
    is_ill = np.array([case.state is not State.HEALTHY for case in own], dtype=np.bool_)
    told = [ALL_OBSERVED.shown(case.presentation) for case in own]
    rows = []
    for name, fields in WITHHELD.items():
        kept = frozenset(Presentation.model_fields) - fields
        answered = ask(scorer, [with_fields(presentation, kept) for presentation in told])
        rows.append(
            WithheldRow(
                withheld=name,
                found=_mean(answered.is_flagged[is_rare]) if is_assessed else None,
                false_alerts=_mean(answered.is_flagged[~is_rare]) if is_assessed else None,
                ill_said_healthy=_mean(answered.state[is_ill] == State.HEALTHY.value),
                unsure=float(np.mean(answered.state == UNSURE)),
                rare=int(is_rare.sum()),
                not_rare=int((~is_rare).sum()),
                ill=int(is_ill.sum()),
            )
        )
    return tuple(rows)


def _mean(values: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> float | None:
    return float(values.mean()) if len(values) else None
