"""Everything that stops an ingest. What is wrong with one record is not here: that record goes to quarantine.

IngestError
├── SourceError
│   ├── NothingUsable     nothing in the source is of a kind we read
│   ├── AmbiguousSource   it holds several kinds; say which with kind=
│   ├── SourceVanished    a file was there when listed and is not any more
│   └── SourceTruncated   a file is shorter than when listed, or its gzip stream breaks off
├── NotEnoughMemory       the memory limit is too small even with spilling
└── AccountingError       read is not accepted + quarantined + duplicate + unused: a fault of ours

Whatever is raised, nothing has landed: landing is the last step and one commit.
"""


class IngestError(Exception):
    """The tree's root."""


class SourceError(IngestError):
    """The source cannot be read as it is; the message says which file and what to do."""


class NothingUsable(SourceError):
    """Nothing in the source is of a kind we read."""


class AmbiguousSource(SourceError):
    """The source holds several kinds of data; the caller has to name one."""


class SourceVanished(SourceError):
    """A file was there when listed and is not any more."""


class SourceTruncated(SourceError):
    """A file is shorter than when listed, or its gzip stream breaks off."""


class NotEnoughMemory(IngestError):
    """The engine's memory limit is too small for the export, even with spilling to disk."""


class AccountingError(IngestError):
    """Some record was lost or counted twice."""
