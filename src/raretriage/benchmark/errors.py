"""Everything the benchmark room can raise.

BenchmarkError
└── UnreadableCases    files that hold no cases, or not as they should
"""


class BenchmarkError(Exception):
    """Base of the room's errors."""


class UnreadableCases(BenchmarkError, ValueError):
    """The message names the file, the case and what was expected."""
