"""Patients from elsewhere as values: what is known of each, how they are grouped, and who was left out and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from raretriage.domain import FindingStatus, Phenotype, Presentation, State


class Source(StrEnum):
    """Where people come from. Figures of two sources are never pooled."""

    PUBLISHED = "published"
    """Published cases of a rare disease: real people, written down because they were remarkable."""
    NHANES = "nhanes"
    """Adults of a population survey: real people who did not come for help."""
    DDXPLUS = "ddxplus"
    """Patients made up by somebody else's simulator."""
    TEMPORAL = "temporal"
    """The newest quarters of the lake that the run was trained from."""


class Group(StrEnum):
    """The part of a source that a figure is about."""

    UNSEEN = "unseen"
    """Rare; no annotation of the disease or of its twin under another vocabulary cites the case's paper."""
    SEEN = "seen"
    """Rare; the knowledge has read the very paper, so that simulated patients were made from this one."""
    HEALTHY = "good health by their own word"
    NOT_COUNTED = "not rare, not used for profiles"
    COUNTED = "not rare, used for profiles (optimistic)"
    """The sampler's frequencies were counted from these very patients."""
    RARE = "rare"
    NOT_RARE = "not rare"


RARE_GROUPS = frozenset({Group.UNSEEN, Group.SEEN, Group.RARE})


@dataclass(frozen=True, slots=True)
class Case:
    """One patient. Findings stand in the order in which the source tells them."""

    cluster: str
    """Whose cases are alike and are drawn together by the bootstrap: the disease, else the person."""
    group: Group
    presentation: Presentation
    state: State | None = None
    """The true state, where a source says it."""


@dataclass(frozen=True, slots=True)
class CaseSet:
    """The patients of one source: read = used + unused, exactly."""

    source: Source
    cases: tuple[Case, ...]
    read: int
    unused: Mapping[str, int]
    """Reason to number of records."""
    notes: Mapping[str, int] = field(default_factory=dict)
    """What happened to parts of records that were used: terms followed or dropped, values that cannot be."""

    def __post_init__(self) -> None:
        if self.read != len(self.cases) + sum(self.unused.values()):
            raise ValueError(
                f"{self.source}: {self.read} records read, but {len(self.cases)} used and "
                f"{sum(self.unused.values())} unused; every record must be one or the other"
            )


@dataclass(frozen=True, slots=True)
class Step:
    """How many of a patient's findings are told."""

    name: str
    observed: int | None
    """At most so many observed ones, the first; None for all."""
    with_excluded: bool = False

    def shown(self, presentation: Presentation) -> Presentation:
        """The patient with only these findings known; everything else stays as it is, missing or not."""
        observed = [f for f in presentation.phenotypes if f.status is FindingStatus.OBSERVED][: self.observed]
        excluded = [f for f in presentation.phenotypes if f.status is FindingStatus.EXCLUDED]
        told = (*observed, *(excluded if self.with_excluded else ()))
        return presentation.model_copy(update={"phenotypes": told})


ALL_OBSERVED = Step("all observed", None)
STEPS: tuple[Step, ...] = (
    *(Step(f"first {count}", count) for count in (1, 2, 3, 5)),
    ALL_OBSERVED,
    Step("all, with excluded", None, with_excluded=True),
)


def with_fields(presentation: Presentation, fields: frozenset[str]) -> Presentation:
    """The patient with only these fields known."""
    return Presentation.model_construct(**{name: getattr(presentation, name) for name in fields})


def observed_of(presentation: Presentation) -> tuple[Phenotype, ...]:
    """The findings that were seen."""
    return tuple(f for f in presentation.phenotypes if f.status is FindingStatus.OBSERVED)


def in_group(cases: CaseSet, group: Group) -> CaseSet:
    """One group by itself; nobody was read but them."""
    own = tuple(case for case in cases.cases if case.group is group)
    return replace(cases, cases=own, read=len(own), unused={}, notes={})
