"""`raretriage lake` and `raretriage warehouse`: what has landed, in which version, and the SQL copy of it."""

from pathlib import Path
from typing import Annotated

import typer

from raretriage.cli.console import out, progress, table, write_json
from raretriage.cli.options import JsonFile, LakeVersion
from raretriage.cli.workspace import Workspace
from raretriage.settings import Settings

lake_app = typer.Typer(help="The versioned tables: history and reading any version back.", no_args_is_help=True)
warehouse_app = typer.Typer(help="The SQL warehouse, loaded from a lake version.", no_args_is_help=True)

TableOption = Annotated[str, typer.Option("--table", help="encounters, quarantine or ingests.")]


@lake_app.command(epilog="Example: raretriage lake history --table encounters")
def history(table_name: TableOption = "encounters", json_file: JsonFile = None) -> None:
    """The versions of a table, newest first."""
    work = Workspace(Settings())
    with work.audited("read history", f"lake:{table_name}"):
        versions = work.lake.history(table_name)
    table(
        f"{table_name} in {work.settings.lake_url}",
        ("version", "time (UTC)", "operation", "rows added", "reason"),
        [(v.version, f"{v.at:%Y-%m-%d %H:%M:%S}", v.operation, v.rows_added or "", v.reason or "") for v in versions],
    )
    write_json(
        json_file,
        {"versions": [{"version": v.version, "at": v.at, "operation": v.operation, "rows_added": v.rows_added,
                       "rows_updated": v.rows_updated, "reason": v.reason} for v in versions]},
    )  # fmt: skip


@lake_app.command(epilog="Example: raretriage lake read --version 1 --out encounters-v1.parquet")
def read(
    to: Annotated[Path, typer.Option("--out", help="A Parquet file to write.")],
    table_name: TableOption = "encounters",
    version: LakeVersion = None,
) -> None:
    """Read a version back into a Parquet file; memory does not grow with the table."""
    import pyarrow.parquet as pq

    work = Workspace(Settings())
    temporary = to.with_name(f".{to.name}.writing")
    rows = 0
    try:
        with work.audited("read", f"lake:{table_name}@{version}"), progress("rows") as tick:
            reader = work.lake.scan(table_name, version)
            with pq.ParquetWriter(temporary, reader.schema) as writer:
                for batch in reader:
                    writer.write_batch(batch)
                    tick(batch.num_rows)
                    rows += batch.num_rows
        temporary.replace(to)
    finally:
        temporary.unlink(missing_ok=True)
    out.print(f"{rows} rows of {table_name} written to {to}")


@warehouse_app.command(epilog="Example: WAREHOUSE_URL=postgresql+psycopg://me@db/raretriage raretriage warehouse load")
def load(version: LakeVersion = None, json_file: JsonFile = None) -> None:
    """Replace the warehouse's content by a lake version, in one transaction."""
    from raretriage.lake import load_warehouse
    from raretriage.privacy import redact_url

    work = Workspace(Settings())
    shown = redact_url(work.settings.warehouse_url)
    with work.audited("load", f"warehouse:{shown}"), progress("warehouse rows") as tick:
        report = load_warehouse(work.lake, work.settings.warehouse_url, version=version, progress=tick)
    table(f"warehouse {shown}, lake version {report.version}", ("table", "rows"), report.rows.items())
    write_json(json_file, {"warehouse": shown, "lake_version": report.version, "rows": dict(report.rows)})
