"""`raretriage benchmark`: how well the ranking finds the disease of real cases."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from raretriage.cli.console import err, out, progress, table, write_json, write_whole
from raretriage.cli.options import JsonFile
from raretriage.cli.workspace import Workspace
from raretriage.settings import Settings

if TYPE_CHECKING:
    from raretriage.benchmark import Column, ColumnReport, Estimate, Fair, Figures, PlacedColumn, RankedCase, Rankers

_SHOWN = ("top1", "top3", "top5", "top10", "top50", "mrr")


def benchmark_command(
    places: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Phenopackets, or a plain list of cases.")],
    json_file: JsonFile = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="A row a case, with its places.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="The curves as a PNG.")] = None,
    columns: Annotated[str, typer.Option(help="Columns to fill, comma-separated; all by default.")] = "",
    only_omim: Annotated[
        bool, typer.Option("--only-omim", help="Let only entries of OMIM compete, as many published figures do.")
    ] = False,
    draws: Annotated[int, typer.Option(min=100, help="Bootstrap draws.")] = 1_000,
) -> None:
    """Rank published cases and say where their disease stood: per case, and as the mean over diseases.

    Columns by what the knowledge has read of a case; only `unseen` says how the ranking does on somebody new. A list
    `[[[HPO ids], [disease ids]], ...]` names no papers and has one column, `all`. Figures are shares with 95 %
    intervals of a bootstrap that draws whole diseases. The same input gives the same figures.
    """
    from raretriage.benchmark import Column, Rankers, as_csv, as_json, curves, read_ranked_cases, sort_cases

    wanted = _columns(columns)
    work = Workspace(Settings())
    file = read_ranked_cases(places, work.knowledge)
    cases = sort_cases(file, work.knowledge)
    out.print(
        f"read {file.read:,} = {len(file.cases):,} cases + {sum(file.unused.values()):,} unused {_why(file.unused)}"
    )
    for column in Column:
        if cases.cases[column]:
            out.print(f"  {column.value}: {len(cases.cases[column]):,} cases")
    with progress("learning without the cases' papers") as tick:
        rankers = Rankers(work.knowledge, lambda: work.ranker, cases, progress=tick)
        fair = {c: rankers.of(c) for c in wanted if cases.cases[c]}
    placed: list[PlacedColumn] = []
    reports: list[ColumnReport] = []
    for column, ranked_with in fair.items():
        found, report = _column(
            column, ranked_with, cases.cases[column], rankers=rankers, only_omim=only_omim, draws=draws
        )
        if report is not None:
            placed.append(found)
            reports.append(report)
    _show(reports)
    write_json(json_file, as_json(reports, {column: len(found) for column, found in cases.cases.items()}))
    if csv_file is not None:
        _write(csv_file, as_csv(placed).encode())
    if plot is not None and placed:
        _write(plot, curves(placed))


def _columns(names: str) -> "list[Column]":
    """The columns that can be ranked, or those of them that are named."""
    from raretriage.benchmark import Column

    known: list[Column] = [column for column in Column if column is not Column.NOT_IN_KNOWLEDGE]
    if not names:
        return known
    asked = [name.strip() for name in names.split(",")]
    if strange := sorted(set(asked) - {column.value for column in known}):
        raise typer.BadParameter(f"{strange[0]!r} is none of {', '.join(known)}", param_hint="--columns")
    return [column for column in known if column.value in asked]


def _column(
    column: "Column", fair: "Fair", cases: "Sequence[RankedCase]", *, rankers: "Rankers", only_omim: bool, draws: int
) -> "tuple[PlacedColumn, ColumnReport | None]":
    from raretriage.benchmark import STRUCTURES, Column, choose_in_folds, column_report, place_all

    with progress(f"ranking: {column.value}", len(cases)) as tick:
        found = place_all(column, fair, cases, only_omim=only_omim, progress=tick)
    if not found.placed:
        return found, None
    if column is not Column.UNSEEN or only_omim:
        return found, column_report(found, draws=draws)
    with progress("choosing in folds", len(STRUCTURES)) as tick:
        chosen = choose_in_folds(found, rankers.unseen_by_structure(), progress=tick)
    return found, column_report(found, draws=draws, chosen=(chosen.places, chosen.choices))


def _show(reports: "Sequence[ColumnReport]") -> None:
    rows = [row for report in reports for row in _rows(report)]
    table("Share of cases, %, with 95 % interval by disease", ["column", "method", "mean over", "n", *_SHOWN], rows)
    for report in reports:
        rated = report.ranking
        out.print(
            f"\n{report.column.value}: {report.candidates:,} diseases compete, {rated.diseases} of them occur; "
            f"median place {rated.median_rank:g}; {report.nothing_left} cases left out: nothing is annotated any more"
        )
        for name in ("top1", "top10", "mrr"):
            by_case, by_disease = report.above_yardstick[name]
            out.print(
                f"  above the likelihood ratio, {name}: {_text(by_case)} per case, {_text(by_disease)} by disease"
            )
        if report.chosen is not None:
            for choice, folds in report.chosen[1]:
                made = choice.structure
                structure = f"exact {made.exact}, floor {made.floor}, kin {made.kin.value}"
                weights = f"likeness {choice.likeness}, onset {choice.onset}, sex {choice.sex}, prior x {choice.prior}"
                without = "" if made.documented else ", not how long and well documented"
                out.print(f"  chosen in {folds} folds: {structure}, {weights}{without}")
        table(
            f"{report.column.value}: the posterior of the first disease, and how often it was right",
            ["n", "mean posterior", "right"],
            [[c.n, f"{100 * c.posterior:.1f} %", f"{100 * c.right:.1f} %"] for c in report.calibration],
        )
        for title, parts in (("findings told", report.by_findings), ("body system", report.by_system)):
            table(
                f"{report.column.value}, by {title}",
                [title, "n", "diseases", *_SHOWN],
                [
                    [name, part.n, part.diseases, *(_text(part.by_case[k]) for k in _SHOWN)]
                    for name, part in parts.items()
                ],
            )


def _rows(report: "ColumnReport") -> list[list[object]]:
    methods: dict[str, Figures] = {
        "ranking": report.ranking,
        **({"chosen in folds": report.chosen[0]} if report.chosen is not None else {}),
        "without prior": report.without_prior,
        "series hit": report.series,
        "likelihood ratio": report.yardstick,
    }
    return [
        [report.column.value, method, mean, part.n, *(_text(values[name]) for name in _SHOWN)]
        for method, part in methods.items()
        for mean, values in (("cases", part.by_case), ("diseases", part.by_disease))
    ]


def _text(estimate: "Estimate") -> str:
    return f"{100 * estimate.value:.1f} ({100 * estimate.low:.1f}-{100 * estimate.high:.1f})"


def _why(unused: Mapping[str, int]) -> str:
    return f"({', '.join(f'{why}: {n}' for why, n in sorted(unused.items()))})" if unused else ""


def _write(path: Path, content: bytes) -> None:
    write_whole(path, content)
    err.print(f"wrote {path}")
