"""`raretriage cohort`: the simulated hospital's export."""

from pathlib import Path
from typing import Annotated

import typer

from raretriage.cli.console import out, progress, table, write_json
from raretriage.cli.options import JsonFile
from raretriage.cli.workspace import Workspace
from raretriage.settings import Settings

Patients = Annotated[int, typer.Option(min=1, help="How many patients to make up.")]
DEFAULT_PATIENTS = 20_000


def cohort_command(
    patients: Patients = DEFAULT_PATIENTS,
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed gives the same bytes.")] = None,
    rare_share: Annotated[float, typer.Option(help="Share of patients with a rare disease, by design.")] = 0.10,
    folder: Annotated[Path, typer.Option("--out", help="Where to write the export.")] = Path("var/export"),
    compress: Annotated[bool, typer.Option("--compress", help="Write .ndjson.gz.")] = False,
    json_file: JsonFile = None,
) -> None:
    """Write a SIMULATED hospital's FHIR R4 bulk export, identifiers and all (every person in it is made up)."""
    from raretriage.cohort import CohortSpec, write_cohort

    wish = CohortSpec(patients=patients, rare_share=rare_share)
    spec = wish if seed is None else CohortSpec(patients=patients, rare_share=rare_share, seed=seed)
    work = Workspace(Settings())
    with progress("simulated patients", patients) as tick:
        report = write_cohort(spec, folder, work.knowledge, compress=compress, progress=tick)
    table(
        f"SIMULATED export in {folder}",
        ("what", "count"),
        [
            ("patients", report.patients),
            ("encounters", report.encounters),
            *report.resources.items(),
        ],
    )
    out.print(f"next: raretriage ingest {folder}")
    write_json(json_file, report.as_json())
