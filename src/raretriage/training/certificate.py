"""How many rare patients a threshold may miss, promised: the recall certificate."""

import math

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

from raretriage.domain import Basis, Certificate, InputTier, Price
from raretriage.training.errors import CannotCertify

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

# Fixed before the reported cohort was drawn; tried in order, so it needs no correction however fine it is. Dense where
# few are flagged falsely for each point of sensitivity lost.
THRESHOLD_GRID: FloatArray = np.unique(
    np.round(np.concatenate([[0.0], np.geomspace(1e-4, 0.05, 240), np.linspace(0.05, 0.95, 181)]), 6)
)
PREVALENCES: tuple[float, ...] = (0.1, 0.01, 0.001)
MINIMUM_SPECIFICITY = 0.5
"""Below it more than half of all others would be flagged: the promise costs too much to be of use."""


def certify_threshold(
    scores: FloatArray,
    is_rare: BoolArray,
    grid: FloatArray = THRESHOLD_GRID,
    *,
    target: float = 0.95,
    confidence: float = 0.95,
    tier: InputTier = InputTier.FINDINGS,
    basis: Basis = Basis.SIMULATED,
) -> Certificate:
    """Find the highest alert threshold whose rare sensitivity is certified.

    A patient is alerted when ``score >= threshold``. Thresholds are tried from the lowest up, until the
    one-sided Clopper-Pearson lower bound falls below `target`. The order is fixed in advance, so trying
    many needs no correction. Encounters of one patient are not independent: give one row a patient.

    Args:
        scores: P(rare) in [0, 1], shape (n,), of calibration patients the model never saw.
        is_rare: true label, shape (n,). Only these rows count towards the bound.
        grid: candidate thresholds, strictly ascending, shape (k,), chosen before looking at `scores`.
        target: sensitivity to promise, in (0, 1).
        confidence: probability over calibration draws that the promise holds, in (0, 1).
        tier, basis: what was known of the patients, and who they are; written on the certificate.

    Returns:
        Threshold, bound, positives, misses, specificity, and the price at each of `PREVALENCES`.

    Raises:
        CannotCertify: no threshold passes, or the one that passes flags more than half of the others. With no miss,
            59 positives are needed at the defaults.
        ValueError: lengths differ, `grid` is not ascending, or a score is NaN or outside [0, 1].

    Source: Clopper & Pearson 1934, Biometrika 26:404; fixed sequence: "Learn then Test", arXiv:2110.01052.
    """
    _check(scores, is_rare, grid, target=target, confidence=confidence)
    rare_scores, other_scores = np.sort(scores[is_rare]), np.sort(scores[~is_rare])
    positives, negatives = len(rare_scores), len(other_scores)
    require_positives(positives, target=target, confidence=confidence)
    if not negatives:
        raise CannotCertify(
            "no_negatives",
            "no patient without a rare disease: the price of a threshold is unknown",
            positives=positives,
        )
    misses = np.searchsorted(rare_scores, grid, side="left")
    bounds = sensitivity_lower_bounds(positives, misses, confidence)
    passing = int(np.argmin(bounds >= target)) if np.any(bounds < target) else len(grid)
    if passing == 0:
        raise CannotCertify(
            "target_not_met",
            f"at the lowest threshold {grid[0]:g} the lower bound of sensitivity is {bounds[0]:.4f}, under {target:g}",
            positives=positives,
        )
    chosen = passing - 1
    specificity = float(np.searchsorted(other_scores, grid[chosen], side="left")) / negatives
    if specificity < MINIMUM_SPECIFICITY:
        raise CannotCertify(
            "too_costly",
            f"to keep {target:g} sensitivity, {1 - specificity:.0%} of the not rare would be flagged",
            positives=positives,
        )
    sensitivity = (positives - int(misses[chosen])) / positives
    return Certificate(
        tier=tier,
        basis=basis,
        target=target,
        confidence=confidence,
        threshold=float(grid[chosen]),
        positives=positives,
        misses=int(misses[chosen]),
        sensitivity_lower_bound=float(bounds[chosen]),
        negatives=negatives,
        specificity=specificity,
        prices=tuple(price_at(prevalence, sensitivity, specificity) for prevalence in PREVALENCES),
    )


def sensitivity_lower_bound(positives: int, misses: int, confidence: float) -> float:
    """One-sided Clopper-Pearson lower bound of sensitivity when `misses` of `positives` are missed.

    >>> round(sensitivity_lower_bound(59, 0, 0.95), 4)
    0.9505
    """
    return float(sensitivity_lower_bounds(positives, np.array([misses]), confidence)[0])


def sensitivity_lower_bounds(positives: int, misses: IntArray, confidence: float) -> FloatArray:
    """`sensitivity_lower_bound` for several numbers of misses, shape (k,)."""
    hits = positives - misses
    # With no hit the beta distribution is not defined; the bound is 0.
    return np.where(hits > 0, beta.ppf(1 - confidence, np.maximum(hits, 1), misses + 1), 0.0)


def sensitivity_upper_bound(positives: int, misses: int, confidence: float) -> float:
    """One-sided Clopper-Pearson upper bound of sensitivity when `misses` of `positives` are missed.

    >>> round(sensitivity_upper_bound(100, 20, 0.95), 4)
    0.8633
    """
    return 1.0 if misses == 0 else float(beta.ppf(confidence, positives - misses + 1, misses))


def positives_needed(target: float, confidence: float) -> int:
    """The fewest rare patients with which `target` can be promised, if none of them is missed.

    >>> positives_needed(0.95, 0.95)
    59
    """
    return math.ceil(math.log(1 - confidence) / math.log(target))


def require_positives(positives: int, *, target: float, confidence: float) -> None:
    """Refuse where not even a threshold that misses nobody could be certified.

    >>> require_positives(20, target=0.95, confidence=0.95)
    Traceback (most recent call last):
    raretriage.training.errors.CannotCertify: too_few_positives: 20 rare patients; at least 59 are needed
    """
    if positives < (needed := positives_needed(target, confidence)):
        raise CannotCertify(
            "too_few_positives", f"{positives} rare patients; at least {needed} are needed", positives=positives
        )


def price_at(prevalence: float, sensitivity: float, specificity: float) -> Price:
    """What a threshold costs where `prevalence` of the patients have a rare disease.

    Net benefit weighs a false alert with the odds of the threshold probability (Vickers & Elkin 2006, Med Decis
    Making 26:565), here the prevalence itself: whoever is likelier rare than anybody is worth a look.
    """
    true_alerts = prevalence * sensitivity
    false_alerts = (1 - prevalence) * (1 - specificity)
    return Price(
        prevalence=prevalence,
        alerts_per_1000=1000 * (true_alerts + false_alerts),
        number_needed_to_evaluate=(true_alerts + false_alerts) / true_alerts,
        net_benefit=true_alerts - false_alerts * prevalence / (1 - prevalence),
    )


def _check(scores: FloatArray, is_rare: BoolArray, grid: FloatArray, *, target: float, confidence: float) -> None:
    if scores.ndim != 1 or scores.shape != is_rare.shape:
        raise ValueError(f"scores has shape {scores.shape} and is_rare {is_rare.shape}; both must be (n,)")
    if not np.all((scores >= 0) & (scores <= 1)):
        raise ValueError("scores must be probabilities in [0, 1], without NaN")
    if not len(grid) or not np.all(np.diff(grid) > 0):
        raise ValueError("grid must hold at least one threshold and be strictly ascending")
    if not (0 < target < 1 and 0 < confidence < 1):
        raise ValueError(f"target {target:g} and confidence {confidence:g} must lie between 0 and 1")
