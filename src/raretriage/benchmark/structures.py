"""What can a ranking be made of? The structures that the folds choose from; each is another artefact."""

from dataclasses import dataclass, replace
from itertools import product

from raretriage.differential.matching import Kin
from raretriage.differential.weights import WEIGHTS, Weights

EXACT = (0.0, WEIGHTS.exact)
FLOOR = (0.5, WEIGHTS.floor)
KIN = tuple(Kin)
DOCUMENTED = (False, True)
"""Whether the prior holds how early a disease was described, and that somebody counted its patients."""


@dataclass(frozen=True, slots=True)
class Structure:
    exact: float
    floor: float
    kin: Kin
    documented: bool

    @property
    def weights(self) -> Weights:
        without = {} if self.documented else {"seniority": 0.0, "first_of_series": 0.0, "counted": 0.0}
        return replace(WEIGHTS, exact=self.exact, floor=self.floor, **without)


STRUCTURES = tuple(Structure(*made) for made in product(EXACT, FLOOR, KIN, DOCUMENTED))
