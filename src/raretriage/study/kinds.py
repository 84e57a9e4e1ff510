"""Every kind of model: those that can be served, and those that are compared with them."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import Pipeline

from raretriage.features import FeatureContract
from raretriage.study.bench import Classifier, Variant
from raretriage.study.two_stage import TwoStageClassifier
from raretriage.training.candidates import HEADS, EstimatorKind, Head, candidate, columns, numbers_of

LEFT_OUT = (
    "matching networks and MAML learn to compare from many small tasks of the same form; with a few hundred tabular "
    "features and one task they come down to a nearest class mean in a learnt space, which two rows here already are",
)
# A finding that a fold never saw, or saw in everybody: its distance to every mean is the same.
_CONSTANT_COLUMN = "self.within_class_std_dev_ has at least 1 zero standard deviation"
# About the library's plots, which nobody draws here; missing values have a bin of their own.
_MISSING_NOT_DRAWN = "Missing values detected. Our visualizations do not currently display missing values"
_VOTERS = (EstimatorKind.LOGISTIC_REGRESSION, EstimatorKind.RANDOM_FOREST, EstimatorKind.LIGHTGBM)


def kinds() -> tuple[Variant, ...]:
    """The simplest first: of two that are as good, the first is taken."""
    return (
        Variant(
            "nearest class mean",
            _nearest_class_mean,
            note="a prototype a class",
            barred=dict.fromkeys(HEADS, "does not export"),
            known_warnings=(_CONSTANT_COLUMN,),
        ),
        _of(EstimatorKind.LOGISTIC_REGRESSION),
        replace(
            _of(EstimatorKind.EXPLAINABLE_BOOSTING),
            note="glass box: a curve a column, no interactions",
            known_warnings=(_MISSING_NOT_DRAWN,),
        ),
        _of(EstimatorKind.RANDOM_FOREST, barred={"rare": "no exact contributions to the log-odds"}),
        Variant(
            "gradient boosting",
            _gradient_boosting,
            note="scikit-learn's, by histograms, after median imputation",
            barred=dict.fromkeys(HEADS, "it cannot be fitted where a number is never measured"),
        ),
        _of(EstimatorKind.XGBOOST),
        _of(EstimatorKind.LIGHTGBM),
        Variant(
            "soft voting, calibrated",
            _soft_voting,
            note="logistic regression, forest and LightGBM, sigmoid",
            barred={"rare": "no exact contributions to the log-odds", "state": "three models to serve for one"},
        ),
    )


def structures(kind: EstimatorKind) -> tuple[Variant, ...]:
    """The state head as one question with four answers, and as two questions."""

    def two_stage(contract: FeatureContract, head: Head, seed: int) -> Classifier:
        def make() -> Pipeline:
            return candidate(kind, contract, head=head, seed=seed)

        return TwoStageClassifier(make(), make())

    return (_of(kind), Variant("two stages: ill or not, then how", two_stage))


def _of(kind: EstimatorKind, *, barred: Mapping[Head, str] = MappingProxyType({})) -> Variant:
    def build(contract: FeatureContract, head: Head, seed: int) -> Classifier:
        return candidate(kind, contract, head=head, seed=seed)

    return Variant(kind.value.replace("_", " "), build, barred=barred)


def _nearest_class_mean(contract: FeatureContract, _head: Head, _seed: int) -> Classifier:
    scaled = columns(contract, numbers_of(EstimatorKind.LOGISTIC_REGRESSION))
    return Pipeline([("columns", scaled), ("estimator", NearestCentroid())])


def _gradient_boosting(contract: FeatureContract, _head: Head, seed: int) -> Classifier:
    boosted = HistGradientBoostingClassifier(
        max_iter=200, max_leaf_nodes=31, learning_rate=0.06, min_samples_leaf=5, max_features=0.3,
        early_stopping=False, random_state=seed,
    )  # fmt: skip
    return Pipeline([("columns", columns(contract, numbers_of(EstimatorKind.RANDOM_FOREST))), ("estimator", boosted)])


def _soft_voting(contract: FeatureContract, head: Head, seed: int) -> Classifier:
    voters = [
        (
            kind.value,
            CalibratedClassifierCV(
                candidate(kind, contract, head=head, seed=seed), method="sigmoid", cv=2, ensemble=False
            ),
        )
        for kind in _VOTERS
    ]
    return VotingClassifier(voters, voting="soft")
