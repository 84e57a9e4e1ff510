"""May this model be served? A table of conditions with what was found, for `dev` and for `prod`.

Judged on the temporal split at the findings tier, or, of a model that was certified anew on other patients, on those
patients; each figure at the end of its 95 % interval that speaks against the
model: being unsure is not passing. Every condition of `dev` is one of `prod` too. The numbers are the design's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from raretriage.bucket import (
    EVERYBODY,
    EXPLANATION_FILE,
    RECALIBRATION,
    TEMPORAL,
    DataCheck,
    Environment,
    GroupPromise,
    Manifest,
    Metric,
)
from raretriage.domain import Certificate, InputTier, State

TIER = InputTier.FINDINGS
PARITY = 1e-5
LEAST_AUC = 0.85
LEAST_SPECIFICITY = 0.90
MOST_UNSURE, MOST_UNSURE_OF_A_STATE = 0.30, 0.50
SLOPES = (0.8, 1.25)
COMPARED = ("roc_auc_rare", "sensitivity_rare", "specificity_rare", "f1_state_macro")
"""Figures of a group in which the model must not be worse than the served one. Higher is better in all of them."""


@dataclass(frozen=True, slots=True)
class GateRow:
    """One condition: what was found, what is asked, and why it is not met ("" where it is)."""

    name: str
    level: Environment
    passed: bool
    value: str
    limit: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Gate:
    """All conditions, those of `dev` first."""

    rows: tuple[GateRow, ...]

    def passed(self, env: Environment) -> bool:
        """Whether the model may be served there."""
        return not self.failures(env)

    def failures(self, env: Environment) -> tuple[GateRow, ...]:
        """The conditions that forbid it."""
        return tuple(row for row in self.rows if not row.passed and (env == "prod" or row.level == "dev"))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gate looks at: a run's own record, or what `evaluate` found anew."""

    manifest: Manifest
    metrics: Sequence[Metric]
    groups: Sequence[GroupPromise]
    checks: Sequence[DataCheck]
    serving: Manifest | None = None
    """Of the model that the environment serves now; None where there is none, or it is this one."""

    @classmethod
    def of(cls, manifest: Manifest, serving: Manifest | None = None) -> "Evidence":
        """As the run itself recorded it."""
        return cls(manifest, manifest.metrics, manifest.groups, manifest.checks, serving)

    def find(self, name: str) -> Metric | None:
        return _find(self.metrics, name, EVERYBODY, split_of(self.manifest))


def split_of(manifest: Manifest) -> str:
    """On whom a model is judged."""
    return TEMPORAL if manifest.recalibrated_on is None else RECALIBRATION


def judge(evidence: Evidence) -> Gate:
    """The gate's table for a model."""
    return Gate((*_dev(evidence), *_prod(evidence)))


def _dev(evidence: Evidence) -> Iterator[GateRow]:
    parity = evidence.manifest.training.parity
    yield _row(
        "ONNX parity", "dev", parity <= PARITY, f"{parity:.1e}", f"<= {PARITY:.0e}", "the graph is another model"
    )
    yield from (_row(c.name, "dev", c.passed, c.found, c.limit, "no figure of this run can be believed")
                for c in evidence.checks)  # fmt: skip
    if not evidence.checks:
        yield _row("no leaked patient", "dev", False, "not checked", "checked", "train or evaluate again")
    for name, words in (
        ("roc_auc_rare", "ROC-AUC rare against the rest"),
        ("roc_auc_state_macro_ovr", "ROC-AUC state"),
    ):
        yield _at_least(evidence.find(name), words, "dev", LEAST_AUC, "it hardly tells them apart", strict=True)
    yield _at_least(
        evidence.find("f1_state_macro_minus_rules"), "macro-F1 of the state above the rules'", "dev", 0.0,
        "the fixed rules are as good", strict=True,
    )  # fmt: skip


def _prod(evidence: Evidence) -> Iterator[GateRow]:
    promise = evidence.manifest.certificates.get(TIER)
    is_certified = isinstance(promise, Certificate)
    yield _row(
        f"certificate, {TIER.value} tier", "prod", is_certified,
        f"{promise.basis.value}, {promise.misses} of {promise.positives} missed" if isinstance(promise, Certificate)
        else "cannot certify",
        f"sensitivity >= {promise.target:.0%}" if isinstance(promise, Certificate) else "a certificate",
        promise.reason if promise is not None and not isinstance(promise, Certificate) else "rare is never assessed",
    )  # fmt: skip
    yield _at_least(
        evidence.find("specificity_rare"), "specificity, people who are not rare", "prod", LEAST_SPECIFICITY,
        "certified, too costly" if is_certified else "nothing is certified",
    )  # fmt: skip
    yield _at_most(evidence.find("unsure_rate"), "NO SEGURO", MOST_UNSURE)
    for state in State:
        yield _at_most(evidence.find(f"unsure_rate_{state.value}"), f"NO SEGURO, {state.value}", MOST_UNSURE_OF_A_STATE)
    yield _within(evidence.find("calibration_slope_rare"), "calibration slope, rare")
    yield from _short_groups(evidence.groups, is_certified)
    yield from _worse_groups(evidence)
    yield _row(
        "exact explanation in serving", "prod", EXPLANATION_FILE in evidence.manifest.files,
        evidence.manifest.estimators["rare"], EXPLANATION_FILE, "this kind of model cannot say why",
    )  # fmt: skip


def _short_groups(groups: Iterable[GroupPromise], is_certified: bool) -> Iterator[GateRow]:
    short = [group for group in groups if group.verdict == "falls_short"]
    unknown = [group.group for group in groups if group.verdict == "cannot_certify"]
    value = ", ".join(f"{g.group} ({g.misses} of {g.positives} missed)" for g in short) or (
        f"none; cannot be certified: {', '.join(unknown) or 'none'}" if is_certified else "nothing is certified"
    )
    yield _row(
        "no group certifiably falls short", "prod", is_certified and not short, value, "none",
        "rare patients of these groups are missed" if short else "nothing is certified",
    )  # fmt: skip


def _worse_groups(evidence: Evidence) -> Iterator[GateRow]:
    """A group is worse where its figure lies below the served model's whole interval for it."""
    name, limit = "no group worse than the served model", "none"
    if evidence.serving is None:
        yield _row(name, "prod", True, "no other model is served", limit)
        return
    worse = []
    own, theirs = split_of(evidence.manifest), split_of(evidence.serving)
    for metric in evidence.metrics:
        if metric.name in COMPARED and metric.group != EVERYBODY and metric.split == own:
            served = _find(evidence.serving.metrics, metric.name, metric.group, theirs)
            if served is not None and metric.value < served.low:
                worse.append(f"{metric.group} {metric.name} {metric.value:.3f} (served {served.value:.3f})")
    yield _row(name, "prod", not worse, "; ".join(worse) or "none", limit, "these patients would be worse off")


def _find(metrics: Iterable[Metric], name: str, group: str, split: str) -> Metric | None:
    return next((m for m in metrics if (m.name, m.group, m.split, m.tier) == (name, group, split, TIER)), None)


def _at_least(
    metric: Metric | None, words: str, level: Environment, least: float, reason: str, *, strict: bool = False
) -> GateRow:
    limit = f"{'>' if strict else '>='} {least:g}"
    passed = metric is not None and (metric.low > least if strict else metric.low >= least)
    return _row(words, level, passed, _shown(metric), limit, reason if metric else "it was not measured")


def _at_most(metric: Metric | None, words: str, most: float) -> GateRow:
    passed = metric is not None and metric.high <= most
    reason = "it says NO SEGURO too often to be of use" if metric else "it was not measured"
    return _row(words, "prod", passed, _shown(metric), f"<= {most:g}", reason)


def _within(metric: Metric | None, words: str) -> GateRow:
    low, high = SLOPES
    passed = metric is not None and low <= metric.low and metric.high <= high
    reason = "its probabilities cannot be taken at their word" if metric else "it was not measured"
    return _row(words, "prod", passed, _shown(metric), f"{low:g} to {high:g}", reason)


def _shown(metric: Metric | None) -> str:
    return "-" if metric is None else f"{metric.value:.3f} ({metric.low:.3f} to {metric.high:.3f}), n = {metric.n}"


def _row(name: str, level: Environment, passed: bool, value: str, limit: str, reason: str = "") -> GateRow:
    return GateRow(name, level, passed, value, limit, "" if passed else reason)
