"""The periods of life in which a disease begins."""

from collections.abc import Mapping
from enum import IntEnum


class Onset(IntEnum):
    """The periods of HPO's onset terms (definitions in hp.obo), in the order of life."""

    ANTENATAL = 0
    NEONATAL = 1
    """Birth included, up to 28 days."""
    INFANTILE = 2
    CHILDHOOD = 3
    """1 to 5 years."""
    JUVENILE = 4
    """5 to 15 years."""
    YOUNG_ADULT = 5
    """16 to 40 years."""
    MIDDLE_AGE = 6
    LATE = 7
    """60 years and later."""

    @classmethod
    def at(cls, years: float) -> "Onset":
        """The period of an age; at birth it is `NEONATAL`."""
        return next((period for period, end in _ENDS.items() if years < end), cls.LATE)


_ENDS: Mapping[Onset, float] = {
    Onset.NEONATAL: 28 / 365.25,
    Onset.INFANTILE: 1.0,
    Onset.CHILDHOOD: 5.0,
    Onset.JUVENILE: 16.0,
    Onset.YOUNG_ADULT: 40.0,
    Onset.MIDDLE_AGE: 60.0,
}
_ADULT = (Onset.YOUNG_ADULT, Onset.MIDDLE_AGE, Onset.LATE)

OF_HPO: Mapping[str, tuple[Onset, ...]] = {
    "HP:0030674": (Onset.ANTENATAL,),
    "HP:0011460": (Onset.ANTENATAL,),
    "HP:0011461": (Onset.ANTENATAL,),
    "HP:0034199": (Onset.ANTENATAL,),
    "HP:0034198": (Onset.ANTENATAL,),
    "HP:0034197": (Onset.ANTENATAL,),
    "HP:0003577": (Onset.NEONATAL,),
    "HP:0003623": (Onset.NEONATAL,),
    "HP:0003593": (Onset.INFANTILE,),
    "HP:0011463": (Onset.CHILDHOOD,),
    "HP:0003621": (Onset.JUVENILE,),
    "HP:0410280": (Onset.INFANTILE, Onset.CHILDHOOD, Onset.JUVENILE),
    "HP:0003581": _ADULT,
    "HP:0011462": (Onset.YOUNG_ADULT,),
    "HP:0025708": (Onset.YOUNG_ADULT,),
    "HP:0025709": (Onset.YOUNG_ADULT,),
    "HP:0025710": (Onset.YOUNG_ADULT,),
    "HP:4000040": (Onset.YOUNG_ADULT,),  # puerperal
    "HP:6000314": (Onset.MIDDLE_AGE,),  # perimenopausal
    "HP:6000315": (Onset.MIDDLE_AGE, Onset.LATE),  # postmenopausal
    "HP:0003596": (Onset.MIDDLE_AGE,),
    "HP:0003584": (Onset.LATE,),
}
"""HPO onset term -> the periods that it spans."""
