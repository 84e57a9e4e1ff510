"""From scores to a decision: which certificate applies, which states stay possible, what lies outside the training."""

from raretriage.bucket import Manifest
from raretriage.domain import (
    NEONATE_UNDER_YEARS,
    STATUS_LABELS,
    Certificate,
    Decision,
    Pregnancy,
    Presentation,
    RareFlag,
    decide,
    red_flags,
    tier_of,
)
from raretriage.serving.scorer import Score

_STATE_OF = {label: state for state, label in STATUS_LABELS.items()}


def answer(score: Score, presentation: Presentation, manifest: Manifest) -> Decision:
    """The decision that the design's table gives.

    A certificate holds for patients like those it was calibrated on. For anybody outside the training data none
    applies: a score at or above the threshold still alerts, but one below it does not rule a rare disease out.
    """
    outside = outside_training(presentation, manifest)
    given = manifest.certificates.get(score.tier)
    certificate = given if isinstance(given, Certificate) else None
    rare = RareFlag.NOT_ASSESSED
    if certificate is not None:
        if score.rare >= certificate.threshold:
            rare = RareFlag.YES
        elif not outside:
            rare = RareFlag.NO
    return decide(
        manifest.state_sets.possible(score.tier, score.states),
        rare,
        tier=score.tier,
        certificate=None if outside else certificate,
        red_flags=red_flags(presentation),
        outside=outside,
    )


def answer_by_rules(status: str, presentation: Presentation) -> Decision:
    """The decision when no model could be loaded: the rules' state, no certificate, rare not assessed."""
    return decide(
        [_STATE_OF[status]],
        RareFlag.NOT_ASSESSED,
        tier=tier_of(presentation),
        red_flags=red_flags(presentation),
    )


def outside_training(presentation: Presentation, manifest: Manifest) -> tuple[str, ...]:
    """The fields whose value no training patient comes near, in the manifest's order; then untrained groups."""
    fields = [
        field
        for field, (low, high) in manifest.training_range.items()
        if (value := getattr(presentation, field, None)) is not None and not low <= value <= high
    ]
    age = presentation.age_years
    if "neonate" in manifest.untrained_groups and age is not None and age < NEONATE_UNDER_YEARS:
        fields.append("age_years")
    if "pregnant" in manifest.untrained_groups and presentation.pregnant is Pregnancy.YES:
        fields.append("pregnant")
    return tuple(dict.fromkeys(fields))
