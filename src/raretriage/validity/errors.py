"""Everything the validity room can raise.

ValidityError
└── NothingToCompare   the catalogue or the sample lacks one of the two sides: rare and common, or two sources
"""


class ValidityError(Exception):
    """Base of the room's errors."""


class NothingToCompare(ValidityError, ValueError):
    """A test needs two sides and one is empty. Not a pass: nothing was tested."""
