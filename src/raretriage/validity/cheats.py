"""Can a model tell the classes without any medicine? The cheat tests of the cohort, each with its limit.

A check of rarity is about ill people only, on diseases that the model never met; one of illness is about everybody, on
patients that it never met. It passes when the upper end of its 95 % interval stays within the limit: being unsure is
not passing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from raretriage.cohort.profiles import Origin, load_background
from raretriage.domain import Pregnancy, Sex, State
from raretriage.knowledge import Knowledge
from raretriage.validity.mix import Mix, encoded, matrix_of
from raretriage.validity.sample import Ints, Sample
from raretriage.validity.telling import FOLDS, LEFT_OUT_PATIENTS, SPLIT, Contest, Estimate, Matrix, stacked

RARE_LIMIT = 0.60
ORIGIN_LIMIT = 0.70
PERMUTATION_LIMIT = 0.02
ILL_LIMIT = 0.65
"""More than for rarity, for a check-up has no onset, and the emergency department measures more. At the most: the 45 %
of the healthy who had no complaint in a month (NHANES, see `nuisance.toml`) never have an onset, and a third of all
others lack it too, which is 0.5 + 0.45 * (2 / 3) / 2 = 0.65. Beyond, a gap would be a diagnosis."""
LEAST_VISITS = 5_000
"""With fewer the interval says little; a check on fewer does not pass."""

_REPEATS = range(5)
"""Permutations that a figure is the mean of."""
_PERMUTED: Mapping[str, tuple[float | None, bool]] = {
    "source-specific terms": (PERMUTATION_LIMIT, False),
    "terms that one source happens not to use": (None, True),
}
"""What is permuted, its limit, and whether a small source's gaps count."""


@dataclass(frozen=True, slots=True)
class Check:
    """One figure with its limit. The limit is None where a figure is medicine too and is only reported."""

    name: str
    value: float
    low: float
    high: float
    limit: float | None
    n: int
    split: str = SPLIT
    detail: str = ""

    @property
    def passed(self) -> bool:
        """Within the limit with 95 % confidence, on enough visits; always true of what is only reported."""
        return self.limit is None or (self.high <= self.limit and self.n >= LEAST_VISITS)

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "limit": self.limit,
            "n": self.n,
            "split": self.split,
            "detail": self.detail,
            "passed": self.passed,
        }


def run_checks(
    mix: Mix, knowledge: Knowledge, *, seed: int, progress: Callable[[str], object] = lambda _name: None
) -> tuple[Check, ...]:
    """All checks of one way to make patients.

    Args:
        mix: at least `LEAST_VISITS` visits on either side; with fewer no check passes.
        knowledge: rolls findings up, as for a model.
        seed: of folds, bootstrap and permutations.
        progress: called with the name of each finished check.

    Raises:
        NothingToCompare: too few diseases of a kind to leave some out.
    """
    checks = []
    for check in _checks(mix, knowledge, seed):
        checks.append(check)
        progress(check.name)
    return tuple(checks)


def _checks(mix: Mix, knowledge: Knowledge, seed: int) -> Iterator[Check]:
    contest = Contest.between(mix.ill.is_rare, mix.ill.group, seed=seed)
    looks = {**_LOOKS, **_reported(knowledge)}
    for name, (look, limit) in looks.items():
        yield _check(f"rare from {name}", contest.estimate(contest.auc(*contest.scores(look(mix.ill)))), limit)
    yield from _permuted(mix, knowledge, contest, seed)
    for name, sample in (("all", mix.rare), ("diseases that both describe", mix.twins)):
        # From all that a model is given; a half would mean that nothing tells the two apart.
        is_omim = sample.origin == Origin.OMIM.value
        against = Contest.between(is_omim, sample.group, seed=seed)
        scores = against.scores(matrix_of(encoded(sample, mix.vocabulary, knowledge)))
        yield _check(f"OMIM or ORPHA within rare, {name}", against.estimate(against.auc(*scores)), ORIGIN_LIMIT)
    yield from _table_or_annotations(mix, knowledge, seed)
    yield from _ill(mix.everybody, seed)


def _ill(everybody: Sample, seed: int) -> Iterator[Check]:
    """Who is ill, of the healthy and the ill."""
    is_healthy = everybody.state == list(State).index(State.HEALTHY)
    contest = Contest.between(~is_healthy, everybody.patient, seed=seed)
    for name, (look, limit) in _LOOKS_AT_EVERYBODY.items():
        check = _check(f"ill from {name}", contest.estimate(contest.auc(*contest.scores(look(everybody)))), limit)
        yield replace(check, split=LEFT_OUT_PATIENTS, detail=f"{is_healthy.sum()} visits of healthy people")


def _table_or_annotations(mix: Mix, knowledge: Knowledge, seed: int) -> Iterator[Check]:
    """Who described the disease, within one class. Which diseases are described is medicine too: reported only."""
    for name, of_class in (("rare", mix.ill.is_rare), ("common", ~mix.ill.is_rare)):
        sample = mix.ill.take(np.flatnonzero(of_class))
        is_written = sample.origin == Origin.TABLE.value
        sides = [len(np.unique(sample.group[rows])) for rows in (is_written, ~is_written)]
        if min(sides) >= FOLDS:
            contest = Contest.between(is_written, sample.group, seed=seed)
            scores = contest.scores(matrix_of(encoded(sample, mix.vocabulary, knowledge)))
            check = _check(f"table or annotations within {name}", contest.estimate(contest.auc(*scores)), None)
            yield replace(check, detail=f"{sides[0]} diseases by the table, {sides[1]} from annotations")


def limited_checks(ill: Sample, everybody: Sample, *, seed: int) -> Iterator[Check]:
    """The checks that have a limit and need to know nothing of who described a disease.

    Raises:
        NothingToCompare: too few diseases of a kind, or patients, to leave some out.
    """
    contest = Contest.between(ill.is_rare, ill.group, seed=seed)
    for name, (look, limit) in _LOOKS.items():
        if limit is not None:
            yield _check(f"rare from {name}", contest.estimate(contest.auc(*contest.scores(look(ill)))), limit)
    yield from (check for check in _ill(everybody, seed) if check.limit is not None)


def _check(name: str, figure: Estimate, limit: float | None) -> Check:
    return Check(name, figure.value, figure.low, figure.high, limit, figure.n)


def missingness(sample: Sample) -> Matrix:
    """What is not known of each visit and of its findings, and nothing of what is."""
    return np.concatenate([unknown_fields(sample), stacked([sample.undated])], axis=1)


def unknown_fields(sample: Sample) -> Matrix:
    """Which fields are not known of each visit, findings apart: the healthy have fewer anyway."""
    columns = sample.columns
    unknown = [np.isnan(values) for values in columns.numbers.values()]
    unknown += [values == "" for values in columns.categories.values()]
    unknown.append(columns.categories["pregnant"] == Pregnancy.UNKNOWN.value)
    return stacked(unknown)


Look = Callable[[Sample], Matrix]

_LOOKS: Mapping[str, tuple[Look, float | None]] = {
    "the number of observed findings": (lambda sample: stacked([sample.observed]), RARE_LIMIT),
    "the number of absent findings": (lambda sample: stacked([sample.excluded]), RARE_LIMIT),
    "both numbers of findings": (lambda sample: stacked([sample.observed, sample.excluded]), RARE_LIMIT),
    "missingness": (missingness, RARE_LIMIT),
    "duration": (lambda sample: stacked([sample.columns.numbers["days"]]), None),
    "age and sex": (
        lambda sample: stacked([sample.columns.numbers["age_years"], sample.columns.categories["sex"] == Sex.MALE]),
        None,
    ),
}
"""What a check sees of a visit, and the limit; duration, age and sex are medicine, so they have none."""


_LOOKS_AT_EVERYBODY: Mapping[str, tuple[Look, float | None]] = {
    "unknown fields": (unknown_fields, ILL_LIMIT),
    "both numbers of findings": (lambda sample: stacked([sample.observed, sample.excluded]), None),
}
"""The same of healthy and ill. That the healthy have fewer findings is medicine."""


def _reported(knowledge: Knowledge) -> Mapping[str, tuple[Look, float | None]]:
    """How a finding is worded: part of it is medicine, for a cough has no finer term and a malformation has many."""
    everyday = {symptom.hpo_id for symptom in load_background(knowledge)}
    coded = set(knowledge.snomed_to_hpo.values())
    return {
        "the share of everyday symptoms": (lambda sample: _mean_of(sample, everyday.__contains__), None),
        "the share of findings with a SNOMED CT code": (lambda sample: _mean_of(sample, coded.__contains__), None),
        "how exact the terms are": (
            lambda sample: _mean_of(sample, lambda hpo_id: len(knowledge.ancestors(hpo_id))),
            None,
        ),
    }


def _mean_of(sample: Sample, say: Callable[[str], float]) -> Matrix:
    """The mean over each visit's observed findings, shape (n, 1); NaN without any."""
    findings = sample.columns.findings
    rows, ids = findings.row[findings.observed], findings.hpo_id[findings.observed]
    known = {hpo_id: float(say(hpo_id)) for hpo_id in set(ids.tolist())}
    said = np.bincount(rows, weights=[known[hpo_id] for hpo_id in ids.tolist()], minlength=sample.count)
    return stacked([np.where(sample.observed > 0, said / np.maximum(sample.observed, 1), np.nan)])


def _permuted(mix: Mix, knowledge: Knowledge, contest: Contest, seed: int) -> Iterator[Check]:
    """How far the AUC from findings falls when the terms of one source are dealt to other patients.

    The model sees observed findings alone, so that nothing else can take the place of the permuted ones. They are
    permuted together, among the visits of a fold, so that what goes together stays together.
    """
    found = np.maximum(encoded(mix.ill, mix.vocabulary, knowledge).phenotypes, 0)
    columns: dict[str, Ints] = {}
    shuffled: list[Matrix] = []
    for what, (_limit, by_chance) in _PERMUTED.items():
        own = mix.uses.one_sided(by_chance=by_chance)
        columns[what] = np.flatnonzero([term in own for term in mix.vocabulary])
        shuffled += [_shuffled(found, columns[what], contest, np.random.default_rng([seed, n])) for n in _REPEATS]
    true, *others = (contest.auc(scores) for scores in contest.scores(found, *shuffled))
    for place, (what, (limit, _by_chance)) in enumerate(_PERMUTED.items()):
        after = np.mean(others[place * len(_REPEATS) : (place + 1) * len(_REPEATS)], axis=0)
        check = _check(f"rare AUC moved by permuting {what}", contest.estimate(true - after), limit)
        yield replace(check, detail=f"{len(columns[what])} of {len(mix.vocabulary)} terms, AUC {true[0]:.3f} before")


def _shuffled(found: Matrix, columns: Ints, contest: Contest, rng: np.random.Generator) -> Matrix:
    changed = found.copy()
    for fold in np.unique(contest.fold):
        members = np.flatnonzero(contest.fold == fold)
        changed[np.ix_(members, columns)] = found[np.ix_(rng.permutation(members), columns)]
    return changed
