"""What acting on the rare probability is worth, at whichever threshold probability somebody would act.

Net benefit: true alerts minus false ones weighted by the odds of the threshold probability, a patient. Source: Vickers
& Elkin 2006, Med Decis Making 26:565.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DecisionCurve:
    """Net benefit a patient where `prevalence` of them are rare; all arrays have shape (k,)."""

    prevalence: float
    threshold_probability: FloatArray
    model: FloatArray
    """Who is at least so likely rare, at this prevalence, is evaluated."""
    treat_all: FloatArray
    certified: FloatArray | None
    """Who is at or above the certified threshold is evaluated; None where nothing is certified."""


def decision_curve(
    scores: FloatArray,
    is_rare: BoolArray,
    grid: FloatArray,
    *,
    prevalence: float | None = None,
    certified_threshold: float | None = None,
) -> DecisionCurve:
    """The curve of these patients, or of as many rare ones as `prevalence` says.

    At another prevalence the rare and the others keep their scores and are weighted; the probability that is compared
    with the threshold probability is moved by the odds of the two prevalences (Bayes' rule), as it would be by whoever
    calibrates the model there. The certified threshold is that of the score as it is.

    Args:
        scores: P(rare) in [0, 1], shape (n,).
        is_rare: truth, shape (n,), both kinds present.
        grid: threshold probabilities in [0, 1).
        prevalence: None for the patients' own.
    """
    own = float(is_rare.mean())
    wanted = own if prevalence is None else prevalence
    moved = move_prevalence(scores, _odds(wanted) / _odds(own))
    return DecisionCurve(
        prevalence=wanted,
        threshold_probability=grid,
        model=net_benefit(_share_at(moved[is_rare], grid), _share_at(moved[~is_rare], grid), grid, wanted),
        treat_all=net_benefit(np.ones_like(grid), np.ones_like(grid), grid, wanted),
        certified=None
        if certified_threshold is None
        else net_benefit(
            _share_at(scores[is_rare], np.array([certified_threshold])),
            _share_at(scores[~is_rare], np.array([certified_threshold])),
            grid,
            wanted,
        ),
    )


def net_benefit(
    sensitivity: FloatArray, false_alert_share: FloatArray, threshold_probability: FloatArray, prevalence: float
) -> FloatArray:
    """Net benefit a patient; nobody evaluated is 0.

    >>> float(net_benefit(np.ones(1), np.ones(1), np.array([0.1]), 0.1)[0])
    0.0
    """
    odds = threshold_probability / (1 - threshold_probability)
    return np.asarray(prevalence * sensitivity - (1 - prevalence) * false_alert_share * odds)


def move_prevalence(scores: FloatArray, odds_ratio: float) -> FloatArray:
    """Probabilities after their prior odds were multiplied; 0 and 1 stay what they are."""
    raised = scores * odds_ratio
    return np.asarray(raised / (raised + (1 - scores)))


def _share_at(scores: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Share of the scores at or above each threshold."""
    return np.asarray(1 - np.searchsorted(np.sort(scores), thresholds, side="left") / max(len(scores), 1))


def _odds(share: float) -> float:
    return share / (1 - share)
