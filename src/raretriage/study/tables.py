"""A line a variant, each figure with its interval, and how far it is from the line it is compared with.

Out-of-fold answers of all variants are to the same encounters in the same order, so one bootstrap by patient serves
all lines and their differences are paired. Prevalence in the folds is the cohort's own; what depends on it is also said
for 1 % and 0.1 % rare.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from raretriage.domain import State
from raretriage.training import weighted
from raretriage.training.evaluation import FloatArray, Scored
from raretriage.training.selection import brier_of_states, macro_roc_auc

SENSITIVITY = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, draws: FloatArray) -> "Estimate":
        """From the figure (first) and its bootstrap draws."""
        if not np.isfinite(draws[0]) or not np.isfinite(draws[1:]).any():
            return cls(float("nan"), float("nan"), float("nan"))
        low, high = np.nanquantile(draws[1:], [0.025, 0.975])
        return cls(float(draws[0]), float(low), float(high))

    def as_json(self) -> list[float | None]:
        """Value, low and high; null where not defined, since JSON has no NaN."""
        return [figure if np.isfinite(figure) else None for figure in (self.value, self.low, self.high)]

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One variant. `figures` by name; `seconds` of processor time for all folds."""

    name: str
    figures: Mapping[str, Estimate]
    seconds: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class StudyTable:
    """Variants side by side on the same n encounters."""

    title: str
    rows: tuple[StudyRow, ...]
    n: int
    chosen: str
    rule: str
    """By which the choice was made."""
    notes: tuple[str, ...] = field(default=())

    @property
    def figures(self) -> tuple[str, ...]:
        """Every figure that any row has, in order."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row.figures))

    def as_json(self) -> dict[str, object]:
        return {
            "title": self.title,
            "n": self.n,
            "split": "k-fold by patient, fit patients",
            "chosen": self.chosen,
            "rule": self.rule,
            "notes": list(self.notes),
            "rows": [
                {
                    "name": row.name,
                    "seconds": round(row.seconds, 1),
                    "note": row.note,
                    **{name: estimate.as_json() for name, estimate in row.figures.items()},
                }
                for row in self.rows
            ],
        }


def rare_figures(scored: Scored, weights: FloatArray, baseline: Scored | None = None) -> dict[str, Estimate]:
    """How well the rare head ranks, and what 95 % sensitivity would cost.

    Args:
        baseline: the variant that the last figure compares with; None leaves it out.
    """
    ranked = weighted.Ranked.of(scored.rare_probability, scored.is_rare, weights)
    slope, _ = weighted.calibration_line(scored.rare_probability, scored.is_rare, weights)
    specificity = ranked.specificity_at(SENSITIVITY)
    made = {
        "ROC-AUC": ranked.roc_auc(),
        "PR-AUC": ranked.average_precision(),
        "PR-AUC at 1 %": ranked.at_prevalence(0.01).average_precision(),
        "PR-AUC at 0.1 %": ranked.at_prevalence(0.001).average_precision(),
        "Brier": weighted.mean((scored.rare_probability - scored.is_rare) ** 2, weights),
        "calibration slope": slope,
        "specificity at 95 % sensitivity": specificity,
        "alerts per 1,000 at 1 %": 1000 * (0.01 * SENSITIVITY + 0.99 * (1 - specificity)),
        "alerts per 1,000 at 0.1 %": 1000 * (0.001 * SENSITIVITY + 0.999 * (1 - specificity)),
    }
    if baseline is not None:
        before = weighted.roc_auc(baseline.rare_probability, baseline.is_rare, weights)
        made["ROC-AUC minus the first"] = made["ROC-AUC"] - before
    return {name: Estimate.of(draws) for name, draws in made.items()}


def state_figures(scored: Scored, weights: FloatArray, baseline: Scored | None = None) -> dict[str, Estimate]:
    """How well the state head classifies."""
    matrix = weighted.confusion(scored.state, scored.predicted, weights, classes=len(State))
    made = {
        "macro-F1": weighted.macro_f1(matrix),
        "ROC-AUC, one against rest": macro_roc_auc(scored.state_probabilities, scored.state, weights),
        "accuracy": weighted.mean(scored.predicted == scored.state, weights),
        "balanced accuracy": np.asarray(weighted.recall(matrix).mean(axis=1)),
        "Brier": weighted.mean(brier_of_states(scored.state_probabilities, scored.state), weights),
    }
    if baseline is not None:
        before = weighted.confusion(baseline.state, baseline.predicted, weights, classes=len(State))
        made["macro-F1 minus the first"] = made["macro-F1"] - weighted.macro_f1(before)
    return {name: Estimate.of(draws) for name, draws in made.items()}


def bootstrap(scored: Scored, *, draws: int, seed: int) -> FloatArray:
    """The weights that all lines of a table share."""
    return weighted.cluster_weights(scored.cluster, draws=draws, rng=np.random.default_rng(seed))
