"""The cheat tests of design section 4: among the ill, nothing but medicine may tell rare from common."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from raretriage.cohort import Catalogue, CohortSpec, chunk_count, sample_chunk
from raretriage.cohort.vitals import Measured

LIMIT = 0.60


class Ill:
    """The visits of ill patients of one cohort, as arrays."""

    def __init__(self, catalogue: Catalogue, seed: int) -> None:
        spec = CohortSpec(patients=9_000, seed=seed, rare_share=0.3, healthy_share=0.1)
        visits = [sample_chunk(spec, catalogue, n).visits for n in range(chunk_count(spec))]
        ill = np.concatenate([v.disease >= 0 for v in visits])
        self.rare = np.concatenate([v.rare for v in visits])[ill]
        self.disease = np.concatenate([v.disease for v in visits])[ill]
        self.observed = np.concatenate([(v.recorded.observed >= 0).sum(axis=1) for v in visits])[ill]
        self.excluded = np.concatenate([(v.recorded.excluded >= 0).sum(axis=1) for v in visits])[ill]
        columns = [np.concatenate([np.isnan(getattr(v.measured, name)) for v in visits]) for name in Measured.__slots__]
        columns.append(np.concatenate([np.isnan(v.days) for v in visits]))
        columns.append(np.concatenate([v.pregnant < 0 for v in visits]))
        onsets = [np.isnan(v.finding_onset).sum(axis=1) for v in visits]
        self.missing = np.stack([*columns, np.concatenate(onsets)], axis=1)[ill].astype(float)


@pytest.fixture(scope="module")
def ill(catalogue: Catalogue) -> Ill:
    return Ill(catalogue, seed=5)


def upper_bound(is_rare: np.ndarray, score: np.ndarray) -> float:
    """One-sided 95 % upper bound of the AUC, whichever way the score points.

    Source of the standard error: Hanley & McNeil 1982, Radiology 143:29.
    """
    auc = roc_auc_score(is_rare, score)
    auc = max(auc, 1 - auc)
    positives, negatives = is_rare.sum(), (~is_rare).sum()
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)
    return auc + norm.ppf(0.95) * (variance / (positives * negatives)) ** 0.5


def test_the_sample_is_large_enough(ill: Ill) -> None:
    assert len(ill.rare) >= 5_000
    assert 0.2 < ill.rare.mean() < 0.5


def test_the_number_of_findings_tells_nothing(ill: Ill) -> None:
    assert upper_bound(ill.rare, ill.observed) <= LIMIT
    assert upper_bound(ill.rare, ill.excluded) <= LIMIT


def test_missingness_tells_nothing(ill: Ill) -> None:
    model, folds = LogisticRegression(), GroupKFold(5)
    score = cross_val_predict(model, ill.missing, ill.rare, groups=ill.disease, cv=folds, method="predict_proba")
    assert upper_bound(ill.rare, score[:, 1]) <= LIMIT


def test_the_tests_would_notice_a_naive_mix(ill: Ill) -> None:
    """As many findings as the profile has rows, which is what a generator without design section 4 writes."""
    rng = np.random.default_rng(0)
    naive = np.where(ill.rare, rng.binomial(20, 0.4, len(ill.rare)), rng.binomial(12, 0.4, len(ill.rare)))
    assert upper_bound(ill.rare, naive) > LIMIT
