"""What is an encounter labelled? The written rule, with its precedence.

A label describes the visit, not the person:

1. The cause of the visit gives the state: nothing ill gives healthy, a disease gives its state in the profile table.
2. Crisis before course: a chronic disease that comes with a severity of `CRISIS_SEVERITY` or more, for
   `CRISIS_DAYS` days or less, is acute. A rare patient in crisis is acute, and still rare.
3. The visit is rare when its cause is rare.

Conflicts that this leaves, and that a model card must name: somebody with a rare disease who comes with a cold is
labelled mild and not rare; a chronic patient who comes early (day 2) but not severely ill is chronic.
"""

import numpy as np

from raretriage.cohort.catalogue import STATES, Bools, Floats, Ints
from raretriage.domain import State

CRISIS_SEVERITY = 0.5
CRISIS_DAYS = 7.0

_HEALTHY = STATES.index(State.HEALTHY)
_ACUTE = STATES.index(State.ACUTE)
_CHRONIC = STATES.index(State.CHRONIC)


def label(
    is_ill: Bools, profile_state: Ints, profile_rare: Bools, severity: Floats, days: Floats
) -> tuple[Ints, Bools]:
    """State and rarity of visits.

    Args:
        is_ill: a disease is the cause; all arguments have shape (n,).
        profile_state: row in `STATES` of the disease's state; read only where ill.
        profile_rare: whether the disease is rare; read only where ill.
        severity: 0 (well) to 1 (dying).
        days: how long the complaint has lasted.

    Returns:
        Row in `STATES`, and whether the visit is rare; shape (n,) each.
    """
    in_crisis = (profile_state == _CHRONIC) & (severity >= CRISIS_SEVERITY) & (days <= CRISIS_DAYS)
    state = np.where(is_ill, np.where(in_crisis, _ACUTE, profile_state), _HEALTHY)
    return state.astype(np.int64), is_ill & profile_rare
