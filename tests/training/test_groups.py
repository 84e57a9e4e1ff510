"""Made-up patients of whom a group is missed more often than the others."""

from dataclasses import replace

import numpy as np
import pytest

from raretriage.bucket import TEMPORAL, StateSets
from raretriage.domain import Basis, InputTier, Refusal, State
from raretriage.training.certificate import sensitivity_lower_bound, sensitivity_upper_bound
from raretriage.training.dataset import LabelledRows, labelled_rows
from raretriage.training.evaluation import Scored
from raretriage.training.groups import (
    LEAST_ENCOUNTERS,
    LEAST_OF_A_CLASS,
    SHOWN,
    group_metrics,
    group_promises,
    groups_of,
)
from tests.training.test_evaluation import REFUSAL, certificate

SETS = StateSets(coverage=0.9, bounds={tier: dict.fromkeys(State, 0.5) for tier in InputTier})


@pytest.fixture(scope="module")
def rows(make_encounters) -> LabelledRows:
    return labelled_rows(make_encounters(400, visits=0.0))[0]


def some(rows: LabelledRows, count: int, site: str = "", **changes: object) -> LabelledRows:
    """The first rows, of one age and sex, so that only the sites tell them apart."""
    first = rows.take(np.arange(count))
    columns = replace(
        first.columns,
        numbers={**first.columns.numbers, "age_years": np.full(count, 40.0)},
        categories={**first.columns.categories, "sex": np.full(count, "female", dtype=object)},
    )
    named = {"columns": columns, "site": np.full(count, site, dtype=object), "region": np.full(count, "", dtype=object)}
    return replace(first, **(named | changes))


def answered(is_rare: np.ndarray, is_flagged: np.ndarray, patient: np.ndarray | None = None) -> Scored:
    """Flagged at 0.9, not flagged at 0.1; every state certain and right."""
    count = len(is_rare)
    return Scored(
        state_probabilities=np.eye(4)[np.arange(count) % 4],
        rare_probability=np.where(is_flagged, 0.9, 0.1),
        state=np.arange(count) % 4,
        is_rare=is_rare,
        cluster=np.array([f"p{i}" for i in range(count)], dtype=object) if patient is None else patient,
    )


def test_every_attribute_gives_its_groups_and_unknown_is_one_of_them(rows):
    changed = replace(rows, site=np.where(np.arange(len(rows.state)) < 7, "", "site-1").astype(object))
    groups = dict(groups_of(changed))
    assert {name.partition("=")[0] for name in groups} == {"age_band", "sex", "site", "region"}
    assert groups["site=unknown"].sum() == 7
    assert groups["region=unknown"].all()
    assert groups["age_band=unknown"].sum() == np.isnan(rows.columns.numbers["age_years"]).sum() > 0
    for attribute in ("age_band", "sex", "site", "region"):
        members = [is_member for name, is_member in groups.items() if name.startswith(f"{attribute}=")]
        assert np.array_equal(np.sum(members, axis=0), np.ones(len(rows.state))), "everybody is in exactly one"


def metrics_of(scored: Scored, rows: LabelledRows, promise=None) -> dict:
    made = group_metrics(
        scored,
        rows,
        certificate=promise or certificate(),
        state_sets=SETS,
        split=TEMPORAL,
        draws=20,
        rng=np.random.default_rng(0),
    )
    return {(metric.group, metric.name): metric for metric in made}


@pytest.mark.parametrize(
    ("count", "rare", "measured"),
    [
        (LEAST_ENCOUNTERS, LEAST_OF_A_CLASS, True),
        (LEAST_ENCOUNTERS - 1, LEAST_OF_A_CLASS, False),
        (LEAST_ENCOUNTERS, LEAST_OF_A_CLASS - 1, False),
        (LEAST_ENCOUNTERS, LEAST_ENCOUNTERS - LEAST_OF_A_CLASS, True),
        (LEAST_ENCOUNTERS, LEAST_ENCOUNTERS - LEAST_OF_A_CLASS + 1, False),
    ],
)
def test_a_group_is_measured_from_its_least_size_on_and_with_enough_of_either_class(rows, count, rare, measured):
    is_rare = np.arange(count) < rare
    made = metrics_of(answered(is_rare, is_rare), some(rows, count, "north"))
    assert (("site=north", "roc_auc_rare") in made) is measured


def test_the_figures_of_a_group_are_of_its_own_encounters_and_only_those_that_are_shown(rows):
    count = 120
    is_rare = np.arange(count) % 3 == 0
    is_south = np.arange(count) >= 60
    missed = is_rare & is_south & (np.arange(count) % 2 == 0)
    site = np.where(is_south, "south", "north").astype(object)
    made = metrics_of(answered(is_rare, is_rare & ~missed), some(rows, count, site=site))
    assert made["site=north", "sensitivity_rare"].value == 1
    assert made["site=south", "sensitivity_rare"].value == 0.5
    assert (made["site=south", "sensitivity_rare"].n, made["site=south", "specificity_rare"].n) == (20, 40)
    assert {name for _, name in made} == set(SHOWN)
    assert {(metric.split, metric.tier) for metric in made.values()} == {(TEMPORAL, InputTier.FINDINGS)}


def test_where_nothing_is_certified_a_group_has_no_sensitivity_and_no_promise(rows):
    is_rare = np.arange(60) % 3 == 0
    names = {name for _, name in metrics_of(answered(is_rare, is_rare), some(rows, 60, "north"), REFUSAL)}
    assert names == set(SHOWN) - {"sensitivity_rare", "specificity_rare"}
    refused = Refusal(tier=InputTier.FINDINGS, basis=Basis.LOCAL, reason="too_costly: made up", positives=70)
    assert group_promises(answered(is_rare, is_rare), some(rows, 60, "north"), refused) == ()


def promises_of(rows: LabelledRows, misses: dict[str, tuple[int, int]], attribute: str = "site") -> dict:
    """From each group's (rare patients, missed ones). The other attributes are the same for everybody."""
    named = np.repeat(np.array(list(misses), dtype=object), [positives for positives, _ in misses.values()])
    is_missed = np.concatenate([np.arange(positives) < missed for positives, missed in misses.values()])
    members = replace(some_of(rows, len(named)), **{attribute: named})
    promises = group_promises(answered(np.ones(len(named), dtype=bool), ~is_missed), members, certificate())
    return {promise.group: promise for promise in promises}


def some_of(rows: LabelledRows, count: int) -> LabelledRows:
    repeated = np.resize(np.arange(len(rows.state)), count)
    return some(rows.take(repeated), count)


@pytest.mark.parametrize(
    ("positives", "missed", "verdict"),
    [
        (59, 0, "certified"),  # Clopper-Pearson: 59 without a miss are the fewest for 95 % at 95 %
        (58, 0, "cannot_certify"),
        (93, 1, "certified"),
        (92, 1, "cannot_certify"),
    ],
)
def test_a_group_is_certified_exactly_where_a_certificate_of_its_own_would_be(rows, positives, missed, verdict):
    promise = promises_of(rows, {"north": (positives, missed)})["site=north"]
    assert (promise.positives, promise.misses, promise.verdict) == (positives, missed, verdict)
    assert promise.low == sensitivity_lower_bound(positives, missed, 0.95)


def fewest_misses_that_fall_short(positives: int, groups: int) -> int:
    shared = 1 - 0.05 / groups
    return next(m for m in range(positives) if sensitivity_upper_bound(positives, m, shared) < 0.95)


@pytest.mark.parametrize("sites", [1, 20])
def test_falling_short_is_said_at_the_confidence_shared_by_all_groups(rows, sites):
    """With the whole table's age band, sex and region there are three groups more than sites."""
    groups, positives = sites + 3, 100
    enough = fewest_misses_that_fall_short(positives, groups)
    others = {f"s{i:02}": (100, 0) for i in range(1, sites)}
    verdicts = [
        promises_of(rows, {"s00": (positives, missed)} | others)["site=s00"].verdict for missed in (enough - 1, enough)
    ]
    assert verdicts == ["cannot_certify", "falls_short"]


def test_what_one_group_alone_is_told_twenty_are_not(rows):
    assert fewest_misses_that_fall_short(100, 4) < fewest_misses_that_fall_short(100, 23)
    missed = fewest_misses_that_fall_short(100, 4)
    others = {f"s{i:02}": (100, 0) for i in range(1, 20)}
    assert promises_of(rows, {"s00": (100, missed)})["site=s00"].verdict == "falls_short"
    assert promises_of(rows, {"s00": (100, missed)} | others)["site=s00"].verdict == "cannot_certify"


def test_a_patient_counts_once_with_the_first_rare_visit(rows):
    patient = np.array(["a", "a", "b", "b", "b", "c"], dtype=object)
    is_rare = np.array([True, True, False, True, True, False])
    is_flagged = np.array([True, False, True, False, True, False])
    promises = group_promises(answered(is_rare, is_flagged, patient), some(rows, 6, "north"), certificate())
    by_group = {promise.group: promise for promise in promises}
    assert (by_group["site=north"].positives, by_group["site=north"].misses) == (2, 1)


def test_a_group_without_a_rare_patient_has_no_promise_and_takes_no_share_of_the_error(rows):
    site = np.array(["north"] * 100 + ["south"] * 30, dtype=object)
    is_rare = np.arange(130) < 100
    is_missed = np.arange(130) < fewest_misses_that_fall_short(100, 4)
    members = some(rows, 130, site=site)
    promises = group_promises(answered(is_rare, ~is_missed), members, certificate())
    assert [promise.group for promise in promises if promise.group.startswith("site")] == ["site=north"]
    assert {promise.verdict for promise in promises} == {"falls_short"}


def test_a_patient_exactly_at_the_threshold_is_not_missed(rows):
    scored = replace(answered(np.ones(60, bool), np.ones(60, bool)), rare_probability=np.full(60, 0.5))
    promises = group_promises(scored, some(rows, 60, "north"), certificate(0.5))
    assert {promise.misses for promise in promises} == {0}
