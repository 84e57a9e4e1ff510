"""Every variant on the made-up table: its answers, and what the remedies may and may not touch."""

import warnings
from collections import Counter

import numpy as np
import pytest
from sklearn.base import clone

from raretriage.domain import InputTier
from raretriage.features import CATEGORICAL, ORDERED
from raretriage.study.imbalance import KIND, SMOTE_SHARE, remedies
from raretriage.study.kinds import kinds, structures

pytestmark = pytest.mark.usefixtures("few_trees")

CASES = [
    *((variant, head) for variant in kinds() for head in ("state", "rare")),
    *((variant, "state") for variant in structures(KIND)[1:]),
    *((variant, "rare") for variant in remedies()),
]
REMEDIES = {variant.name: variant for variant in remedies()}


@pytest.mark.parametrize(("variant", "head"), CASES, ids=lambda case: getattr(case, "name", case))
def test_every_variant_answers_with_probabilities_and_warns_of_nothing(bench, variant, head):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        warnings.simplefilter("error", RuntimeWarning)
        answered = bench.answer(variant, head)
    tested = sum(int(bench.inputs.reaches[InputTier.FINDINGS][fold.test].sum()) for fold in bench.folds)
    given = answered.scored.state_probabilities
    assert given.shape == (tested, 4)
    assert given.sum(axis=1) == pytest.approx(np.ones(tested), abs=1e-5)
    rare = answered.scored.rare_probability
    assert rare.shape == (tested,)
    for probability in (given, rare):
        assert np.all((probability >= 0) & (probability <= 1))
    own = rare if head == "rare" else given
    assert len(np.unique(own)) > 10
    score = [fold.roc_auc_rare if head == "rare" else fold.roc_auc_state for fold in answered.folds]
    assert np.mean(score) > 0.55, "it learnt something"
    assert answered.seconds > 0


def test_names_are_not_used_twice_and_the_simplest_that_can_be_served_comes_before_the_boosted_ones():
    for variants in (kinds(), structures(KIND), remedies()):
        assert max(Counter(variant.name for variant in variants).values()) == 1
    served = [variant.name for variant in kinds() if not variant.barred]
    assert served == ["logistic regression", "explainable boosting", "xgboost", "lightgbm"]


@pytest.fixture(scope="module")
def resampled(bench):
    """SMOTENC's pipeline fitted on the first fold, its columns before it and what the sampler made of them."""
    pipeline = bench.fit(REMEDIES["SMOTENC"], "rare", bench.folds[0].train)
    mixed, shown = bench.inputs.mixed(bench.folds[0].train, np.random.default_rng(bench.seed), "rare")
    before = pipeline["columns"].transform(mixed)
    target = bench.rows.is_rare[shown].astype(int)
    after, labels = clone(pipeline["sampler"]).fit_resample(before, target)
    return pipeline, before, target, after, labels


def test_smotencs_categories_are_all_columns_after_the_numbers(bench, resampled):
    pipeline, before, *_ = resampled
    numbers = len(bench.contract.numeric)
    assert pipeline["sampler"].categorical_features == list(range(numbers, before.shape[1]))
    names = pipeline["columns"].get_feature_names_out()
    assert all(name.startswith("numeric__") for name in names[:numbers])
    assert not any(name.startswith("numeric__") for name in names[numbers:])
    one_hot = sum(len(CATEGORICAL[name]) for name in bench.contract.categorical if name not in ORDERED)
    assert before.shape[1] == numbers + len(ORDERED) + one_hot + len(bench.contract.vocabulary)


def test_made_up_patients_have_only_categories_that_somebody_has(bench, resampled):
    _, before, _, after, _ = resampled
    made = after[len(before) :]
    assert len(made)
    for column in range(len(bench.contract.numeric), before.shape[1]):
        assert set(np.unique(made[:, column])) <= set(np.unique(before[:, column]))


def test_smotenc_makes_as_many_rare_patients_as_it_says_and_leaves_the_others(resampled):
    _, _, target, _, labels = resampled
    others = int((target == 0).sum())
    assert (labels == 0).sum() == others
    assert (labels == 1).sum() == max(int(SMOTE_SHARE * others), int(target.sum()))


def test_where_the_rare_are_many_already_none_is_made_up(bench):
    sampler = clone(REMEDIES["SMOTENC"].build(bench.contract, "rare", 1)["sampler"])
    target = np.arange(60) % 2
    columns = np.zeros((60, len(bench.contract.numeric) + sampler.categorical_features[-1] + 1))
    _, labels = sampler.fit_resample(columns[:, : sampler.categorical_features[-1] + 1], target)
    assert len(labels) == 60


@pytest.mark.parametrize("name", ["SMOTENC", "random oversampling", "balanced bagging", "balanced random forest"])
def test_no_remedy_reaches_a_test_fold(bench, name):
    """The tested encounters are the cohort's own, each once, at the cohort's share of rare ones."""
    plain, treated = (bench.answer(variant, "rare").scored for variant in (REMEDIES["none"], REMEDIES[name]))
    assert np.array_equal(plain.is_rare, treated.is_rare)
    assert np.array_equal(plain.cluster, treated.cluster)
    assert not np.array_equal(plain.rare_probability, treated.rare_probability)


def test_class_weights_weigh_the_rare_as_much_as_the_others(bench):
    model = REMEDIES["class weights"].build(bench.contract, "rare", 1)
    assert model["estimator"].class_weight == "balanced"
    plain, treated = (bench.answer(REMEDIES[n], "rare").scored for n in ("none", "class weights"))
    assert treated.rare_probability.mean() > plain.rare_probability.mean() + 0.05
