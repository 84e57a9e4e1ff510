"""`raretriage cohort`: the simulated hospital's export, and whether what it teaches is medicine."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raretriage.cli.console import out, progress, table, write_json, write_whole
from raretriage.cli.exits import PromiseBroken
from raretriage.cli.knowledge import OrphanetPlace, orphanet_tables, rarity_figures, show_rarity
from raretriage.cli.options import JsonFile
from raretriage.cli.workspace import Workspace
from raretriage.settings import Settings

if TYPE_CHECKING:
    from raretriage.cohort import BenchmarkResult, CohortReport
    from raretriage.validity import AuditReport, Check

DEFAULT_PATIENTS = 30_000
BENCHMARK_PATIENTS = 100_000

Patients = Annotated[int, typer.Option(min=1, help="How many patients to make up.")]
Seed = Annotated[int | None, typer.Option(min=0, help="The same seed gives the same bytes.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; default: one a processor.")]
Ill = Annotated[int, typer.Option(min=200, help="Ill visits behind each figure; under 5,000 no check passes.")]

app = typer.Typer(help="The simulated EHR: export, audit, report, benchmark. Every patient is made up.",
                  no_args_is_help=True)  # fmt: skip


@app.command(epilog="Example: raretriage cohort export --patients 2000 --shifts shifts.toml --out var/export")
def export(
    patients: Patients = DEFAULT_PATIENTS,
    seed: Seed = None,
    rare_share: Annotated[float, typer.Option(help="Share of patients with a rare disease, by design.")] = 0.15,
    shifts: Annotated[
        Path | None, typer.Option(help="TOML file of what changes from a quarter on; see docs/shifts.md.")
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Where to write the export.")] = Path("var/export"),
    compress: Annotated[bool, typer.Option("--compress", help="Write .ndjson.gz.")] = False,
    workers: Workers = None,
    json_file: JsonFile = None,
) -> None:
    """Write a SIMULATED hospital's FHIR R4 bulk export, identifiers and all."""
    from raretriage.cohort import CohortSpec, load_shifts, write_cohort

    changes = load_shifts(shifts.read_text(encoding="utf-8")) if shifts is not None else ()
    wish = CohortSpec(patients=patients, rare_share=rare_share, shifts=changes)
    spec = wish if seed is None else replace(wish, seed=seed)
    work = Workspace(Settings())
    with progress("simulated patients", patients) as tick:
        report = write_cohort(spec, folder, work.knowledge, compress=compress, workers=workers, progress=tick)
    _show_export(report, folder)
    write_json(json_file, report.as_json())


@app.command(epilog="Example: raretriage cohort audit --json audit.json")
def audit(seed: Annotated[int, typer.Option(min=0)] = 1, ill: Ill = 6_000, json_file: JsonFile = None) -> None:
    """Cheat tests, naive mix, ablation and bridge set; exit code 4 where a check does not hold."""
    found = run_audit(Workspace(Settings()), seed=seed, ill=ill)
    _show_audit(found)
    write_json(json_file, found.as_json())
    if not found.passed:
        raise PromiseBroken("the cohort teaches more than medicine: see the checks that did not pass")


@app.command(epilog="Example: raretriage cohort report --out var/cohort.html --benchmark")
def report(
    patients: Annotated[int, typer.Option(min=500, help="Patients behind the descriptive figures.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0)] = 1,
    ill: Ill = 6_000,
    page: Annotated[Path, typer.Option("--out", help="The HTML page.")] = Path("var/cohort.html"),
    with_benchmark: Annotated[
        bool, typer.Option("--benchmark", help=f"Time the export of {BENCHMARK_PATIENTS:,} patients as well.")
    ] = False,
    orphanet: OrphanetPlace = None,
    json_file: JsonFile = None,
) -> None:
    """Every figure of the cohort in one self-contained HTML page: audit, patients, what is rare and by which rule."""
    from raretriage.cohort import CohortSpec, build_catalogue
    from raretriage.knowledge import locate_sources, rarity_report
    from raretriage.validity import render_report, summarise

    work = Workspace(Settings())
    tables = orphanet_tables(orphanet, "", work.settings)
    rarity = rarity_report(locate_sources()[1], tables, rare_per_10000=work.settings.rare_per_10000)
    found = run_audit(work, seed=seed, ill=ill)
    with progress("descriptive figures", patients) as tick:
        summary = summarise(
            CohortSpec(patients=patients), build_catalogue(work.knowledge), work.knowledge, progress=tick
        )
    write_whole(page, render_report(summary, found, rarity).encode())
    show_rarity(rarity)
    _show_audit(found)
    figures: dict[str, object] = {
        "summary": asdict(summary),
        "audit": found.as_json(),
        "rarity": rarity_figures(rarity, tables),
    }
    if with_benchmark:
        measured = _benchmark(work, BENCHMARK_PATIENTS, None)
        figures["benchmark"] = measured.as_json()
    out.print(f"report: {page}")
    write_json(json_file, figures)


@app.command(epilog="Example: raretriage cohort benchmark --patients 1000000")
def benchmark(patients: Patients = BENCHMARK_PATIENTS, workers: Workers = None, json_file: JsonFile = None) -> None:
    """Time and memory of an export, written into a temporary folder that is removed."""
    write_json(json_file, _benchmark(Workspace(Settings()), patients, workers).as_json())


def run_audit(work: Workspace, *, seed: int, ill: int) -> "AuditReport":
    """The audit, with a bar."""
    from raretriage.validity import STEPS
    from raretriage.validity import audit as audit_cohort

    with progress("audit of the cohort", STEPS) as tick:
        return audit_cohort(work.knowledge, seed=seed, ill=ill, progress=lambda _step: tick(1))


def _benchmark(work: Workspace, patients: int, workers: int | None) -> "BenchmarkResult":
    from raretriage.cohort import benchmark as measure

    with progress(f"export of {patients:,} patients"):
        result = measure(patients, work.knowledge, workers=workers)
    peak = "unknown here" if result.peak_bytes is None else f"{result.peak_bytes / 2**30:.2f} GiB"
    out.print(
        f"{result.patients:,} simulated patients, {result.encounters:,} encounters, {result.bytes / 2**30:.2f} GiB of "
        f"NDJSON in {result.seconds:.1f} s ({result.patients / result.seconds:,.0f} patients/s); peak memory of all "
        f"processes together at most {peak}"
    )
    return result


def _show_export(report: "CohortReport", folder: Path) -> None:
    table(
        f"SIMULATED export in {folder}",
        ("what", "count"),
        [("patients", report.patients), ("encounters", report.encounters), *report.resources.items()],
    )
    out.print(f"next: raretriage ingest {folder}")


def _show_audit(found: "AuditReport") -> None:
    out.print(f"[bold]SIMULATED patients[/bold], seed {found.seed}, knowledge {found.knowledge_version}")
    _show_checks("Cheat tests on the cohort (95 % interval, clustered by disease, of ill by patient)", found.checks)
    _show_checks("The same on the naive mix, where each must fail", found.naive.checks)
    words = found.naive.words
    out.print(
        f"naive mix: {words.rare_alone:,} of {words.findings:,} findings occur in rare profiles alone, "
        f"{words.common_alone} in common ones alone"
    )
    table(
        "Ablation: ROC-AUC rare against the rest of the ill, left-out diseases, and what each safeguard costs",
        ("without", "ROC-AUC", "95 % interval", "n", "cost"),
        [(r.safeguard, f"{r.auc:.3f}", f"{r.low:.3f} to {r.high:.3f}", r.n, f"{r.cost:+.3f}") for r in found.ablation],
    )
    if found.bridge is not None:
        table(
            "Bridge set: a reference model on diseases described by the other class's source",
            ("figure", "value", "95 % interval", "n"),
            [(r.name, f"{r.value:.3f}", f"{r.low:.3f} to {r.high:.3f}", r.n) for r in found.bridge.rates],
        )


def _show_checks(title: str, checks: "Iterable[Check]") -> None:
    rows = [
        (
            check.name,
            f"{check.value:.3f}",
            f"{check.low:.3f} to {check.high:.3f}",
            "-" if check.limit is None else f"{check.limit:.2f}",
            check.n,
            "-" if check.limit is None else ("holds" if check.passed else "FAILS"),
        )
        for check in checks
    ]
    table(title, ("check", "value", "95 % interval", "limit", "n", ""), rows)
