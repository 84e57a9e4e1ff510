"""The model card: what a reader must know before using this version. Generated, never edited.

In the order of TRIPOD+AI (Collins et al. 2024, BMJ 385:e078378); each heading names its items. What the run does not
record is said not to be recorded.
"""

from collections.abc import Callable, Iterator

from raretriage.bucket import Metric
from raretriage.domain import InputTier
from raretriage.release import report_tables as tables
from raretriage.release import report_words as words
from raretriage.release.document import Block, Bullets, Document, Notice, Section, Text
from raretriage.release.facts import RunFacts
from raretriage.release.figure_names import percent
from raretriage.release.report_markdown import markdown

HEADLINE = (
    *("roc_auc_rare", "pr_auc_rare", "sensitivity_rare", "specificity_rare", "npv_rare", "ppv_rare"),
    *("alerts_per_1000", "alerts_per_1000_at_1pct", "alerts_per_1000_at_0.1pct", "number_needed_to_evaluate"),
    *("brier_rare", "calibration_slope_rare", "prevalence_rare", "roc_auc_state_macro_ovr", "f1_state_macro"),
    *("f1_state_macro_minus_rules", "balanced_accuracy_state", "set_coverage", "unsure_rate"),
)
"""What the card shows of every split and tier; all the rest stands in the report."""
SUBGROUP_HEADLINE = ("sensitivity_rare", "specificity_rare", "roc_auc_rare")


def model_card(facts: RunFacts) -> str:
    """Markdown."""
    return markdown(card_document(facts))


def card_document(facts: RunFacts) -> Document:
    return Document(
        title=f"{facts.manifest.name} {facts.manifest.version}",
        lead=f"{words.whose(facts)} Triage and prioritisation, not diagnosis; a clinician decides.",
        stamp=facts.stamp,
        created=facts.manifest.created,
        sections=tuple(
            Section(title.split(" (", maxsplit=1)[0].lower().replace(" ", "-"), title, tuple(write(facts)))
            for title, write in CARD_SECTIONS
        ),
    )


def _summary(facts: RunFacts) -> Iterator[Block]:
    yield Bullets((*words.provenance(facts), *words.verdicts(facts.gate)))
    yield Bullets(tuple(words.promises(facts)))


def _objectives(facts: RunFacts) -> Iterator[Block]:
    training = facts.manifest.training
    yield Text(
        f"Development and internal evaluation: flag at least {percent(training.target)} of rare patients, promised "
        f"with {percent(training.confidence)} confidence, at a stated price; name the state, or say NO SEGURO. No "
        "external evaluation is part of this run."
    )


def _source(facts: RunFacts) -> Iterator[Block]:
    data = facts.manifest.data
    yield Text(
        f"{'SIMULATED (made-up)' if data.simulated else 'Local'} patients; lake version {data.lake_version}; fitted on "
        f"quarters {', '.join(data.periods)}; temporal test {', '.join(facts.counts.test_periods)}."
    )
    yield tables.rows_table(facts)


def _participants(facts: RunFacts) -> Iterator[Block]:
    untrained = ", ".join(facts.manifest.untrained_groups) or "none"
    yield Text(
        "Emergency and outpatient encounters with both labels and a quarter; nobody is left out by age or sex. "
        "Setting, "
        f"centres and treatments are {words.NOT_RECORDED}. Groups with too few training patients, so always NO SEGURO: "
        f"{untrained}."
    )


def _outcome(facts: RunFacts) -> Iterator[Block]:
    yield Text(
        "A label is about the visit: its state, and whether its cause is a rare disease. What is rare: "
        f"{facts.rarity_rule}."
    )
    yield tables.conflicts_table(facts)


def _predictors(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(words.predictors(facts))


def _sample_size(facts: RunFacts) -> Iterator[Block]:
    yield Text(words.rare_positives(facts))
    yield tables.parts_table(facts)


def _missing(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(words.missing_data(facts))
    yield from _given(facts, "missing")


def _development(facts: RunFacts) -> Iterator[Block]:
    estimators = facts.manifest.estimators
    yield Text(
        f"Two heads in one graph: state by {estimators['state'].replace('_', ' ')}, rare by "
        f"{estimators['rare'].replace('_', ' ')}. Chosen on the same folds by a written rule: the best, or a simpler "
        "candidate within one standard error. The rare head's log-odds are put on a line fitted on answers to fit "
        "patients by models that had not seen them (Platt's sigmoid). Parameters are in the MLflow run."
    )
    yield tables.candidates_table(facts)


def _splits(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(words.splits(facts))


def _measures(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(words.measures(facts))


def _imbalance(facts: RunFacts) -> Iterator[Block]:
    yield Text("No test part is rebalanced; the alert threshold comes from the certificate, not from 0.5.")
    yield from _given(facts, "imbalance")


def _fairness(facts: RunFacts) -> Iterator[Block]:
    groups = sorted({m.group.partition("=")[0].replace("_", " ") for s in facts.splits() for m in _grouped(facts, s)})
    yield Text(
        f"Measured by {', '.join(groups)}; see Performance by subgroup. Nothing was done in training to make groups "
        f"equal."
        if groups
        else "No subgroup was measured in this run."
    )


def _output(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(words.output(facts))
    yield from _given(facts, "helpful")


def _certificates(facts: RunFacts) -> Iterator[Block]:
    yield tables.certificate_table(facts)
    if price := tables.price_table(facts):
        yield price


def _explanation(facts: RunFacts) -> Iterator[Block]:
    if "explanation" not in facts.tables:
        yield Text("This run holds no measurement of explanations of single answers.")
    yield from _given(facts, "explanation")


def _open_science(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(
        (
            *(f"{what}: {words.NOT_RECORDED}." for what in ("Funding", "Conflicts of interest", "Protocol")),
            f"Registration: {words.NOT_RECORDED}.",
            f"Code: Apache License 2.0, commit {facts.manifest.git_commit}.",
            "Data: patients' data is not published with the model; the lake version above names it.",
        )
    )


def _specification(facts: RunFacts) -> Iterator[Block]:
    manifest = facts.manifest
    yield Bullets(
        (
            "One ONNX graph with preprocessing inside; manifest, report and card are published beside it and "
            "attached to the MLflow run.",
            f"Largest difference between graph and fitted pipelines: {manifest.training.parity:.1e} on "
            f"{facts.parity_rows:,} rows (limit 1e-5).",
        )
    )
    if (graph := tables.files_table(facts)).rows:
        yield graph


def _performance(facts: RunFacts) -> Iterator[Block]:
    shown = [
        metric
        for split in facts.splits()
        if split != tables.BRIDGE
        for tier in InputTier
        for metric in sorted(facts.metrics(split, tier=tier), key=_headline_place)
        if metric.name in HEADLINE
    ]
    if shown:
        yield tables.long_table("Headline figures", shown)
        yield Text("All figures, and the pictures: report.html and report.pdf of this version.")
    else:
        yield Notice("No figure was measured.")


def _headline_place(metric: Metric) -> int:
    return HEADLINE.index(metric.name) if metric.name in HEADLINE else len(HEADLINE)


def _by_subgroup(facts: RunFacts) -> Iterator[Block]:
    shown = [m for split in facts.splits() for m in _grouped(facts, split) if m.name in SUBGROUP_HEADLINE]
    yield tables.long_subgroup_table(shown) if shown else Text("No subgroup was measured in this run.")


def _bridge(facts: RunFacts) -> Iterator[Block]:
    yield Text(words.bridge_words(facts))
    if bridge := tables.bridge_table(facts):
        yield bridge


def _interpretation(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(tuple(words.verdicts(facts.gate)) or ("Not judged: the gate was not run on this version.",))
    yield Bullets(tuple(words.against_rules(facts)))


def _limits(facts: RunFacts) -> Iterator[Block]:
    yield Bullets(words.limits(facts))


def _usability(facts: RunFacts) -> Iterator[Block]:
    yield Text("Input that is missing is left missing; input out of range is refused with the field's name.")
    yield tables.hazard_table(facts)


def _given(facts: RunFacts, name: str) -> Iterator[Block]:
    if name in facts.tables:
        yield facts.tables[name]


def _grouped(facts: RunFacts, split: str) -> tuple[Metric, ...]:
    return facts.metrics(split, groups=True)


def _always(*blocks: Block) -> Callable[[RunFacts], Iterator[Block]]:
    """A section that says the same of every version."""
    return lambda _facts: iter(blocks)


CARD_SECTIONS: tuple[tuple[str, Callable[[RunFacts], Iterator[Block]]], ...] = (
    ("Summary (TRIPOD+AI 1, 2)", _summary),
    ("Intended use (3)", _always(Bullets(words.INTENDED_USE))),
    ("Not for use (3)", _always(Notice(" ".join(words.NOT_FOR_USE)))),
    ("Objectives (4)", _objectives),
    ("Data (5)", _source),
    ("Participants (6)", _participants),
    (
        "Data preparation (7)",
        _always(
            Text(
                "De-identified before landing, validated, quarantined where a rule is broken; encoded by the same "
                "code in training and service. Values out of range are refused."
            )
        ),
    ),
    ("Outcome (8)", _outcome),
    ("Predictors (9)", _predictors),
    ("Sample size (10, 20)", _sample_size),
    ("Missing data (11)", _missing),
    ("Splits (12a)", _splits),
    ("Model development (12b, 12c, 21)", _development),
    ("Performance measures (12e)", _measures),
    ("Class imbalance (13)", _imbalance),
    ("Fairness (14)", _fairness),
    ("Model output (15)", _output),
    ("Recall certificate (15)", _certificates),
    ("Explanation (15)", _explanation),
    (
        "Training against evaluation data (16)",
        _always(
            Text(
                "Same source, later quarters; other hospitals are measured only where a split is called left-out "
                "site. Shares of the classes are left as they are."
            )
        ),
    ),
    ("Ethics (17)", _always(Text(f"Ethical approval: {words.NOT_RECORDED}."))),
    ("Funding and open science (18)", _open_science),
    ("Patient and public involvement (19)", _always(Text(f"Patient and public involvement: {words.NOT_RECORDED}."))),
    ("Model availability (22)", _specification),
    ("Performance (23)", _performance),
    ("Performance by subgroup (23)", _by_subgroup),
    ("Bridge set (23)", _bridge),
    (
        "Updating (24)",
        _always(
            Text(
                "A version is never changed. A new one is trained, certified and published beside it; the ledger says "
                "which is served, and from when."
            )
        ),
    ),
    ("Interpretation (25)", _interpretation),
    ("Limits (26)", _limits),
    ("Usability and hazards (27)", _usability),
)
