"""`raretriage ingest`: from any source into the lake."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from raretriage.cli.console import out, progress, write_json
from raretriage.cli.options import JsonFile
from raretriage.cli.workspace import Workspace
from raretriage.privacy import redact_url
from raretriage.settings import Settings

if TYPE_CHECKING:
    from raretriage.ingest import IngestReport

SourceKind = Literal["fhir", "phenopackets", "csv"]


def ingest_source(work: Workspace, source: str, *, kind: str | None = None, memory: str = "1GB") -> "IngestReport":
    """Read, de-identify, validate and land one source."""
    from raretriage.ingest import IngestSettings, ingest, open_source

    settings = IngestSettings(memory_limit=memory, keep_complaint=work.settings.keep_complaint)
    opened = open_source(source, kind=kind)
    keyring = work.keyring()
    with work.audited("ingest into", f"lake:{redact_url(work.settings.lake_url)}"), progress("records") as tick:
        return ingest(
            opened,
            sink=work.lake,
            keyring=keyring,
            knowledge=work.knowledge,
            now=datetime.now(UTC),
            settings=settings,
            progress=tick,
        )


def ingest_command(
    source: Annotated[
        str,
        typer.Argument(help="A folder, file or bucket URL: FHIR NDJSON or bundles (plain or .gz), CSV, phenopackets."),
    ],
    kind: Annotated[SourceKind | None, typer.Option(help="What it is; found out by looking when not given.")] = None,
    memory: Annotated[str, typer.Option(help="Limit for the joins, e.g. 1GB; more is spilled to disk.")] = "1GB",
    json_file: JsonFile = None,
) -> None:
    """De-identify, validate and land a source; every record is accounted for, bad ones are quarantined."""
    report = ingest_source(Workspace(Settings()), source, kind=kind, memory=memory)
    out.print(report.text())
    if report.quarantine_rules:
        out.print("look at the bad ones: raretriage lake read --table quarantine --out quarantine.parquet")
    out.print("next: raretriage train")
    write_json(json_file, report.as_json())
