"""Everything the cohort room can raise.

CohortError
├── SpecError        the wish cannot be met: a share outside 0-1, no patient, no day
├── ProfileError     a table of profiles is wrong; the message names file and line
├── ForeignFolder    the output folder holds files that are not an earlier cohort of ours
└── WorkerLost       a process that was writing a part ended without an answer
"""


class CohortError(Exception):
    """Base of the room's errors."""


class SpecError(CohortError, ValueError):
    """A field of the specification is out of its range; the message gives the range."""


class ProfileError(CohortError, ValueError):
    """A row of a profile table cannot be used. Nothing is sampled from a table with a bad row."""


class ForeignFolder(CohortError, FileExistsError):
    """Writing here would mix the cohort with somebody else's files."""


class WorkerLost(CohortError, RuntimeError):
    """A worker process is gone, and nothing says why. Nothing of the cohort is kept; trying again is safe."""
