"""Remedies for few rare patients, all with the same estimator; and thresholds by cost instead of any remedy.

The folds keep the cohort's prevalence, whatever a remedy makes of the training rows. SMOTENC refuses missing values:
numbers are filled with medians first (that they were missing stays a column), and everything but the numbers counts as
a category.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import numpy as np
from imblearn.ensemble import BalancedBaggingClassifier, BalancedRandomForestClassifier
from imblearn.over_sampling import SMOTENC, RandomOverSampler
from imblearn.pipeline import Pipeline as SamplingPipeline
from sklearn.base import BaseEstimator
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline

from raretriage.features import CATEGORICAL, ORDERED, FeatureContract
from raretriage.study.bench import Classifier, Variant, illness_and_rarity
from raretriage.study.tables import Estimate
from raretriage.study.two_stage import GatedClassifier
from raretriage.training import weighted
from raretriage.training.candidates import EstimatorKind, Head, candidate, columns, estimator, parameters_of
from raretriage.training.evaluation import FloatArray, IntArray, Scored

KIND = EstimatorKind.LIGHTGBM
COSTS: tuple[float, ...] = (5, 20, 100)
"""How many false alerts a missed rare patient is worth. Estimates: nobody has asked a hospital."""

SMOTE_SHARE = 0.35
"""Rare patients for each other one, made up ones included. To even numbers it takes minutes a fold."""

_NO_REASONS: Mapping[Head, str] = MappingProxyType({"rare": "no exact contributions to the log-odds"})

Sampler = Callable[[FeatureContract, int], BaseEstimator]


def remedies() -> tuple[Variant, ...]:
    """Doing nothing first."""
    return (
        Variant("none", lambda contract, head, seed: candidate(KIND, contract, head=head, seed=seed)),
        Variant("class weights", _class_weights),
        Variant("random oversampling", _resampled(lambda _c, seed: RandomOverSampler(random_state=seed))),
        Variant(
            "SMOTENC", _resampled(_smotenc), note=f"after median imputation; to {SMOTE_SHARE:g} rare for each other one"
        ),
        Variant("balanced random forest", _balanced_forest, note="after median imputation", barred=_NO_REASONS),
        Variant(
            "balanced bagging", _balanced_bagging, note="five bags of LightGBM, others undersampled", barred=_NO_REASONS
        ),
        Variant(
            "two stages",
            _two_stages,
            target=illness_and_rarity,
            note="ill or not, then rare among the ill",
            barred=_NO_REASONS,
        ),
    )


def cost_thresholds(scored: Scored, weights: FloatArray) -> Iterator[tuple[str, dict[str, Estimate]]]:
    """What alerting at the probability 1 / (1 + cost) would do: the threshold that costs least on average.

    Source: Elkan 2001, "The foundations of cost-sensitive learning", IJCAI 17:973.
    """
    for cost in COSTS:
        threshold = 1 / (1 + cost)
        flagged = scored.rare_probability >= threshold
        sensitivity = weighted.mean(flagged[scored.is_rare], weights[:, scored.is_rare])
        specificity = weighted.mean(~flagged[~scored.is_rare], weights[:, ~scored.is_rare])
        figures = {
            "threshold": np.full(len(weights), threshold),
            "sensitivity": sensitivity,
            "specificity": specificity,
            "alerts per 1,000 at 1 %": 1000 * (0.01 * sensitivity + 0.99 * (1 - specificity)),
            "alerts per 1,000 at 0.1 %": 1000 * (0.001 * sensitivity + 0.999 * (1 - specificity)),
        }
        yield f"a missed one is worth {cost:g} false alerts", {n: Estimate.of(d) for n, d in figures.items()}


def _class_weights(contract: FeatureContract, head: Head, seed: int) -> Classifier:
    return candidate(KIND, contract, head=head, seed=seed).set_params(estimator__class_weight="balanced")


def _resampled(sampler: Sampler) -> Callable[[FeatureContract, Head, int], Classifier]:
    def build(contract: FeatureContract, head: Head, seed: int) -> Classifier:
        return SamplingPipeline(
            [
                ("columns", columns(contract, _median())),
                ("sampler", sampler(contract, seed)),
                ("estimator", estimator(KIND, parameters_of(KIND, head), seed)),
            ]
        )

    return build


def _smotenc(contract: FeatureContract, seed: int) -> BaseEstimator:
    one_hot = sum(len(CATEGORICAL[name]) for name in contract.categorical if name not in ORDERED)
    # The bands, the one-hot columns and the findings stand after the numbers.
    first = len(contract.numeric)
    end = first + len(ORDERED) + one_hot + len(contract.vocabulary)
    return SMOTENC(categorical_features=list(range(first, end)), sampling_strategy=_wanted, random_state=seed)


def _wanted(is_rare: IntArray) -> dict[int, int]:
    """Rare patients after resampling; as many as there are where they are no fewer than `SMOTE_SHARE` of the others."""
    rare = int(np.sum(is_rare == 1))
    return {1: max(rare, int(SMOTE_SHARE * (len(is_rare) - rare)))}


def _balanced_forest(contract: FeatureContract, head: Head, seed: int) -> Classifier:
    given = parameters_of(EstimatorKind.RANDOM_FOREST, head)
    forest = BalancedRandomForestClassifier(
        **(given | {"n_estimators": 200}), sampling_strategy="all", replacement=True, bootstrap=False,
        random_state=seed, n_jobs=1,
    )  # fmt: skip
    return Pipeline([("columns", columns(contract, _median())), ("estimator", forest)])


def _balanced_bagging(contract: FeatureContract, head: Head, seed: int) -> Classifier:
    bags = BalancedBaggingClassifier(
        estimator(KIND, parameters_of(KIND, head), seed), n_estimators=5, random_state=seed, n_jobs=1
    )
    return Pipeline([("columns", columns(contract, "passthrough")), ("estimator", bags)])


def _two_stages(contract: FeatureContract, head: Head, seed: int) -> Classifier:
    def make() -> Pipeline:
        return candidate(KIND, contract, head=head, seed=seed)

    return GatedClassifier(make(), make())


def _median() -> SimpleImputer:
    return SimpleImputer(strategy="median", keep_empty_features=True)
