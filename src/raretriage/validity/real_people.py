"""What the model says of real people: rare ones found, at which price among those who are not rare.

Both sides stand in one table, by the number of findings told. Real and simulated people are never pooled, nor are two
sources. A figure on published rare cases has its interval by disease, since cases of a disease are alike, and stands
as the mean over cases (pooled) and over diseases (macro): one disease alone can be a tenth of the cases.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from raretriage.domain import Certificate, InputTier, Presentation, Refusal, State
from raretriage.serving import Scorer
from raretriage.training import weighted
from raretriage.validity.answered import UNSURE, Answered, ask
from raretriage.validity.case_facts import ADULT_FROM_YEARS, Coverage, facts
from raretriage.validity.cases import (
    RARE_GROUPS,
    STEPS,
    Case,
    CaseSet,
    Group,
    Source,
    observed_of,
    with_fields,
)
from raretriage.validity.shares import Share, macro, pooled
from raretriage.validity.withheld import WithheldRow, withheld_rows

AS_RECORDED = "as recorded"
BARE = "age, sex and findings only"
_BARE_FIELDS = frozenset({"age_years", "sex", "phenotypes"})
_SURVEY_FIELDS = frozenset({"age_years", "sex", "heart_rate", "systolic_bp", "diastolic_bp"})
_NO_FINDINGS = frozenset(Presentation.model_fields) - {"phenotypes"}

NOT_MEASURED = (
    "seen, own paper removed: would need the knowledge, the simulated patients and the model made again without each "
    "case's paper",
    "unseen cases whose paper another disease cites: the cohort was made with those rows",
)

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a source's records: read = used + unused."""

    source: Source
    read: int
    used: Mapping[str, int]
    """Group to number of cases."""
    unused: Mapping[str, int]
    notes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class FindingsRow:
    """One group, told so many findings."""

    source: Source
    group: Group
    told: str
    """Besides the findings: everything, or age and sex alone."""
    step: str
    is_rare: bool
    """Flagged is a hit where true, a false alert where not."""
    flagged: Share | None
    """None: rare is not assessed in this tier."""
    flagged_macro: Share | None
    unsure: Share
    states: Mapping[str, float]
    """Share of each answer, `unsure` included; they sum to 1."""
    rare_probability_median: float
    roc_auc_against: Mapping[str, float]
    """For rare groups: against each group that is not rare, told as much, `source/group` to ROC-AUC."""


@dataclass(frozen=True, slots=True)
class VitalsRow:
    """One group without findings."""

    name: str
    n: int
    flagged: Share | None
    unsure: float
    states: Mapping[str, float]
    rare_probability: tuple[float, float, float]
    """5th, 50th and 95th centile."""
    above_survey: float | None
    """Probability that one of these scores above one of the survey; a half is alike. None for the survey itself."""


@dataclass(frozen=True, slots=True)
class RealPeopleReport:
    """Everything that `raretriage evaluate --cases` prints."""

    version: str
    is_simulated: bool
    """The temporal test's patients are made up."""
    rarity_rule: str
    findings: Certificate | Refusal
    vitals: Certificate | Refusal
    accounts: tuple[Account, ...]
    rows: tuple[FindingsRow, ...]
    people: tuple[VitalsRow, ...]
    facts: Mapping[str, Mapping[str, float]]
    """`source/group` to name to figure."""
    withheld: tuple[WithheldRow, ...]
    """Of the temporal test: what a field that real records lack is worth to the model."""
    not_measured: tuple[str, ...] = NOT_MEASURED

    def as_json(self) -> dict[str, object]:
        return {
            **asdict(self),
            "findings": self.findings.model_dump(mode="json"),
            "vitals": self.vitals.model_dump(mode="json"),
        }


def real_people(
    scorer: Scorer, sets: Sequence[CaseSet], *, rarity_rule: str, seed: int = 1, progress: Progress = lambda _n: None
) -> RealPeopleReport:
    """Ask the model about every case, in every way, and compare.

    Args:
        scorer: the run's own graph and knowledge.
        sets: one a source; the temporal test among them is what the others are compared with.
        rarity_rule: what decided which cases are rare, in words.
        seed: of the bootstrap.
        progress: called after each group, with 1.
    """
    rng = np.random.default_rng(seed)
    certificates = scorer.manifest.certificates
    coverage = Coverage(scorer.manifest.features, scorer.knowledge)
    told = [group for cases in sets for group in _told(cases)]
    rows: list[_Scored] = []
    for group in told:
        rows += group.steps(scorer)
        progress(1)
    is_assessed = isinstance(certificates[InputTier.FINDINGS], Certificate)
    return RealPeopleReport(
        version=scorer.manifest.version,
        is_simulated=scorer.manifest.data.simulated,
        rarity_rule=rarity_rule,
        findings=certificates[InputTier.FINDINGS],
        vitals=certificates[InputTier.VITALS],
        accounts=tuple(_account(cases) for cases in sets),
        rows=tuple(_row(scored, rows, is_assessed, rng) for scored in rows),
        people=tuple(_people(scorer, sets, rng)),
        facts={
            group.name: facts(group.cases, ask(scorer, [c.presentation for c in group.cases]), coverage)
            for group in told
            if group.told == AS_RECORDED
        },
        withheld=tuple(
            row
            for cases in sets
            if cases.source is Source.TEMPORAL
            for row in withheld_rows(scorer, cases.cases, is_assessed=is_assessed)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """A group, and what is told of its patients besides findings."""

    source: Source
    group: Group
    told: str
    cases: tuple[Case, ...]

    @property
    def name(self) -> str:
        return f"{self.source.value}/{self.group.value}"

    def steps(self, scorer: Scorer) -> "Iterator[_Scored]":
        cluster = np.array([case.cluster for case in self.cases], dtype=object)
        for step in STEPS:
            if step.with_excluded and self.source is Source.DDXPLUS:
                continue  # it says of no finding that it was asked for and absent
            shown = [step.shown(case.presentation) for case in self.cases]
            if self.told == BARE:
                shown = [with_fields(presentation, _BARE_FIELDS) for presentation in shown]
            yield _Scored(self, step.name, cluster, ask(scorer, shown))


@dataclass(frozen=True, slots=True)
class _Scored:
    of: _Told
    step: str
    cluster: "np.ndarray[tuple[int, ...], np.dtype[np.object_]]"
    answered: Answered

    @property
    def is_rare(self) -> bool:
        return self.of.group in RARE_GROUPS


def _told(cases: CaseSet) -> Iterator[_Told]:
    """The groups of a source, of patients with an observed finding; simulated ones also as bare as published ones."""
    for group in Group:
        own = tuple(c for c in cases.cases if c.group is group and observed_of(c.presentation))
        if own:
            yield _Told(cases.source, group, AS_RECORDED, own)
            if cases.source is Source.TEMPORAL:
                yield _Told(cases.source, group, BARE, own)


def _account(cases: CaseSet) -> Account:
    used = {group.value: sum(case.group is group for case in cases.cases) for group in Group}
    return Account(
        source=cases.source,
        read=cases.read,
        used={group: count for group, count in used.items() if count},
        unused={reason: count for reason, count in cases.unused.items() if count},
        notes=cases.notes,
    )


def _row(scored: _Scored, everybody: Sequence[_Scored], is_assessed: bool, rng: np.random.Generator) -> FindingsRow:
    answered, cluster = scored.answered, scored.cluster
    is_flagged = answered.is_flagged
    return FindingsRow(
        source=scored.of.source,
        group=scored.of.group,
        told=scored.of.told,
        step=scored.step,
        is_rare=scored.is_rare,
        flagged=pooled(is_flagged, cluster, rng) if is_assessed else None,
        flagged_macro=macro(is_flagged, cluster, rng) if is_assessed else None,
        unsure=pooled(answered.state == UNSURE, cluster, rng),
        states=_states(answered),
        rare_probability_median=float(np.median(answered.rare_probability)),
        roc_auc_against={
            other.of.name: _above(answered, other.answered)
            for other in everybody
            if scored.is_rare and not other.is_rare and other.step == scored.step and _are_alike(scored, other)
        },
    )


def _are_alike(rare: _Scored, other: _Scored) -> bool:
    """Simulated patients are compared told as much; real ones with whoever is told as little as they are."""
    if rare.of.source is Source.TEMPORAL:
        return other.of.source is Source.TEMPORAL and rare.of.told == other.of.told
    return other.of.source is not Source.TEMPORAL or other.of.told == BARE


def _people(scorer: Scorer, sets: Sequence[CaseSet], rng: np.random.Generator) -> Iterator[VitalsRow]:
    """The survey's healthy adults, and simulated people at the same tier, told all or as little as the survey."""
    survey = [case for cases in sets if cases.source is Source.NHANES for case in cases.cases]
    if not survey:
        return
    answered = ask(scorer, [case.presentation for case in survey])
    yield _vitals_row("NHANES, good health by their own word", survey, answered, None, scorer, rng)
    simulated = [c for cases in sets if cases.source is Source.TEMPORAL for c in cases.cases if _is_adult(c)]
    chosen: dict[str, Callable[[Case], bool]] = {
        "temporal test, healthy adults": lambda case: case.state is State.HEALTHY,
        "temporal test, adults who are not rare": lambda case: case.group is Group.NOT_RARE,
    }
    for name, is_chosen in chosen.items():
        own = [case for case in simulated if is_chosen(case) and _has_a_reading(case)]
        for told, fields in (("all but findings", _NO_FINDINGS), ("what NHANES knows", _SURVEY_FIELDS)):
            if own:
                shown = ask(scorer, [with_fields(case.presentation, fields) for case in own])
                yield _vitals_row(f"{name}, {told}", own, shown, answered, scorer, rng)


def _is_adult(case: Case) -> bool:
    age = case.presentation.age_years
    return age is not None and age >= ADULT_FROM_YEARS


def _has_a_reading(case: Case) -> bool:
    """One that the survey takes too, so that both are of the tier whatever is told."""
    return any(getattr(case.presentation, field) is not None for field in _SURVEY_FIELDS - {"age_years", "sex"})


def _vitals_row(
    name: str,
    cases: Sequence[Case],
    answered: Answered,
    survey: Answered | None,
    scorer: Scorer,
    rng: np.random.Generator,
) -> VitalsRow:
    is_assessed = isinstance(scorer.manifest.certificates[InputTier.VITALS], Certificate)
    cluster = np.array([case.cluster for case in cases], dtype=object)
    low, middle, high = np.quantile(answered.rare_probability, [0.05, 0.5, 0.95])
    return VitalsRow(
        name=name,
        n=len(cases),
        flagged=pooled(answered.is_flagged, cluster, rng) if is_assessed else None,
        unsure=float(np.mean(answered.state == UNSURE)),
        states=_states(answered),
        rare_probability=(float(low), float(middle), float(high)),
        above_survey=None if survey is None else _above(answered, survey),
    )


def _states(answered: Answered) -> dict[str, float]:
    return {name: float(np.mean(answered.state == name)) for name in (*(state.value for state in State), UNSURE)}


def _above(one: Answered, other: Answered) -> float:
    """ROC-AUC: the probability that one of the first scores above one of the second, ties counted half."""
    scores = np.concatenate([one.rare_probability, other.rare_probability])
    is_first = np.arange(len(scores)) < len(one.rare_probability)
    return float(weighted.roc_auc(scores, is_first, np.ones((1, len(scores))))[0])
