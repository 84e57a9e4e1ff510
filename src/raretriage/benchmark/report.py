"""The benchmark as values: what the command prints, writes and draws."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from raretriage.benchmark.chosen import Choice
from raretriage.benchmark.columns import Column
from raretriage.benchmark.figures import Estimate, Figures, differences, figures
from raretriage.benchmark.ranking import Placed, PlacedColumn

_POSTERIORS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.01)
_FINDINGS_STEPS = ((1, 2), (3, 5), (6, 10), (11, 20), (21, 10_000))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Cases whose first disease got a posterior in one range: what it got on average, and how often it was right."""

    n: int
    posterior: float
    right: float


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """One column's figures, by every way of ranking."""

    column: Column
    candidates: int
    nothing_left: int
    ranking: Figures
    without_prior: Figures
    series: Figures
    yardstick: Figures
    above_yardstick: Mapping[str, tuple[Estimate, Estimate]]
    """Paired differences, per case and as the mean over diseases."""
    chosen: tuple[Figures, tuple[tuple[Choice, int], ...]] | None
    """With all choices made in disease-disjoint folds, and these with the number of folds."""
    calibration: tuple[Calibration, ...]
    by_findings: Mapping[str, Figures]
    by_system: Mapping[str, Figures]


def column_report(
    placed: PlacedColumn, *, draws: int, chosen: tuple[Sequence[float], Sequence[tuple[Choice, int]]] | None = None
) -> ColumnReport:
    """All figures of a column with at least one placed case."""
    rows = placed.placed
    clusters = [row.case.cluster for row in rows]

    def of(places: Sequence[float]) -> Figures:
        return figures(places, clusters, draws=draws)

    return ColumnReport(
        column=placed.column,
        candidates=placed.candidates,
        nothing_left=placed.nothing_left,
        ranking=of([row.place for row in rows]),
        without_prior=of([row.without_prior for row in rows]),
        series=of([row.series for row in rows]),
        yardstick=of([row.yardstick for row in rows]),
        above_yardstick=differences(
            [row.place for row in rows], [row.yardstick for row in rows], clusters, draws=draws
        ),
        chosen=None if chosen is None else (of(list(chosen[0])), tuple(chosen[1])),
        calibration=_calibration(rows),
        by_findings=_by({_step(row): None for row in sorted(rows, key=_observed)}, rows, _step, draws),
        by_system=_by({row.system: None for row in sorted(rows, key=lambda row: row.system)}, rows, _system, draws),
    )


def as_json(reports: Sequence[ColumnReport], counts: Mapping[Column, int]) -> dict[str, object]:
    """`{"columns": {"unseen": {"n": ..., "top1": ..., "macro_top1": ..., ...}, ...}}`, shares between 0 and 1."""
    columns: dict[str, object] = {
        column.value: {"n": counts[column]}
        for column in Column
        if column is Column.NOT_IN_KNOWLEDGE and column in counts
    }
    for report in reports:
        columns[report.column.value] = _flat(report.ranking) | {
            "candidates": report.candidates,
            "nothing_left": report.nothing_left,
            "without_prior": _flat(report.without_prior),
            "series_hit": _flat(report.series),
            "yardstick": _flat(report.yardstick),
            "above_yardstick": {
                name: {"by_case": asdict(case), "by_disease": asdict(disease)}
                for name, (case, disease) in report.above_yardstick.items()
            },
            "chosen_in_folds": None
            if report.chosen is None
            else _flat(report.chosen[0])
            | {"choices": [asdict(choice) | {"folds": folds} for choice, folds in report.chosen[1]]},
            "calibration": [asdict(part) for part in report.calibration],
            "by_findings": {name: _flat(part) for name, part in report.by_findings.items()},
            "by_system": {name: _flat(part) for name, part in report.by_system.items()},
        }
    return {"columns": columns}


def as_csv(columns: Sequence[PlacedColumn]) -> str:
    """A row a case and column."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        ["column", "case", "diseases", "findings", "system", "place", "without_prior", "series_hit", "yardstick"]
    )
    for column in columns:
        for row in column.placed:
            writer.writerow(
                [
                    column.column.value,
                    row.case.id,
                    ";".join(row.case.diseases),
                    _observed(row),
                    row.system,
                    *(f"{place:g}" for place in (row.place, row.without_prior, row.series, row.yardstick)),
                ]
            )
    return out.getvalue()


def _flat(part: Figures) -> dict[str, object]:
    by_case = {name: estimate.value for name, estimate in part.by_case.items()}
    by_disease = {f"macro_{name}": estimate.value for name, estimate in part.by_disease.items()}
    intervals = {
        **{name: [e.low, e.high] for name, e in part.by_case.items()},
        **{f"macro_{name}": [e.low, e.high] for name, e in part.by_disease.items()},
    }
    return {
        "n": part.n,
        "diseases": part.diseases,
        **by_case,
        **by_disease,
        "median_rank": part.median_rank,
        "intervals": intervals,
    }


def _calibration(rows: Sequence[Placed]) -> tuple[Calibration, ...]:
    found = []
    for low, high in pairwise(_POSTERIORS):
        part = [row for row in rows if low <= row.posterior_of_first < high]
        if part:
            right = sum(row.place <= 1 for row in part) / len(part)
            found.append(Calibration(len(part), sum(row.posterior_of_first for row in part) / len(part), right))
    return tuple(found)


def _by(
    names: Mapping[str, None], rows: Sequence[Placed], name_of: Callable[[Placed], str], draws: int
) -> dict[str, Figures]:
    found = {}
    for name in names:
        part = [row for row in rows if name_of(row) == name]
        found[name] = figures([row.place for row in part], [row.case.cluster for row in part], draws=draws)
    return found


def _observed(row: Placed) -> int:
    return len(row.case.patient.observed)


def _step(row: Placed) -> str:
    low, high = next(step for step in _FINDINGS_STEPS if _observed(row) <= step[1])
    return f"{low} or more" if high == _FINDINGS_STEPS[-1][1] else f"{low} to {high}"


def _system(row: Placed) -> str:
    return row.system
