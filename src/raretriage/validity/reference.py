"""Whom to ask when no trained model is at hand? A small one, fitted on the honest cohort alone."""

from dataclasses import dataclass

import numpy as np
from xgboost import XGBClassifier

from raretriage.features import CATEGORICAL, NUMERIC, FeatureContract, ModelInput
from raretriage.knowledge import Knowledge
from raretriage.validity.mix import Mix, encoded, matrix_of
from raretriage.validity.sample import Floats
from raretriage.validity.telling import MODEL, Contest

SENSITIVITY = 0.95


@dataclass(frozen=True, slots=True)
class Reference:
    """A fitted model. Its threshold is set on diseases left out, and certifies nothing."""

    model: XGBClassifier
    contract: FeatureContract
    threshold: float

    def score(self, rows: ModelInput) -> tuple[Floats, None]:
        """The rare probability of n visits, shape (n,); it knows no states."""
        return np.asarray(self.model.predict_proba(matrix_of(rows))[:, 1], dtype=np.float64), None


def fit_reference(mix: Mix, knowledge: Knowledge, *, seed: int) -> Reference:
    """Fit on all visits of the mix; the threshold flags `SENSITIVITY` of the rare ones, scored out of fold."""
    matrix = matrix_of(encoded(mix.ill, mix.vocabulary, knowledge))
    contest = Contest.between(mix.ill.is_rare, mix.ill.group, seed=seed)
    (scores,) = contest.scores(matrix)
    model = XGBClassifier(**MODEL, random_state=0).fit(matrix, mix.ill.is_rare)
    return Reference(
        model=model,
        contract=FeatureContract(
            numeric=NUMERIC,
            categorical=tuple(CATEGORICAL),
            vocabulary=mix.vocabulary,
            knowledge_version=knowledge.version,
        ),
        threshold=float(np.quantile(scores[mix.ill.is_rare], 1 - SENSITIVITY)),
    )
