"""The rule model on the same encounters: what every model must beat."""

import numpy as np
import numpy.typing as npt

from model.rules import predict_status
from raretriage.domain import STATUS_LABELS, State
from raretriage.features import Columns

_WIRE_NAMES = {"fever": "fever", "pain": "pain", "days": "days", "comorbidity": "comorbidity", "age": "age_years"}
_POSITION = {STATUS_LABELS[state]: position for position, state in enumerate(State)}


def ruled_states(columns: Columns) -> npt.NDArray[np.int64]:
    """The state by `model.rules`, as position in `State`, shape (n,). For NaN the rules have their defaults."""
    numbers = {wire: columns.numbers[name] for wire, name in _WIRE_NAMES.items()}
    return np.array(
        [
            _POSITION[predict_status({name: float(values[row]) for name, values in numbers.items()})]
            for row in range(columns.count)
        ],
        dtype=np.int64,
    )
