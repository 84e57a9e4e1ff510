"""What the report and the card say in sentences: facts of the run, and how the system works."""

from collections.abc import Iterator, Sequence

from raretriage.domain import Certificate, InputTier
from raretriage.release.facts import RunFacts
from raretriage.release.figure_names import percent
from raretriage.release.gate import GateRow
from raretriage.release.report_tables import BRIDGE, TEMPORAL

INTENDED_USE = (
    "Triage and prioritisation of patients who come with symptoms: which state is likely (NO ENFERMO, ENFERMEDAD LEVE, "
    "ENFERMEDAD AGUDA, ENFERMEDAD CRÓNICA, or NO SEGURO where the evidence does not decide), and whether a rare "
    "disease "
    "(ENFERMEDAD HUÉRFANA) must be considered.",
    "For clinicians, who decide; the answer prompts review by a clinician or a specialist.",
)
NOT_FOR_USE = (
    "Not a diagnosis, and no reason to leave out an examination: no rare alert excludes nothing.",
    "Not on its own, without a clinician, and not certified as a medical device.",
    "Not where the population differs from the training data, before local evaluation and recalibration.",
)
NOT_RECORDED = "not recorded by the run; to be stated by whoever uses or publishes this version"


def whose(facts: RunFacts) -> str:
    """On whose patients everything rests, in one sentence."""
    if facts.manifest.data.simulated:
        return "Trained and measured on SIMULATED (made-up) patients: no figure here says how real patients would fare."
    if facts.is_simulated:
        return "Trained and measured on local patients; certificates of a SIMULATED basis rest on made-up patients."
    return "Trained and measured on local patients."


def provenance(facts: RunFacts) -> tuple[str, ...]:
    m = facts.manifest
    return (
        f"version {m.version}, made {m.created:%Y-%m-%d %H:%M} UTC from commit {m.git_commit}",
        f"data: {facts.patients}; lake version {m.data.lake_version}, quarters {_span(m.data.periods)}",
        f"knowledge: {m.knowledge.version}; what is rare: {facts.rarity_rule}",
        f"estimators: state {_plain(m.estimators['state'])}; rare {_plain(m.estimators['rare'])}",
        f"ONNX parity: largest difference {m.training.parity:.1e} on {facts.parity_rows:,} rows (limit 1e-5)",
    )


def verdicts(gate: Sequence[GateRow]) -> Iterator[str]:
    """One sentence a level; prod needs what dev needs."""
    for level, needed in (("dev", {"dev"}), ("prod", {"dev", "prod"})):
        rows = [row for row in gate if row.level in needed]
        failed = [row.name for row in rows if not row.passed]
        if any(row.level == level for row in rows):
            verdict = (
                f"NOT passed, {len(failed)} of {len(rows)} checks failed: {', '.join(failed)}" if failed else "passed"
            )
            yield f"{level}: {verdict}" + ("" if failed else f", {len(rows)} checks")


def promises(facts: RunFacts) -> Iterator[str]:
    """What is promised in each tier, with its price, or why nothing is."""
    for tier, promise in facts.promises():
        if not isinstance(promise, Certificate):
            yield f"{tier.value}: no promise, rare is not assessed ({promise.reason.replace('_', ' ')})."
            continue
        prices = "; ".join(
            f"{p.alerts_per_1000:.0f} alerts per 1,000 at {percent(p.prevalence)} rare" for p in promise.prices
        )
        yield (
            f"{tier.value}: of 100 {promise.basis.value} rare patients at least {100 * promise.target:g} are flagged "
            f"({percent(promise.confidence)} confidence; {promise.misses:,} of {promise.positives:,} missed in "
            f"calibration). "
            f"The price: specificity {promise.specificity:.3f}" + (f"; {prices}." if prices else ".")
        )


def tier_counts(facts: RunFacts) -> str:
    """How many encounters of the temporal test hold what each tier needs; '' where it was not measured."""
    n = {tier: m.n for tier in InputTier if (m := facts.metric("roc_auc_rare", TEMPORAL, tier))}
    told = ", ".join(f"{count:,} at tier {tier.value}" for tier, count in n.items())
    return f"Encounters of the temporal test by the input they have: {told}." if told else ""


def rare_positives(facts: RunFacts) -> str:
    """On how many rare patients the promise and its test rest."""
    from raretriage.training import positives_needed

    training = facts.manifest.training
    needed = positives_needed(training.target, training.confidence)
    have = "; ".join(f"{promise.positives:,} at tier {tier.value}" for tier, promise in facts.promises())
    tested = facts.metric("sensitivity_rare", TEMPORAL)
    return (
        f"A promise of {percent(training.target)} sensitivity at {percent(training.confidence)} confidence needs at "
        f"least {needed} rare calibration patients; there are {have or 'none'}."
        + (f" The temporal test holds {tested.n:,} rare encounters at tier findings." if tested else "")
    )


def missing_data(facts: RunFacts) -> tuple[str, ...]:
    indicators = [
        name.removesuffix("_missing") for name in facts.manifest.features.numeric if name.endswith("_missing")
    ]
    return tuple(
        text
        for text in (
            "What a source lacks stays missing; unknown is not absent. A finding is observed, excluded or unknown.",
            f"The model sees by a column of its own that a value is missing: {', '.join(indicators)}."
            if indicators
            else "",
            "Where an estimator cannot take a missing number, the median of the training data stands in, inside the "
            "graph.",
            "Each tier is measured on the same patients with the richer inputs masked.",
            tier_counts(facts),
        )
        if text
    )


def predictors(facts: RunFacts) -> tuple[str, ...]:
    features = facts.manifest.features
    plain = [name for name in features.numeric if not name.endswith("_missing")]
    return (
        f"Numbers ({len(plain)}): {', '.join(plain)}.",
        f"Categories ({len(features.categorical)}): {', '.join(features.categorical)}.",
        f"Findings: {len(features.vocabulary):,} HPO terms, each observed, excluded or unknown. Terms are kept by how "
        "many patients without a rare disease have them, so that no term belongs to the rare alone.",
        "Not predictors: diagnosis, site, region and date; they serve to split and to measure subgroups.",
    )


HELPFUL = (
    "Where rare is not assessed for want of findings, the answer asks for up to five of these. What tells much "
    "is not what a rare disease must have, and what is not listed may still matter."
)


def splits(facts: RunFacts) -> tuple[str, ...]:
    counts, training = facts.counts, facts.manifest.training
    return (
        f"Temporal test: the newest quarters ({', '.join(counts.test_periods)}), at least "
        f"{percent(training.test_share)} of the encounters; its patients are in no other part.",
        f"Calibration: {percent(training.calibration_share)} of the other patients, drawn within rare and not rare; "
        "in no fit, tuning or choice of model. Certificates and state sets rest on it.",
        f"Fit: the rest; candidates are compared on {training.folds} folds by patient, stratified.",
        "Left-out diseases: folds whose rare diseases were never trained on; the bootstrap draws whole diseases.",
        f"Figures of this run by split: {', '.join(facts.splits()) or 'none'}.",
    )


def measures(facts: RunFacts) -> tuple[str, ...]:
    return (
        "Discrimination (ROC-AUC, PR-AUC), classification (recall, F1, sensitivity, specificity), calibration (Brier, "
        "slope, intercept, curve), clinical use (alerts per 1,000, number needed to evaluate, net benefit), coverage "
        "of the state sets and how often NO SEGURO is said.",
        "The rare head's probabilities are put on a line fitted on its k-fold answers: that these have slope 1 and "
        "intercept 0 is no finding; the other splits' are.",
        f"Every figure has a 95 % percentile interval of {facts.manifest.training.draws:,} bootstrap draws by patient "
        "(by disease where diseases are left out) and its n. Bins of the calibration plot have Wilson intervals.",
        "Written rules are measured on the same draws as the model.",
    )


def output(facts: RunFacts) -> tuple[str, ...]:
    sets = facts.manifest.state_sets
    return (
        f"State: every state whose probability reaches its own bound stays possible (class-conditional split "
        f"conformal, "
        f"{percent(sets.coverage)} of each state's patients keep theirs, while each class's own patients do not "
        f"change). "
        f"One "
        "state left: that one. Several, none, or healthy with a rare alert: NO SEGURO, review.",
        "Rare: yes at or above the certified threshold, no below it, not assessed where nothing is certified. It is an "
        "alert beside the state, never a state.",
        "Red flags by written rules show urgency whatever the model says.",
        f"Always NO SEGURO in this version, for too few training patients: "
        f"{', '.join(facts.manifest.untrained_groups) or 'no group'}.",
    )


def against_rules(facts: RunFacts) -> Iterator[str]:
    """Whether the model is worth more than the written rules, tier by tier, where it was measured."""
    for tier in InputTier:
        if m := facts.metric("f1_state_macro_minus_rules", TEMPORAL, tier):
            verdict = "above" if m.low > 0 else "below" if m.high < 0 else "not told apart from"
            yield f"The state's macro-F1 is {verdict} the written rules' at tier {tier.value}, on the temporal test."


def bridge_words(facts: RunFacts) -> str:
    if not facts.metrics(BRIDGE):
        return "The bridge set was not measured in this run."
    return (
        "The test for a model of the source: common diseases described by HPO's annotations, and rare ones in the "
        "words "
        "of the common table. None of these descriptions, and no other description of these rare diseases, was trained "
        "on. Were the source all that counts, ROC-AUC for rare would be near 0 here; were it nothing, as in the other "
        "splits."
    )


def limits(facts: RunFacts) -> tuple[str, ...]:
    unmeasured = [tier.value for tier, promise in facts.promises() if not isinstance(promise, Certificate)]
    untrained = facts.manifest.untrained_groups
    simulated = (
        "Patients, visits and labels are made up by a program (SIMULATED): the figures measure the method on that "
        "program's patients. No figure of this report is evidence of clinical benefit.",
        "The share of rare disease is a design for training and calibration, far above life's; read the price at 1 % "
        "and "
        "0.1 %.",
    )
    return (
        *(simulated if facts.manifest.data.simulated else ()),
        *((f"Rare is not assessed at tier {' and '.join(unmeasured)}.",) if unmeasured else ()),
        *((f"Too few training patients to answer for: {', '.join(untrained)}.",) if untrained else ()),
        "The promise holds for patients like those of calibration; it says nothing of single diseases or subgroups, "
        "which may fare worse than the whole.",
        "Labels are somebody's decision about a visit; where they pull against what is seen, model and figures "
        "inherit it.",
        "Bootstrap intervals know of chance in drawing patients, not of a change of hospital, coding or time.",
    )


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _span(periods: Sequence[str]) -> str:
    return f"{periods[0]} to {periods[-1]}" if periods else "unknown"
