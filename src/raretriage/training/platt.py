"""The rare head's log-odds put on a line, so that of those told 10 % about one in ten is rare.

Trees with a few patients a leaf know the rare patients that they were fitted on, and say too little of new ones. The
line is fitted on answers to fit patients by models that had not seen them; patients who set a threshold, and those who
measure it, take no part. The order of patients, and so every ROC-AUC, stays as it is.

It is a line for patients of whom a finding is told; without findings the head says other things and is left as it is.

Source: Platt 1999, "Probabilistic outputs for support vector machines"; on log-odds, Cox 1958, Biometrika 45:562.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit
from sklearn.pipeline import Pipeline
from xgboost import XGBClassifier

from raretriage.features import NUMERIC
from raretriage.training.weighted import calibration_line

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

TOLD = NUMERIC.index("systems_involved")
"""The column of a `frame`, and of the graph's numeric input, that is missing where no finding is mentioned."""

SMALLEST = 1e-9
"""No probability is taken nearer to 0 or 1, where float32 has no log-odds; far below every threshold of the grid."""


@dataclass(frozen=True, slots=True)
class Line:
    """New log-odds = slope * log-odds + intercept."""

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        if not (self.slope > 0 and np.isfinite((self.slope, self.intercept)).all()):
            raise ValueError(f"the line {self.slope:g} x + {self.intercept:g} would turn the order of patients around")

    def moved(self, probability: FloatArray) -> FloatArray:
        """Probabilities of the same order, shape as given.

        >>> Line(slope=2.0).moved(np.array([0.1, 0.5])).round(4).tolist()
        [0.0122, 0.5]
        """
        return np.asarray(expit(self.of(log_odds(probability))), dtype=np.float64)

    def of(self, margin: FloatArray) -> FloatArray:
        """New log-odds, shape as given."""
        return self.slope * margin + self.intercept


@dataclass(frozen=True, slots=True)
class PlattScaled:
    """A fitted two-class pipeline and the line that its log-odds are put on where a finding is told."""

    pipeline: Pipeline
    line: Line = Line()

    def predict_proba(self, rows: pd.DataFrame) -> FloatArray:
        """Not rare and rare, shape (n, 2), of a `frame`."""
        margin = self._margin(rows)
        is_told = rows.iloc[:, TOLD].notna().to_numpy()
        rare = expit(np.where(is_told, self.line.of(margin), margin))
        return np.column_stack([1 - rare, rare])

    def _margin(self, rows: pd.DataFrame) -> FloatArray:
        estimator = self.pipeline.named_steps["estimator"]
        if isinstance(estimator, XGBClassifier):  # its probabilities are float32, and have no log-odds near 1
            margin = estimator.predict(self.pipeline[:-1].transform(rows), output_margin=True).astype(np.float64)
            return np.asarray(np.clip(margin, log_odds(np.array(0.0)), log_odds(np.array(1.0))))
        return log_odds(np.asarray(self.pipeline.predict_proba(rows), dtype=np.float64)[:, 1])


def log_odds(probability: FloatArray) -> FloatArray:
    """Of probabilities as near to 0 and 1 as `SMALLEST`, shape as given."""
    return np.asarray(logit(np.clip(probability, SMALLEST, 1 - SMALLEST)), dtype=np.float64)


def fitted_line(probability: FloatArray, is_rare: BoolArray) -> Line:
    """The line on which these answers are calibrated.

    Args:
        probability: shape (n,), by models that were not fitted on these rows, all of which tell a finding.
        is_rare: shape (n,).

    Returns:
        The line as it is (slope 1, intercept 0) where none can be fitted: all of one class, told apart without fault,
        or no better ordered than by chance.
    """
    slopes, intercepts = calibration_line(probability, is_rare, np.ones((1, len(probability))))
    return Line(float(slopes[0]), float(intercepts[0])) if slopes[0] > 0 else Line()
