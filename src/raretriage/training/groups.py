"""Does it work for everybody alike? Figures and promises of parts of the patients: age, sex, hospital, region."""

from collections.abc import Iterator, Mapping

import numpy as np

from raretriage.bucket import GroupPromise, Metric, StateSets
from raretriage.domain import Certificate, InputTier, Refusal
from raretriage.features import age_bands
from raretriage.training.calibration import one_row_a_patient
from raretriage.training.certificate import sensitivity_lower_bound, sensitivity_upper_bound
from raretriage.training.dataset import BoolArray, LabelledRows, StringArray
from raretriage.training.evaluation import Figures, Scored, said

LEAST_ENCOUNTERS = 50
LEAST_OF_A_CLASS = 10
"""A group with fewer encounters, or fewer rare or other ones, gets no figures: their interval would say nothing."""

SHOWN = ("roc_auc_rare", "sensitivity_rare", "specificity_rare", "f1_state_macro", "unsure_rate")


def groups_of(rows: LabelledRows) -> Iterator[tuple[str, BoolArray]]:
    """Each group's name, such as `age_band=child`, and who is in it, shape (n,). Unknown is a group of its own."""
    attributes: Mapping[str, StringArray] = {
        "age_band": age_bands(rows.columns.numbers["age_years"]),
        "sex": rows.columns.categories["sex"],
        "site": rows.site,
        "region": rows.region,
    }
    for attribute, values in attributes.items():
        for value in np.unique(values):
            yield f"{attribute}={value or 'unknown'}", np.asarray(values == value, dtype=np.bool_)


def group_metrics(
    scored: Scored,
    rows: LabelledRows,
    *,
    certificate: Certificate | Refusal,
    state_sets: StateSets,
    split: str,
    draws: int,
    rng: np.random.Generator,
) -> Iterator[Metric]:
    """The most important figures of each group, findings tier.

    Args:
        scored: the answers to `rows`, all of whom have findings.
    """
    tier = InputTier.FINDINGS
    possible, unsure = said(scored, tier, certificate, state_sets)
    for group, is_member in groups_of(rows):
        own = scored.take(np.flatnonzero(is_member))
        rare = int(own.is_rare.sum())
        if len(own.state) < LEAST_ENCOUNTERS or min(rare, len(own.state) - rare) < LEAST_OF_A_CLASS:
            continue
        figures = Figures(own, split=split, tier=tier, draws=draws, rng=rng, group=group)
        made = (*figures.core(), *figures.promise(certificate), *figures.sets(possible[is_member], unsure[is_member]))
        yield from (metric for metric in made if metric.name in SHOWN)


def group_promises(scored: Scored, rows: LabelledRows, certificate: Certificate | Refusal) -> tuple[GroupPromise, ...]:
    """Whether the certified threshold keeps its word in each group with a rare patient; nothing where none is
    certified.

    A patient counts once, as in the certificate. That a group falls short is said only where it holds with the
    certificate's confidence over all groups together (Bonferroni): of twenty groups one would seem to by chance.
    """
    if isinstance(certificate, Refusal):
        return ()
    one_each = one_row_a_patient(scored, np.ones(len(scored.state), dtype=np.bool_))
    counted = scored.take(one_each)
    members = [(group, is_member[one_each] & counted.is_rare) for group, is_member in groups_of(rows)]
    rare = [(group, own) for group, own in members if own.any()]
    is_missed = counted.rare_probability < certificate.threshold
    shared = 1 - (1 - certificate.confidence) / max(len(rare), 1)
    return tuple(
        _promise(group, int(own.sum()), int((own & is_missed).sum()), certificate, shared) for group, own in rare
    )


def _promise(group: str, positives: int, misses: int, certificate: Certificate, shared: float) -> GroupPromise:
    low = sensitivity_lower_bound(positives, misses, certificate.confidence)
    high = sensitivity_upper_bound(positives, misses, shared)
    if low >= certificate.target:
        return GroupPromise(group=group, positives=positives, misses=misses, low=low, high=high, verdict="certified")
    return GroupPromise(
        group=group,
        positives=positives,
        misses=misses,
        low=low,
        high=high,
        verdict="falls_short" if high < certificate.target else "cannot_certify",
    )
