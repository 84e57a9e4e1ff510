"""`raretriage evaluate --cases`: the exported graph asked about real people, both sides side by side."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from raretriage.cli.console import err, out, progress, table
from raretriage.cli.knowledge_sources import KnowledgePlaces, build_from
from raretriage.cli.workspace import Workspace
from raretriage.domain import Certificate, Refusal
from raretriage.release import Run

if TYPE_CHECKING:
    from raretriage.knowledge import Knowledge
    from raretriage.validity.cases import CaseSet
    from raretriage.validity.real_people import FindingsRow, RealPeopleReport
    from raretriage.validity.shares import Share


def measure_cases(work: Workspace, run: Run, places: Sequence[Path]) -> dict[str, object]:
    """Measure a run on real cases, print the tables, and return the same as JSON.

    Args:
        work: names the lake that the run was trained from; without it there is nothing simulated to compare with.
        run: of which the exported graph is asked.
        places: files or folders; what they hold is recognised by content.

    Raises:
        UnknownCases: a place holds nothing that can be read.
    """
    from raretriage.validity.answered import scorer_of
    from raretriage.validity.case_files import find_cases, read_cases
    from raretriage.validity.real_people import real_people

    files = find_cases(places)
    for path in files.unknown:
        err.print(f"  [dim]{path}: no cases, not read[/dim]")
    scorer = scorer_of(run)
    judge = _judge(work, scorer.knowledge)
    with progress("reading cases"):
        sets = [*read_cases(files, knowledge=scorer.knowledge, judge=judge), *_temporal(work, run)]
    with progress("asking the exported graph") as tick:
        report = real_people(scorer, sets, rarity_rule=judge.rarity_rule, progress=tick)
    show_real_people(report)
    return report.as_json()


def show_real_people(report: "RealPeopleReport") -> None:
    """Print the report."""
    out.print(f"[bold]model {report.version}[/bold], the exported graph on people from elsewhere")
    out.print(f"rare is decided by: {report.rarity_rule}")
    out.print(f"findings tier: {_promise(report.findings)}; vitals tier: {_promise(report.vitals)}")
    _show_accounts(report)
    _show_sides(report)
    _show_states(report)
    _show_people(report)
    _show_facts(report)
    _show_withheld(report)
    for what in report.not_measured:
        out.print(f"not measured: {what}")


def _judge(work: Workspace, of_model: "Knowledge") -> "Knowledge":
    """What decides on rarity: Orphanet's tables where the settings name them, else the model's own knowledge."""
    if work.orphanet is None:
        return of_model
    places = KnowledgePlaces.of_settings(work.settings)
    return build_from(places, work.orphanet, rare_per_10000=work.settings.rare_per_10000)


def _temporal(work: Workspace, run: Run) -> "list[CaseSet]":
    """The run's own temporal test, where its lake is there."""
    from raretriage.lake import NoSuchTable, NoSuchVersion
    from raretriage.training import NotEnoughData
    from raretriage.validity.temporal_cases import read_temporal

    version = run.manifest.data.lake_version
    try:
        with work.audited("read for evaluation", f"lake:encounters@{version}"):
            encounters = work.lake.read("encounters", version)
        return [read_temporal(encounters, run.manifest.training)]
    except (NoSuchTable, NoSuchVersion, NotEnoughData) as error:
        err.print(f"  [dim]no temporal test to compare with: {error}[/dim]")
        return []


def _promise(certificate: Certificate | Refusal) -> str:
    if isinstance(certificate, Certificate):
        return f"flagged from {certificate.threshold:.4f} ({certificate.basis})"
    return f"rare not assessed ({certificate.reason})"


def _show_accounts(report: "RealPeopleReport") -> None:
    rows = []
    for account in report.accounts:
        rows.append((account.source, "read", account.read))
        rows += [(account.source, f"used: {group}", count) for group, count in account.used.items()]
        rows += [(account.source, f"unused: {reason}", count) for reason, count in account.unused.items()]
        rows += [(account.source, f"  of what was used: {note}", count) for note, count in account.notes.items()]
    table("What became of every record (read = used + unused)", ("source", "", "n"), rows)


def _show_sides(report: "RealPeopleReport") -> None:
    """Sensitivity and false alerts under one heading, by the number of findings told."""
    rows = sorted(report.rows, key=lambda row: (_step_order(row.step), not row.is_rare))
    table(
        "Flagged at the certified threshold: rare patients found (sensitivity), others alerted falsely (the price)",
        (
            "findings",
            "",
            "who",
            "flagged (mean of cases)",
            "(mean of diseases)",
            "NO SEGURO",
            "median P",
            "n",
            "diseases",
        ),
        [
            (
                row.step,
                "found" if row.is_rare else "false",
                _who(report, row),
                _share(row.flagged),
                _share(row.flagged_macro),
                _share(row.unsure),
                f"{row.rare_probability_median:.3f}",
                row.unsure.n,
                row.unsure.clusters,
            )
            for row in rows
        ],
    )
    table(
        "Whom the model ranks higher: ROC-AUC of P(rare), told as many findings and as little else",
        ("findings", "rare", "against", "ROC-AUC"),
        [
            (row.step, _who(report, row), other, f"{auc:.3f}")
            for row in rows
            for other, auc in row.roc_auc_against.items()
        ],
    )


def _step_order(step: str) -> int:
    from raretriage.validity.cases import STEPS

    return [each.name for each in STEPS].index(step)


def _show_states(report: "RealPeopleReport") -> None:
    from raretriage.validity.cases import ALL_OBSERVED

    rows = [row for row in report.rows if row.step == ALL_OBSERVED.name]
    if rows:
        table(
            "States said, all observed findings told",
            ("who", *rows[0].states, "n"),
            [(_who(report, row), *(f"{v:.2f}" for v in row.states.values()), row.unsure.n) for row in rows],
        )


def _show_people(report: "RealPeopleReport") -> None:
    if not report.people:
        return
    table(
        "People without findings (vitals tier)",
        ("who", "rare alerts per 1,000", *report.people[0].states, "P(rare) 5/50/95 %", "scores above NHANES", "n"),
        [
            (
                row.name,
                f"not assessed, {row.n} of {row.n}" if row.flagged is None else f"{1000 * row.flagged.value:.0f}",
                *(f"{v:.2f}" for v in row.states.values()),
                "/".join(f"{p:.3f}" for p in row.rare_probability),
                "-" if row.above_survey is None else f"{row.above_survey:.2f}",
                row.n,
            )
            for row in report.people
        ],
    )


def _show_facts(report: "RealPeopleReport") -> None:
    names = list(next(iter(report.facts.values()), {}))
    table(
        "In what they differ, all that is recorded told",
        ("", *report.facts),
        [(name, *(f"{group[name]:.4g}" for group in report.facts.values())) for name in names],
    )


def _show_withheld(report: "RealPeopleReport") -> None:
    if report.withheld:
        table(
            "What a field that is not known costs: the temporal test again, all observed findings told",
            ("withheld", "rare found", "false alerts", "ill said to be healthy", "NO SEGURO", "rare / not / ill"),
            [
                (
                    row.withheld,
                    *("-" if v is None else f"{v:.3f}" for v in (row.found, row.false_alerts, row.ill_said_healthy)),
                    f"{row.unsure:.3f}",
                    f"{row.rare} / {row.not_rare} / {row.ill}",
                )
                for row in report.withheld
            ],
        )


def _who(report: "RealPeopleReport", row: "FindingsRow") -> str:
    from raretriage.validity.real_people import BARE

    source = {
        "published": "published",
        "ddxplus": "DDXPlus (simulated elsewhere)",
        "temporal": "SIMULATED test" if report.is_simulated else "temporal test",
    }[row.source]
    return f"{source}, {row.group}" + (f"; {row.told}" if row.told == BARE else "")


def _share(share: "Share | None") -> str:
    if share is None:
        return "not assessed"
    return f"{share.value:.3f}" if share.low is None else f"{share.value:.3f} ({share.low:.2f}-{share.high:.2f})"
