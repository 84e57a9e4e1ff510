"""What does somebody see who wants to judge the cohort? One page that needs nothing else, SIMULATED on top of it."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import jinja2
from markupsafe import Markup

from raretriage.knowledge import Clause, RarityReport
from raretriage.validity import plots
from raretriage.validity.ablation import AblationRow
from raretriage.validity.audit import AuditReport
from raretriage.validity.bridge import DiseaseRate, Rate
from raretriage.validity.cheats import Check
from raretriage.validity.plots import Bar, class_name
from raretriage.validity.summary import AGE_EDGES, QUANTILES, CohortSummary, FindingRow, Kind

_FIELDS = {
    "temperature_c": "temperature",
    "heart_rate": "pulse",
    "respiratory_rate": "breathing rate",
    "systolic_bp": "systolic pressure",
    "diastolic_bp": "diastolic pressure",
    "spo2": "SpO₂",
    "pain": "pain",
    "days": "days since onset",
}


@dataclass(frozen=True, slots=True)
class _Comparison:
    """One cheat test on the cohort and, where it was run there, on the naive mix."""

    check: Check
    naive: Check | None


def render_report(summary: CohortSummary, audit: AuditReport | None = None, rarity: RarityReport | None = None) -> str:
    """The page as HTML.

    Args:
        summary: what is in the cohort, see `summarise`.
        audit: cheat tests, ablation and bridge figures; without them the page says that they were not run.
        rarity: how the rarity rule decides with and without Orphanet's tables.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("raretriage.validity"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, number=number, interval=interval, days=_days)
    return environment.get_template("cohort.html").render(
        summary=summary,
        audit=audit,
        rules=_rules(rarity) if rarity else None,
        comparisons=_comparisons(audit) if audit else [],
        limited=[check for check in audit.checks if check.limit is not None] if audit else [],
        kinds=list(Kind),
        quantiles=[f"{100 * q:g} %" for q in QUANTILES],
        age_bands=[f"{low:g}" for low in AGE_EDGES],
        class_name=class_name,
        mean_findings={row.kind: _mean_findings(row) for row in summary.findings},
        pictures=_pictures(summary, audit),
        fields=_FIELDS,
    )


@dataclass(frozen=True, slots=True)
class _RuleRow:
    """How many annotated diseases a clause decides, and how many that only the tables know."""

    clause: str
    without_tables: int
    with_tables: int
    only_in_tables: int


@dataclass(frozen=True, slots=True)
class _Rules:
    without_tables: str
    with_tables: str | None
    rows: tuple[_RuleRow, ...]
    changes: tuple[tuple[str, int], ...]
    """Clause before and after, and how many verdicts that changed; the most first."""


def _rules(rarity: RarityReport) -> _Rules:
    counts = (rarity.without_tables, rarity.with_tables or {}, rarity.only_in_tables or {})
    rows = [_RuleRow(_words(clause), *(one.get(clause, 0) for one in counts)) for clause in Clause]
    changes = Counter((_words(one.without_tables), _words(one.with_tables)) for one in rarity.changes)
    return _Rules(
        without_tables=rarity.rule_without_tables,
        with_tables=rarity.rule_with_tables,
        rows=tuple(row for row in rows if row.without_tables or row.with_tables or row.only_in_tables),
        changes=tuple((f"{before} → {after}", n) for (before, after), n in changes.most_common()),
    )


def _words(clause: Clause) -> str:
    return clause.value.replace("_", " ")


def percent(share: float, digits: int = 0) -> str:
    """A share for a reader.

    >>> percent(0.1234), percent(0.1234, 1), percent(float("nan"))
    ('12 %', '12.3 %', '–')
    """
    return "–" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def number(value: float, digits: int = 0) -> str:
    """A number with its thousands apart.

    >>> number(1234), number(0.125, 2), number(-0.5, 1)
    ('1,234', '0.12', '−0.5')
    """
    return f"{value:,.{digits}f}".replace("-", "−")


def interval(figure: Check | AblationRow | Rate | DiseaseRate) -> str:
    """The ends of a figure's 95 % interval."""
    return f"{number(figure.low, 3)} to {number(figure.high, 3)}"


def _days(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _mean_findings(row: FindingRow) -> tuple[float, float]:
    def mean(counts: Sequence[int]) -> float:
        return sum(k * n for k, n in enumerate(counts)) / max(sum(counts), 1)

    return mean(row.observed), mean(row.excluded)


def _comparisons(audit: AuditReport) -> list[_Comparison]:
    """Checks in their order; one of the naive mix belongs to the check with the same place, if it asks the same."""
    naive = {_question(check.name): check for check in audit.naive.checks}
    return [_Comparison(check, naive.get(_question(check.name))) for check in audit.checks]


def _question(name: str) -> str:
    """A check's name without the counts in it, which differ between two cohorts."""
    return "".join(letter for letter in name if not letter.isdigit())


def _pictures(summary: CohortSummary, audit: AuditReport | None) -> dict[str, Markup]:
    drawn = {
        "ages": plots.ages_plot(summary.ages, "Age of the visits by state; the figures are in the table below."),
        "findings": plots.findings_plot(
            summary.findings, "Number of findings a visit, written as present and as absent, by why somebody comes."
        ),
        "durations": plots.durations_plot(
            summary.classes, "Time since onset by state and rarity; the figures are in the table below."
        ),
        "quarters": plots.quarters_plot(summary.quarters, "Visits a calendar quarter by state, as in the table below."),
    }
    if audit and audit.checks:
        drawn["checks"] = plots.intervals_plot(
            [bar for one in _comparisons(audit) for bar in _check_bars(one)],
            "checks",
            "Cheat tests with 95 % intervals and limits, on this cohort and on the naive mix; as in the table below.",
            axis="AUC, or its change",
        )
    if audit and audit.ablation:
        drawn["ablation"] = plots.intervals_plot(
            [Bar(row.safeguard, row.auc, row.low, row.high) for row in audit.ablation],
            "ablation",
            "AUC of rare against common with each safeguard taken away; the figures are in the table below.",
            axis="AUC, rare against the rest of the sick",
        )
    # drawn by this project from numbers and escaped labels: markup on purpose
    return {name: Markup(svg) for name, svg in drawn.items()}  # noqa: S704


def _check_bars(one: _Comparison) -> list[Bar]:
    bars = [(one.check, "this cohort")] + ([(one.naive, "naive mix")] if one.naive else [])
    return [
        Bar(
            label=one.check.name,
            value=check.value,
            low=check.low,
            high=check.high,
            limit=check.limit,
            is_bad=not check.passed,
            series=series,
        )
        for check, series in bars
    ]
