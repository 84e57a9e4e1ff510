"""Everything the differential room can raise.

DifferentialError
├── NothingToRank          no finding that the ranking knows
└── DamagedDifferential    the artefact cannot be read, or belongs to another knowledge
"""


class DifferentialError(Exception):
    """Base of the room's errors."""


class NothingToRank(DifferentialError, ValueError):
    """No observed finding that this release knows: there is nothing to rank by."""


class DamagedDifferential(DifferentialError, ValueError):
    """An artefact that must not be used: truncated, altered, of another format or of another knowledge."""
