"""Which states cannot be excluded: one bound a state, from that state's own calibration patients."""

import math

import numpy as np
import numpy.typing as npt

from raretriage.domain import State
from raretriage.training.errors import NotEnoughData

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def state_bounds(probabilities: FloatArray, state: IntArray, *, coverage: float) -> dict[State, float]:
    """Per state, the probability that it must reach to stay possible.

    Of new patients in a state, at least `coverage` keep it, on average over calibration draws: Mondrian split
    conformal prediction. Valid under a shift of how frequent the states are, as long as each state's own patients do
    not change. With fewer than 1 / (1 - coverage) - 1 patients in a state its bound is 0: it always stays possible.

    Args:
        probabilities: shape (n, 4), columns in the order of `State`, of calibration patients the model never saw.
        state: true state as position in `State`, shape (n,). One row a patient and state.
        coverage: in (0, 1).

    Raises:
        NotEnoughData: a state has no calibration patient at all.

    Source: Vovk 2012, "Conditional validity of inductive conformal predictors", arXiv:1209.2673.
    """
    bounds: dict[State, float] = {}
    for position, name in enumerate(State):
        own = np.sort(probabilities[state == position, position])
        if not len(own):
            raise NotEnoughData(f"no calibration patient has the state {name.value}; more patients are needed")
        bounds[name] = lowest_kept(own, coverage)
    return bounds


def lowest_kept(ascending: FloatArray, coverage: float) -> float:
    """The finite-sample quantile: the floor((n + 1) (1 - coverage))-th smallest value, or 0 where there is none.

    >>> lowest_kept(np.linspace(0.1, 1.0, 10), coverage=0.9)
    0.1
    >>> lowest_kept(np.linspace(0.1, 0.8, 8), coverage=0.9)
    0.0
    """
    # The tolerance undoes 1 - 0.9 = 0.0999...98, which would lose a whole rank.
    rank = math.floor((len(ascending) + 1) * (1 - coverage) + 1e-9)
    return float(ascending[rank - 1]) if rank else 0.0
