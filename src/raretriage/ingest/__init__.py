"""From any source to validated, de-identified rows: FHIR R4, GA4GH phenopackets, CSV."""

from raretriage.ingest.errors import (
    AccountingError,
    AmbiguousSource,
    IngestError,
    NotEnoughMemory,
    NothingUsable,
    SourceError,
    SourceTruncated,
    SourceVanished,
)
from raretriage.ingest.pipeline import IngestSettings, ingest
from raretriage.ingest.quarantine import QUARANTINE
from raretriage.ingest.report import IngestReport, UnmappedCode
from raretriage.ingest.sink import Sink
from raretriage.ingest.source import Kind, Source, open_source

__all__ = [
    "QUARANTINE",
    "AccountingError",
    "AmbiguousSource",
    "IngestError",
    "IngestReport",
    "IngestSettings",
    "Kind",
    "NotEnoughMemory",
    "NothingUsable",
    "Sink",
    "Source",
    "SourceError",
    "SourceTruncated",
    "SourceVanished",
    "UnmappedCode",
    "ingest",
    "open_source",
]
