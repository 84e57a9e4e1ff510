"""Numbers of one candidate among all: its place, and how far it stands from the average."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def best_place(scores: FloatArray, of: Sequence[int]) -> float:
    """The place of the best of these candidates, 1 for the highest score; ties share the middle of their places."""
    own = scores[list(of)].max()
    return 1 + float((scores > own).sum()) + float((scores == own).sum() - 1) / 2


def standardised(values: FloatArray) -> tuple[FloatArray, float]:
    """Mean 0 and standard deviation 1, and what it was; values that do not tell the candidates apart count nothing."""
    spread = float(values.std())
    spread = spread if spread > np.finfo(np.float32).eps else np.inf
    return (values - values.mean()) / spread, spread
