"""How often is a rare disease drawn? By its prevalence where that is known, tempered; else as the median one.

Prevalences differ ten-thousandfold. Drawn in proportion, a dozen diseases would be most of the rare patients, and what
is learnt of "rare" would be those dozen; drawn alike, nobody would meet the ones that clinicians meet. The exponent in
`nuisance.toml` lies between.
"""

from collections.abc import Mapping
from enum import StrEnum
from statistics import median

from raretriage.knowledge import Prevalence

_LEAST = 0.01
"""In 100,000: what an interval that begins at 0 is not drawn below. Source: estimate."""


class PrevalenceClause(StrEnum):
    """Where the weight of a rare disease comes from."""

    POINT = "point"
    BIRTH = "birth"
    MEDIAN_OF_KNOWN = "median_of_known"


def weights(known: Mapping[str, Prevalence | None], exponent: float) -> dict[str, tuple[float, PrevalenceClause]]:
    """A weight for each disease; the median disease of known prevalence has 1.

    Args:
        known: disease to its prevalence.
        exponent: 0 draws all alike, 1 in proportion to prevalence.
    """
    tempered = {
        disease: max(_LEAST, (prevalence.low_per_100000 + prevalence.high_per_100000) / 2) ** exponent
        for disease, prevalence in known.items()
        if prevalence is not None
    }
    middle = median(tempered.values()) if tempered else 1.0
    return {
        disease: (1.0, PrevalenceClause.MEDIAN_OF_KNOWN)
        if prevalence is None
        else (tempered[disease] / middle, PrevalenceClause(prevalence.kind))
        for disease, prevalence in known.items()
    }
