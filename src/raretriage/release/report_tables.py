"""The tables that the report and the card share: each a function of what is known of a run."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from raretriage.bucket import MODEL_FILE, GroupPromise, HelpfulFinding, Metric
from raretriage.domain import Certificate
from raretriage.release.document import Table
from raretriage.release.facts import RunFacts
from raretriage.release.figure_names import cell, figure_name, interval_of, number, percent, place_of, value_of
from raretriage.release.gate import GateRow
from raretriage.release.hazards import hazards

TEMPORAL, BRIDGE = "temporal", "bridge"
FIGURES_NOTE = (
    "95 % percentile intervals of a bootstrap by patient, by disease where diseases are left out or on the bridge "
    "set; n "
    "is how many the figure is about."
)
COLUMNS_A_TABLE = 3
"""As many figures, with interval and n each, as fit beside each other on paper."""


def gate_table(gate: Sequence[GateRow]) -> Table:
    return Table(
        "Gate",
        ("level", "check", "result", "value", "limit", "reason"),
        tuple((r.level, r.name, "passed" if r.passed else "FAILED", r.value, r.limit, r.reason) for r in gate),
        "The limits hold at the unfavourable end of each 95 % interval.",
    )


def certificate_table(facts: RunFacts) -> Table:
    rows = [
        (
            tier.value,
            f"at least {percent(promise.target)}",
            percent(promise.confidence),
            f"{promise.positives:,}",
            f"{promise.misses:,}",
            number(promise.sensitivity_lower_bound, 3),
            f"{promise.threshold:.4g}",
            f"{promise.specificity:.3f}\nn {promise.negatives:,}",
            promise.basis.value,
        )
        if isinstance(promise, Certificate)
        else (tier.value, "none", "–", f"{promise.positives:,}", "–", "–", "–", "–", promise.basis.value)
        for tier, promise in facts.promises()
    ]
    return Table(
        "Recall certificates",
        (
            "tier",
            "sensitivity",
            "confidence",
            "rare patients",
            "missed",
            "lower bound",
            "threshold",
            "specificity",
            "basis",
        ),
        tuple(rows),
        "On calibration patients, one encounter each, who were in no fit, tuning or choice. One-sided Clopper-Pearson "
        "bound along a threshold grid fixed beforehand. A tier is the richest input present: any finding, else any "
        "vital sign, else five basic fields.",
    )


def price_table(facts: RunFacts) -> Table | None:
    """None where nothing is certified."""
    rows = tuple(
        (
            tier.value,
            percent(price.prevalence),
            number(price.alerts_per_1000, 0),
            number(price.number_needed_to_evaluate, 1),
            number(1000 * price.net_benefit, 2),
        )
        for tier, promise in facts.promises()
        if isinstance(promise, Certificate)
        for price in promise.prices
    )
    note = (
        "From sensitivity and specificity on the calibration patients. Net benefit: true alerts minus false ones "
        "weighted by the odds of the threshold probability, here the prevalence itself (Vickers & Elkin 2006, Med "
        "Decis "
        "Making 26:565)."
    )
    columns = ("tier", "rare", "alerts per 1,000", "needed to evaluate for one rare", "net benefit per 1,000")
    return Table("What the certified threshold costs", columns, rows, note) if rows else None


def temporal_table(facts: RunFacts) -> Table | None:
    """A line a figure, a column a tier."""
    tables = list(_side_by_side(facts.metrics(TEMPORAL), "Temporal test", lambda m: f"tier {m.tier.value}"))
    return tables[0] if tables else None


def other_split_tables(facts: RunFacts) -> Iterator[Table]:
    """A line a figure, a column a split; without the temporal test and the bridge set, which stand by themselves."""
    metrics = [m for split in facts.splits() if split not in {TEMPORAL, BRIDGE} for m in facts.metrics(split)]
    yield from _side_by_side(metrics, "Other splits", lambda m: f"{m.split}, tier {m.tier.value}")


def bridge_table(facts: RunFacts) -> Table | None:
    metrics = facts.metrics(BRIDGE)
    return long_table("Bridge set", metrics) if metrics else None


def subgroup_tables(facts: RunFacts) -> Iterator[Table]:
    """A line a group, a column a figure; as many tables as the figures need."""
    for split in facts.splits():
        metrics = facts.metrics(split, groups=True)
        for tier in dict.fromkeys(metric.tier for metric in metrics):
            own = [metric for metric in metrics if metric.tier is tier]
            found = {(metric.group, metric.name): metric for metric in own}
            groups = tuple(dict.fromkeys(metric.group for metric in own))
            names = sorted({metric.name for metric in own}, key=place_of)
            for number_of, shown in enumerate(_chunks(names, COLUMNS_A_TABLE), start=1):
                yield Table(
                    f"Subgroups {number_of}, {split}, tier {tier.value}",
                    ("group", *(figure_name(name).label for name in shown)),
                    tuple(
                        (group_words(group), *(cell(found.get((group, name))) for name in shown))
                        for group in groups
                        if any((group, name) in found for name in shown)
                    ),
                    FIGURES_NOTE,
                )


def group_words(group: str) -> str:
    """A group for a reader.

    >>> group_words("age_band=child")
    'age band: child'
    """
    kind, _, value = group.partition("=")
    return f"{kind.replace('_', ' ')}: {value}" if value else group


def long_table(title: str, metrics: Iterable[Metric]) -> Table:
    """A line a figure with its split, tier, interval and n."""
    return Table(
        title,
        ("figure", "split", "tier", "value", "95 % interval", "n"),
        tuple((figure_name(m.name).label, m.split, m.tier.value, *_value_and_n(m)) for m in metrics),
        FIGURES_NOTE,
    )


def long_subgroup_table(metrics: Iterable[Metric]) -> Table:
    """A line a group and figure."""
    return Table(
        "Figures by subgroup",
        ("group", "figure", "split", "tier", "value", "95 % interval", "n"),
        tuple(
            (group_words(m.group), figure_name(m.name).label, m.split, m.tier.value, *_value_and_n(m)) for m in metrics
        ),
        FIGURES_NOTE,
    )


def _value_and_n(metric: Metric) -> tuple[str, str, str]:
    return value_of(metric), interval_of(metric), f"{metric.n:,}"


def parts_table(facts: RunFacts) -> Table:
    counts = facts.counts
    return Table(
        "Parts",
        ("part", "encounters", "patients"),
        tuple((part, f"{n:,}", f"{counts.patients[part]:,}") for part, n in counts.encounters.items()),
        f"No patient is in two parts. {counts.older_rows_left_out:,} older encounters of the test's patients are in no "
        "part.",
    )


def rows_table(facts: RunFacts) -> Table:
    rows = facts.counts.rows
    return Table(
        "Encounters read",
        ("encounters", "number"),
        (
            ("read from the lake", f"{rows.read:,}"),
            ("state or rarity unknown, left out", f"{rows.unlabelled:,}"),
            ("no quarter, left out", f"{rows.undated:,}"),
            ("labelled and used", f"{rows.used:,}"),
        ),
    )


def conflicts_table(facts: RunFacts) -> Table:
    return Table(
        "Labels that pull against what is seen",
        ("conflict", "encounters"),
        tuple((what, f"{n:,}") for what, n in facts.counts.conflicts.items()),
        f"Of {facts.counts.rows.used:,} labelled encounters; one may be in several lines. Nothing is changed for it.",
    )


def candidates_table(facts: RunFacts) -> Table:
    return Table(
        "Candidates on the same folds",
        ("candidate", "ROC-AUC rare", "PR-AUC rare", "Brier rare", "F1 state, macro", "Brier state", "seconds"),
        tuple(
            (
                c.name.replace("_", " "),
                _with_error(c.roc_auc_rare, c.roc_auc_rare_se),
                _or_dash(c.pr_auc_rare),
                _or_dash(c.brier_rare),
                _with_error(c.f1_state, c.f1_state_se),
                _or_dash(c.brier_state),
                number(c.seconds, 0),
            )
            for c in facts.candidates
        ),
        f"Means over {facts.manifest.training.folds} folds by patient of the fit part, "
        "every encounter scored by a model that did not see its patient, tier findings; "
        "± one standard error over the folds. Seconds of processor time for both heads and all folds.",
    )


def range_table(facts: RunFacts) -> Table:
    return Table(
        "Range seen in training",
        ("field", "smallest", "largest"),
        tuple((name, f"{low:g}", f"{high:g}") for name, (low, high) in facts.manifest.training_range.items()),
        "A value outside of it is answered NO SEGURO.",
    )


def files_table(facts: RunFacts) -> Table:
    """Only what is not written by the same step as this table."""
    files = facts.manifest.files
    shown = [name for name in sorted(files) if name == MODEL_FILE]
    return Table(
        "The graph",
        ("file", "bytes", "SHA-256"),
        tuple((name, f"{files[name].bytes:,}", files[name].sha256) for name in shown),
        holds_figures=False,
    )


def hazard_table(facts: RunFacts) -> Table:
    return Table(
        "What can go wrong for a patient",
        ("hazard", "harm", "how the system lessens it", "what the site must do"),
        tuple((h.name, h.harm, h.lessened, h.site) for h in hazards(simulated=facts.is_simulated)),
        "Written by the project, not measured.",
        holds_figures=False,
    )


def _side_by_side(metrics: Sequence[Metric], title: str, column_of: Callable[[Metric], str]) -> Iterator[Table]:
    found = {(metric.name, column_of(metric)): metric for metric in metrics}
    names = sorted({metric.name for metric in metrics}, key=place_of)
    columns = tuple(dict.fromkeys(column_of(metric) for metric in metrics))
    chunks = list(_chunks(columns, COLUMNS_A_TABLE))
    for number_of, shown in enumerate(chunks, start=1):
        yield Table(
            title if len(chunks) == 1 else f"{title}, {number_of}",
            ("figure", *shown),
            tuple(_line(name, shown, found) for name in names if any((name, column) in found for column in shown)),
            FIGURES_NOTE,
        )


def _line(name: str, columns: Sequence[str], found: Mapping[tuple[str, str], Metric]) -> tuple[str, ...]:
    return (f"{figure_name(name).label}\n{name}", *(cell(found.get((name, column))) for column in columns))


def _chunks(values: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(values), size):
        yield tuple(values[start : start + size])


def _or_dash(value: float) -> str:
    return "–" if math.isnan(value) else number(value, 3)


def _with_error(value: float, error: float) -> str:
    return _or_dash(value) if math.isnan(error) else f"{_or_dash(value)} ± {number(error, 3)}"


def helpful_table(lists: Mapping[str, Sequence[HelpfulFinding]], names: Mapping[str, str]) -> Table:
    """What the service asks for where rare is not assessed for want of findings.

    Args:
        lists: by age band.
        names: of findings, by HPO id; without one the id stands alone.
    """
    return Table(
        title="Findings to ask for",
        columns=("age band", "finding", "bits about rare", "observed in", "of the rare in", "n"),
        rows=tuple(
            (
                band,
                f"{names.get(one.hpo_id, '')}\n{one.hpo_id}".strip(),
                number(one.bits, 4),
                percent(one.observed),
                percent(one.observed_of_rare),
                f"{one.n:,}",
            )
            for band, found in lists.items()
            for one in found
        ),
        note="Fit patients with a finding, each counted once. Bits: mutual information of having the finding and rare. "
        "Listed are findings that at least 1 % of the band have, that are mostly told by their own name, and that tell "
        "more than chance explains (G-test, 5 % over the band's findings); of kin the one that tells more.",
    )


def promise_table(groups: Sequence[GroupPromise]) -> Table:
    """Whether the certified threshold keeps its word in each group, a rare patient counted once."""
    verdicts = {"certified": "holds", "cannot_certify": "too few to say", "falls_short": "FALLS SHORT"}
    return Table(
        title="The certified threshold by group",
        columns=("group", "missed of rare", "sensitivity at least", "at most", "verdict"),
        rows=tuple(
            (g.group, f"{g.misses} of {g.positives}", f"{g.low:.3f}", f"{g.high:.3f}", verdicts[g.verdict])
            for g in groups
        ),
        note="Temporal test, findings tier. One-sided Clopper-Pearson bounds; the upper ones share their error over "
        "all groups (Bonferroni), so that a group is not said to fall short by chance.",
    )
