"""Everything the validity room can raise.

ValidityError
├── NothingToCompare   the catalogue or the sample lacks one of the two sides: rare and common, or two sources
└── UnknownCases       a file holds no cases of a kind that can be read
"""


class ValidityError(Exception):
    """Base of the room's errors."""


class NothingToCompare(ValidityError, ValueError):
    """A test needs two sides and one is empty. Not a pass: nothing was tested."""


class UnknownCases(ValidityError):
    """No reader knows what these files hold."""
