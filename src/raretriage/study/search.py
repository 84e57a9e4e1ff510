"""A search for the rare head's parameters, within a stated budget, on the folds of the fit patients alone.

Objective: mean ROC-AUC over the folds, findings tier. Tree-structured Parzen estimator (Bergstra et al. 2011, NIPS 24),
its first trial the parameters in use. No calibration and no test patient is looked at.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic

import numpy as np
import optuna

from raretriage.features import FeatureContract
from raretriage.study.bench import Bench, Classifier, Variant
from raretriage.training.candidates import EstimatorKind, Head, candidate, parameters_of

KIND = EstimatorKind.LIGHTGBM
TRIALS = 20
SECONDS = 600.0
"""The budget: whichever is used up first."""

Value = float | int


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What was tried and what was best. `gain` is the best mean ROC-AUC minus that of the parameters in use."""

    trials: tuple[tuple[float, Mapping[str, Value]], ...]
    """Mean ROC-AUC and parameters, in the order of trying; the first are the parameters in use."""
    best: Mapping[str, Value]
    value: float
    gain: float


def search(
    bench: Bench, *, trials: int = TRIALS, seconds: float = SECONDS, progress: Callable[[int], object] = lambda _n: None
) -> SearchResult:
    """Try at most `trials` settings in at most about `seconds`; the same bench and trials give the same result.

    The parameters in use are tried whatever the budget: without them there is nothing to compare with.
    """
    start = monotonic()
    tried: list[tuple[float, Mapping[str, Value]]] = []

    def objective(trial: optuna.Trial) -> float:
        parameters = _space(trial)
        answered = bench.answer(Variant("trial", _builder(parameters)), "rare")
        value = float(np.mean([fold.roc_auc_rare for fold in answered.folds]))
        tried.append((value, parameters))
        progress(1)
        return value

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=bench.seed))
    study.enqueue_trial({name: parameters_of(KIND, "rare")[name] for name in _NAMES})
    study.optimize(objective, n_trials=1)
    study.optimize(objective, n_trials=trials - 1, timeout=max(seconds - (monotonic() - start), 0))
    value, best = max(tried, key=lambda one: one[0])
    return SearchResult(tuple(tried), best, value, value - tried[0][0])


_NAMES = (
    "n_estimators",
    "num_leaves",
    "learning_rate",
    "min_child_samples",
    "subsample",
    "colsample_bytree",
    "feature_fraction_bynode",
)


def _space(trial: optuna.Trial) -> dict[str, Value]:
    return {
        "n_estimators": trial.suggest_int("n_estimators", 200, 700, step=50),
        "num_leaves": trial.suggest_int("num_leaves", 15, 127, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.1, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 2, 40, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.1, 1.0),
        "feature_fraction_bynode": trial.suggest_float("feature_fraction_bynode", 0.05, 1.0),
    }


def _builder(parameters: Mapping[str, Value]) -> Callable[[FeatureContract, Head, int], Classifier]:
    def build(contract: FeatureContract, head: Head, seed: int) -> Classifier:
        own = {f"estimator__{name}": value for name, value in parameters.items()}
        return candidate(KIND, contract, head=head, seed=seed).set_params(**own)

    return build
