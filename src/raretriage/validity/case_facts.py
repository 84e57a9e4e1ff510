"""In what do two groups of patients differ, as far as the model can see them?"""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

import numpy as np

from raretriage.domain import VITALS, FindingStatus
from raretriage.features import FeatureContract
from raretriage.knowledge import FINDINGS_ROOT, Knowledge
from raretriage.validity.answered import Answered
from raretriage.validity.cases import Case, observed_of

ADULT_FROM_YEARS = 18
_BASICS = ("fever", "pain", "days", "comorbidity", "visit_type")


class Reach(StrEnum):
    """How near a finding comes to the words that the model knows, the nearest first."""

    EXACT = "is a word of the model"
    ROLLED_UP = "counts as a more general word"
    SYSTEM = "counts as no more than an organ system"
    NOTHING = "counts as nothing"


class Coverage:
    """Looks terms up in a model's vocabulary."""

    def __init__(self, contract: FeatureContract, knowledge: Knowledge) -> None:
        self._words = frozenset(contract.vocabulary)
        self._knowledge = knowledge

    def reach(self, hpo_id: str) -> Reach:
        """What the model gets to see of an observed finding."""
        if hpo_id in self._words:
            return Reach.EXACT
        seen = (self._knowledge.ancestors(hpo_id) & self._words) - {FINDINGS_ROOT}
        if not seen:
            return Reach.NOTHING
        return Reach.SYSTEM if all(self._is_system(word) for word in seen) else Reach.ROLLED_UP

    def _is_system(self, word: str) -> bool:
        return self._knowledge.ancestors(word) <= {word, FINDINGS_ROOT}


def facts(cases: tuple[Case, ...], answered: Answered, coverage: Coverage) -> Mapping[str, float]:
    """Named figures of a group, with all that is known of its patients told. Shares are of 1.

    Args:
        answered: what the service says of these cases, in their order.
    """
    shown = [case.presentation for case in cases]
    observed = [observed_of(p) for p in shown]
    excluded = [sum(f.status is FindingStatus.EXCLUDED for f in p.phenotypes) for p in shown]
    ages = np.array([np.nan if p.age_years is None else p.age_years for p in shown])
    reaches = [[coverage.reach(finding.hpo_id) for finding in findings] for findings in observed]
    counted = Counter(reach for own in reaches for reach in own)
    total = max(counted.total(), 1)
    return {
        "cases": float(len(cases)),
        "clusters (diseases)": float(len({case.cluster for case in cases})),
        "observed findings, median": float(np.median([len(findings) for findings in observed])),
        "with one or two observed findings": float(np.mean([len(findings) <= 2 for findings in observed])),
        "excluded findings, median": float(np.median(excluded)),
        **{f"a finding {reach}": counted[reach] / total for reach in Reach},
        "all findings count as nothing or a system": float(
            np.mean([not any(reach in (Reach.EXACT, Reach.ROLLED_UP) for reach in own) for own in reaches])
        ),
        "all findings count as nothing": float(np.mean([set(own) <= {Reach.NOTHING} for own in reaches])),
        **{f"{name} known": float(np.mean([getattr(p, name) is not None for p in shown])) for name in _BASICS},
        "any vital sign known": float(np.mean([any(getattr(p, v) is not None for v in VITALS) for p in shown])),
        "age known": float(np.mean(~np.isnan(ages))),
        "age in years, median": float(np.nanmedian(ages)) if not np.all(np.isnan(ages)) else np.nan,
        "under 18, of those with an age": float(np.mean(ages[~np.isnan(ages)] < ADULT_FROM_YEARS))
        if not np.all(np.isnan(ages))
        else np.nan,
        "outside the training data": float(np.mean(answered.is_outside)),
        "rare probability, median": float(np.median(answered.rare_probability)),
    }
