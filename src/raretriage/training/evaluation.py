"""Every figure with its split, its tier, its n and its interval.

Intervals are 95 % percentile intervals of a bootstrap by cluster: a patient's encounters are drawn together, and in
the left-out-disease split a rare disease's too, since its patients resemble each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from raretriage.bucket import EVERYBODY, Metric, StateSets
from raretriage.domain import Certificate, InputTier, RareFlag, Refusal, State, decide
from raretriage.training import weighted
from raretriage.training.selection import brier_of_states, macro_roc_auc

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
StringArray = npt.NDArray[np.object_]

K_FOLD = "k-fold"
LEFT_OUT_DISEASES = "left-out diseases"
LEFT_OUT_SITE = "left-out site"


@dataclass(frozen=True, slots=True)
class Scored:
    """n encounters that the model was not fitted on, with their truth and its answer."""

    state_probabilities: FloatArray
    """Shape (n, 4), in the order of `State`."""
    rare_probability: FloatArray
    state: IntArray
    is_rare: BoolArray
    cluster: StringArray
    """What is drawn together by the bootstrap, shape (n,)."""

    @property
    def predicted(self) -> IntArray:
        """The likeliest state, before any refusal."""
        return np.asarray(self.state_probabilities.argmax(axis=1))

    def take(self, rows: IntArray) -> "Scored":
        return Scored(
            state_probabilities=self.state_probabilities[rows],
            rare_probability=self.rare_probability[rows],
            state=self.state[rows],
            is_rare=self.is_rare[rows],
            cluster=self.cluster[rows],
        )


LIFELIKE_PREVALENCES: tuple[tuple[str, float], ...] = (("1pct", 0.01), ("0.1pct", 0.001))
"""The cohort has far more rare patients than life: what depends on it is also said for these shares."""


class Figures:
    """Makes `Metric`s of one split and tier, all from the same bootstrap draws: differences of two are paired."""

    def __init__(
        self,
        scored: Scored,
        *,
        split: str,
        tier: InputTier,
        draws: int,
        rng: np.random.Generator,
        group: str = EVERYBODY,
    ) -> None:
        self.scored = scored
        self.weights = weighted.cluster_weights(scored.cluster, draws=draws, rng=rng)
        self._split = split
        self._tier = tier
        self._group = group

    def metric(self, name: str, draws: FloatArray, *, n: int | None = None) -> Iterator[Metric]:
        """One metric from its value (first) and its bootstrap draws; none where it is of nobody or is not defined."""
        rows = len(self.scored.state) if n is None else n
        if rows and np.isfinite(draws[0]) and np.isfinite(draws[1:]).any():
            low, high = np.nanquantile(draws[1:], [0.025, 0.975])
            yield Metric(
                name=name,
                split=self._split,
                tier=self._tier,
                group=self._group,
                value=float(draws[0]),
                low=float(low),
                high=float(high),
                n=rows,
            )

    def discrimination(self) -> Iterator[Metric]:
        """How well both heads rank and classify, without any threshold for rare."""
        scored, weights = self.scored, self.weights
        matrix = weighted.confusion(scored.state, scored.predicted, weights, classes=len(State))
        recalls = weighted.recall(matrix)
        ranked = weighted.Ranked.of(scored.rare_probability, scored.is_rare, weights)
        yield from self.metric("roc_auc_rare", ranked.roc_auc())
        yield from self.metric("pr_auc_rare", ranked.average_precision())
        for name, prevalence in LIFELIKE_PREVALENCES:
            yield from self.metric(f"pr_auc_rare_at_{name}", ranked.at_prevalence(prevalence).average_precision())
        yield from self.metric("brier_rare", weighted.mean((scored.rare_probability - scored.is_rare) ** 2, weights))
        yield from self.metric("prevalence_rare", weighted.mean(scored.is_rare, weights))
        slope, intercept = weighted.calibration_line(scored.rare_probability, scored.is_rare, weights)
        yield from self.metric("calibration_slope_rare", slope)
        yield from self.metric("calibration_intercept_rare", intercept)
        yield from self.metric(
            "specificity_at_95_sensitivity",
            ranked.specificity_at(0.95),
            n=int((~scored.is_rare).sum()),
        )
        yield from self.metric(
            "roc_auc_state_macro_ovr", macro_roc_auc(scored.state_probabilities, scored.state, weights)
        )
        yield from self.metric("f1_state_macro", weighted.macro_f1(matrix))
        yield from self.metric("accuracy_state", weighted.mean(scored.predicted == scored.state, weights))
        yield from self.metric("balanced_accuracy_state", np.asarray(recalls.mean(axis=1)))
        yield from self.metric(
            "brier_state", weighted.mean(brier_of_states(scored.state_probabilities, scored.state), weights)
        )
        for position, state in enumerate(State):
            count = int(np.sum(scored.state == position))
            yield from self.metric(f"recall_state_{state.value}", recalls[:, position], n=count)
            yield from self.metric(f"f1_state_{state.value}", weighted.f1(matrix)[:, position], n=count)

    def core(self) -> Iterator[Metric]:
        """How well both heads do, in a figure each: what is said of every group."""
        scored, weights = self.scored, self.weights
        matrix = weighted.confusion(scored.state, scored.predicted, weights, classes=len(State))
        yield from self.metric("roc_auc_rare", weighted.roc_auc(scored.rare_probability, scored.is_rare, weights))
        yield from self.metric("f1_state_macro", weighted.macro_f1(matrix))

    def promise(self, certificate: Certificate | Refusal) -> Iterator[Metric]:
        """What the certified threshold does on these patients; nothing where none is certified."""
        if isinstance(certificate, Refusal):
            return
        scored, weights = self.scored, self.weights
        is_flagged = scored.rare_probability >= certificate.threshold
        rare, other = int(scored.is_rare.sum()), int((~scored.is_rare).sum())
        sensitivity = weighted.mean(is_flagged[scored.is_rare], weights[:, scored.is_rare])
        specificity = weighted.mean(~is_flagged[~scored.is_rare], weights[:, ~scored.is_rare])
        yield from self.metric("sensitivity_rare", sensitivity, n=rare)
        yield from self.metric("specificity_rare", specificity, n=other)
        alerts, unalerted = is_flagged.astype(np.float64), int((~is_flagged).sum())
        yield from self.metric("alerts_per_1000", 1000 * weighted.mean(alerts, weights))
        precision = weighted.mean(scored.is_rare[is_flagged], weights[:, is_flagged])
        yield from self.metric("ppv_rare", precision, n=int(is_flagged.sum()))
        # Where no alert is right the number is infinite, which a manifest cannot hold.
        needed = np.divide(1, precision, out=np.full(len(precision), np.nan), where=precision > 0)
        yield from self.metric("number_needed_to_evaluate", needed, n=int(is_flagged.sum()))
        if unalerted:
            spared = weighted.mean(~scored.is_rare[~is_flagged], weights[:, ~is_flagged])
            yield from self.metric("npv_rare", spared, n=unalerted)
        for name, prevalence in LIFELIKE_PREVALENCES:
            lifelike = weighted.at_prevalence(weights, scored.is_rare, prevalence)
            yield from self.metric(f"alerts_per_1000_at_{name}", 1000 * weighted.mean(alerts, lifelike))
            hits = weighted.mean(scored.is_rare[is_flagged], lifelike[:, is_flagged])
            yield from self.metric(f"ppv_rare_at_{name}", hits, n=int(is_flagged.sum()))

    def sets(self, possible: BoolArray, is_unsure: BoolArray) -> Iterator[Metric]:
        """Coverage of the prediction sets, and how often the answer is NO SEGURO.

        Args:
            possible: shape (n, 4), which states stay possible.
            is_unsure: shape (n,).
        """
        scored, weights = self.scored, self.weights
        is_covered = possible[np.arange(len(scored.state)), scored.state]
        yield from self.metric("set_coverage", weighted.mean(is_covered, weights))
        for position, state in enumerate(State):
            own = scored.state == position
            yield from self.metric(
                f"set_coverage_{state.value}", weighted.mean(is_covered[own], weights[:, own]), n=int(own.sum())
            )
            yield from self.metric(
                f"unsure_rate_{state.value}", weighted.mean(is_unsure[own], weights[:, own]), n=int(own.sum())
            )
        yield from self.metric("unsure_rate", weighted.mean(is_unsure, weights))
        is_right = (scored.predicted == scored.state)[~is_unsure]
        yield from self.metric(
            "accuracy_state_when_sure", weighted.mean(is_right, weights[:, ~is_unsure]), n=int((~is_unsure).sum())
        )

    def against_rules(self, ruled: IntArray) -> Iterator[Metric]:
        """The rule model's macro-F1, and how far the model is above it on the same draws."""
        classes = len(State)
        rules = weighted.macro_f1(weighted.confusion(self.scored.state, ruled, self.weights, classes=classes))
        model = weighted.macro_f1(
            weighted.confusion(self.scored.state, self.scored.predicted, self.weights, classes=classes)
        )
        yield from self.metric("f1_state_macro_rules", rules)
        yield from self.metric("f1_state_macro_minus_rules", model - rules)


def said(
    scored: Scored, tier: InputTier, certificate: Certificate | Refusal, sets: StateSets
) -> tuple[BoolArray, BoolArray]:
    """What would be said of each encounter, by the service's own code.

    Returns:
        Which states stay possible, shape (n, 4), and where the answer is NO SEGURO, shape (n,).
    """
    bounds = np.array([sets.bounds[tier][state] for state in State])
    possible = scored.state_probabilities >= bounds
    is_flagged = (
        np.zeros(len(possible), dtype=np.bool_)
        if isinstance(certificate, Refusal)
        else scored.rare_probability >= certificate.threshold
    )
    is_unsure = np.zeros(len(possible), dtype=np.bool_)
    answers, of_row = np.unique(np.column_stack([possible, is_flagged]), axis=0, return_inverse=True)
    for place, answer in enumerate(answers):
        states = [state for state, is_possible in zip(State, answer[:-1], strict=True) if is_possible]
        unflagged = RareFlag.NOT_ASSESSED if isinstance(certificate, Refusal) else RareFlag.NO
        decision = decide(states, RareFlag.YES if answer[-1] else unflagged, tier=tier)
        is_unsure[of_row == place] = decision.state is None
    return possible, is_unsure
