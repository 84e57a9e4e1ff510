"""What the exit code of a command means, and which error gives which."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, stable for schedulers and scripts."""

    DONE = 0
    FAULT = 1
    """Something nobody foresaw; the log has the traceback."""
    USAGE = 2
    """The command line is wrong."""
    BAD_INPUT = 3
    """What was given cannot be used; nothing was changed."""
    REFUSED = 4
    """A promise would not hold (gate, parity, certificate, chain, accounting); nothing was published."""
    UNREACHABLE = 5
    """A bucket, database or server cannot be reached; trying again may help."""
    INTERRUPTED = 130
    """Ctrl-C; what was half-done was undone."""


# (room, class of the room's error tree) -> code. The most derived class that is listed here decides.
_CODES: dict[tuple[str, str], Exit] = {
    ("storage", "StorageError"): Exit.BAD_INPUT,
    ("storage", "Unreachable"): Exit.UNREACHABLE,
    ("storage", "Unsafe"): Exit.REFUSED,
    ("privacy", "PrivacyError"): Exit.BAD_INPUT,
    ("knowledge", "KnowledgeError"): Exit.BAD_INPUT,
    ("cohort", "CohortError"): Exit.BAD_INPUT,
    ("ingest", "IngestError"): Exit.BAD_INPUT,
    ("ingest", "AccountingError"): Exit.REFUSED,
    ("lake", "LakeError"): Exit.BAD_INPUT,
    ("lake", "Unreachable"): Exit.UNREACHABLE,
    ("lake", "Conflict"): Exit.UNREACHABLE,
    ("features", "FeatureError"): Exit.BAD_INPUT,
    ("training", "TrainingError"): Exit.BAD_INPUT,
    ("training", "LeakedPatient"): Exit.REFUSED,
    ("training", "MayOverlap"): Exit.REFUSED,
    ("release", "ReleaseError"): Exit.REFUSED,
    ("release", "IncompleteRun"): Exit.BAD_INPUT,
    ("bucket", "BucketError"): Exit.REFUSED,
    ("bucket", "NothingPublished"): Exit.BAD_INPUT,
    ("serving", "ServingError"): Exit.REFUSED,
    ("serving", "InvalidInput"): Exit.BAD_INPUT,
    ("serving", "NotReplayable"): Exit.BAD_INPUT,
    ("validity", "ValidityError"): Exit.BAD_INPUT,
    ("differential", "DifferentialError"): Exit.BAD_INPUT,
    ("benchmark", "BenchmarkError"): Exit.BAD_INPUT,
    ("cli", "InputError"): Exit.BAD_INPUT,
    ("cli", "PromiseBroken"): Exit.REFUSED,
}


class InputError(Exception):
    """A command was given a file or value that it cannot use."""


class PromiseBroken(Exception):
    """A command measured what it was asked to, and the promise does not hold."""


def exit_code(error: BaseException) -> Exit | None:
    """The code for a foreseen error, None for one that nobody foresaw."""
    for kind in type(error).__mro__:
        package, _, rest = kind.__module__.partition(".")
        code = _CODES.get((rest.partition(".")[0], kind.__name__)) if package == "raretriage" else None
        if code is not None:
            return code
    return None
