"""Counting input records while they are read: how many of which type, and which need no further look."""

from collections import Counter
from dataclasses import dataclass, field

from raretriage.fhir import resource_types

NOT_FHIR = "(no resource type)"
UNKNOWN_TYPE = "(unknown resource type)"
UNREADABLE = "(unreadable)"


def type_name(stated: str | None) -> str:
    """The resource type as it may be shown: a name outside the standard is the sender's text and is not."""
    if stated is None:
        return NOT_FHIR
    return stated if stated in resource_types() else UNKNOWN_TYPE


@dataclass(slots=True)
class Tally:
    """Input records by type, and those left unused at first sight by type and reason."""

    read: Counter[str] = field(default_factory=Counter)
    unused: Counter[tuple[str, str]] = field(default_factory=Counter)
    unread_columns: int = 0

    def leave(self, type_: str, reason: str, count: int = 1) -> None:
        """Count records that are read and not used."""
        self.read[type_] += count
        self.unused[type_, reason] += count
