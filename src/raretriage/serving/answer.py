"""From scores to a decision: which certificate applies, which states stay possible, what lies outside the training."""

from raretriage.bucket import Manifest
from raretriage.domain import (
    NEONATE_UNDER_YEARS,
    STATUS_LABELS,
    Alarm,
    Certificate,
    Decision,
    FindingStatus,
    InputTier,
    Pregnancy,
    Presentation,
    RareFlag,
    alarms,
    decide,
    tier_of,
)
from raretriage.knowledge import Knowledge
from raretriage.serving.scorer import Score

FEWEST_TO_RULE_OUT = 2
"""Observed findings. The threshold is certified on average over records that mostly have more: of the simulated
calibration patients with a rare disease it flags 2 of 10 with none observed (excluded ones alone), 9 of 16 with one,
21 of 23 with two. What is excluded tells little: hardly anybody has most things."""
_STATE_OF = {label: state for state, label in STATUS_LABELS.items()}


def answer(score: Score, presentation: Presentation, manifest: Manifest, *, urgent: tuple[Alarm, ...]) -> Decision:
    """The decision that the design's table gives.

    A certificate holds for patients like those it was calibrated on. For anybody outside the training data none
    applies: a score at or above the threshold still alerts, but one below it does not rule a rare disease out. Nor
    does it where fewer than `FEWEST_TO_RULE_OUT` findings are observed.

    Args:
        urgent: what `urgent_signs` found; it stands whatever the score says.
    """
    outside = outside_training(presentation, manifest)
    given = manifest.certificates.get(score.tier)
    certificate = given if isinstance(given, Certificate) else None
    few_findings = certificate is not None and score.tier is InputTier.FINDINGS and _are_few(presentation)
    rare = RareFlag.NOT_ASSESSED
    if certificate is not None:
        if score.rare >= certificate.threshold:
            rare = RareFlag.YES
        elif not outside and not few_findings:
            rare = RareFlag.NO
    return decide(
        manifest.state_sets.possible(score.tier, score.states),
        rare,
        tier=score.tier,
        certificate=None if outside or few_findings else certificate,
        alarms=urgent,
        outside=outside,
        few_findings=few_findings,
    )


def _are_few(presentation: Presentation) -> bool:
    observed = {one.hpo_id for one in presentation.phenotypes if one.status is FindingStatus.OBSERVED}
    return len(observed) < FEWEST_TO_RULE_OUT


def answer_by_rules(status: str, presentation: Presentation, *, urgent: tuple[Alarm, ...]) -> Decision:
    """The decision when no model could be loaded: the rules' state, no certificate, rare not assessed."""
    return decide(
        [_STATE_OF[status]],
        RareFlag.NOT_ASSESSED,
        tier=tier_of(presentation),
        alarms=urgent,
    )


def urgent_signs(
    presentation: Presentation, knowledge: Knowledge | None, *, complaint: str | None
) -> tuple[Alarm, ...]:
    """The written rules over what is logged and over the complaint as it was typed, which is not.

    De-identification scrubs or drops the complaint; of its text only the codes of the rules leave this function.

    Args:
        knowledge: by which a finding counts as all that it is a kind of; without it, as itself alone.
    """
    as_typed = presentation.model_copy(update={"complaint": complaint})
    return alarms(as_typed) if knowledge is None else alarms(as_typed, knowledge.ancestors)


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
