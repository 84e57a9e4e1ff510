"""Every rare disease of the annotations, none held back: made once for all test files that look at some of them."""

from raretriage.cohort import load_background, load_common, vocabulary
from raretriage.cohort.nuisance import load_nuisance
from raretriage.cohort.rare import RareProfiles, load_rare
from raretriage.knowledge import Knowledge

_MADE: dict[str, RareProfiles] = {}


def every_rare(knowledge: Knowledge) -> RareProfiles:
    if knowledge.version not in _MADE:
        common = load_common(knowledge)
        shared = vocabulary(common, load_background(knowledge))
        _MADE[knowledge.version] = load_rare(knowledge, common, shared, load_nuisance())
    return _MADE[knowledge.version]
