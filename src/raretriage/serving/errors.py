"""Everything the service can raise.

ServingError
├── ModelUnusable      the published graph does not keep its contract; the last good model stays
├── InvalidInput       well-formed fields that cannot be used; carries one `FieldFault` for each
├── NoRanking          the served version ranks no diseases
├── NotReplayable      a line of the log that no model can answer again
├── UnknownPrediction  feedback on an answer that this log does not hold
├── ShippingConflict   a part in the bucket is not what this log holds; the local log goes on
└── LogError           the prediction log
    ├── LogBusy        another process has it: a service, or who erases by order
    ├── BrokenChain    a line was changed, lost or added; nothing is appended to it
    └── LogUnavailable the line could not be made durable, so no answer may be sent

No message carries a patient's value.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class ServingError(Exception):
    """The root: catch it to answer for everything below."""


class ModelUnusable(ServingError):
    """The graph, its contract and this program do not fit together."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One problem of one field: an entry of `errors` in a problem document."""

    field: str
    """Where: `phenotypes[1].hpo_id`; empty for the body as a whole."""
    problem: str
    allowed: str
    fix: str


class InvalidInput(ServingError):
    """The request is well-formed, but its content cannot be used."""

    def __init__(self, faults: Sequence[FieldFault]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.problem}" for fault in faults))
        self.faults = tuple(faults)


class NoRanking(ServingError):
    """The served version has no ranking of rare diseases; publishing one mends it."""


class NotReplayable(ServingError):
    """No model gave this answer, or nothing is left of it."""


class UnknownPrediction(ServingError):
    """The log here holds no answer of this id."""


class ShippingConflict(ServingError):
    """The bucket holds another part under this part's name."""


class LogError(ServingError):
    """The prediction log cannot do its work."""


class LogBusy(LogError):
    """Another process has the log: a service writes it, or somebody erases by order."""


class BrokenChain(LogError):
    """The lines do not verify."""


class LogUnavailable(LogError):
    """The line is not durable: answer 503."""
