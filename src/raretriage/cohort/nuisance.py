"""How is every patient blurred? The parameters of `nuisance.toml`, checked once."""

import tomllib
from importlib import resources
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from raretriage.cohort.errors import ProfileError

Share = float
Pair = tuple[float, float]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Findings(_Table):
    recorded: tuple[Share, ...]
    recorded_healthy: tuple[Share, ...]
    excluded: tuple[Share, ...]
    background: Share = Field(ge=0, le=1)
    exact: Share = Field(ge=0, le=1)
    coarser: Share = Field(ge=0, le=1)
    onset_known: Share = Field(ge=0, le=1)
    snomed: Share = Field(ge=0, le=1)


class _Severity(_Table):
    healthy: Pair
    mild: Pair
    acute: Pair
    chronic: Pair
    crisis_days: Pair
    early_days: Pair


class _Course(_Table):
    crisis: Share = Field(ge=0, le=1)
    early: Share = Field(ge=0, le=1)

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if self.crisis + self.early > 1:
            raise ValueError(f"crisis and early add up to {self.crisis + self.early:g}, expected at most 1")
        return self


class _Courses(_Table):
    """One for each `Course`, named by its value."""

    self_limited: _Course
    episodic: _Course
    persistent: _Course
    progressive: _Course


class _Duration(_Table):
    healthy_dated: Share = Field(ge=0, le=1)
    healthy: Pair


class _Rare(_Table):
    mild: Share
    acute: Share
    chronic: Share
    prevalence_exponent: Share = Field(ge=0, le=1)


class _Words(_Table):
    rare: Share = Field(gt=0, lt=1)
    common: Share = Field(gt=0, lt=1)

    def written(self, *, rare: bool) -> Share:
        """Share of a class that is described in the words of the table."""
        return self.rare if rare else self.common


class _Visits(_Table):
    number: tuple[Share, ...]
    same_disease: Share = Field(ge=0, le=1)
    check_up: Share = Field(ge=0, le=1)
    emergency: tuple[float, float, float]


class _Missing(_Table):
    all_vitals: Pair
    one_vital: Pair
    pain: Pair
    onset: Pair
    onset_but_findings_dated: Share = Field(ge=0, le=1)
    pregnancy_asked: Share = Field(ge=0, le=1)
    pregnant: Share = Field(ge=0, le=1)


class _Comorbidity(_Table):
    mean: tuple[float, float, float, float, float]


class _Labels(_Table):
    labelled: Share = Field(ge=0, le=1)
    delay_days: Pair


class Nuisance(_Table):
    """Everything in `nuisance.toml`. Distributions add up to 1."""

    findings: _Findings
    severity: _Severity
    course: _Courses
    duration: _Duration
    words: _Words
    rare: _Rare
    visits: _Visits
    missing: _Missing
    comorbidity: _Comorbidity
    labels: _Labels

    @model_validator(mode="after")
    def _distributions_add_up(self) -> Self:
        distributions = {
            "findings.recorded": self.findings.recorded,
            "findings.recorded_healthy": self.findings.recorded_healthy,
            "findings.excluded": self.findings.excluded,
            "visits.number": self.visits.number,
            "rare": (self.rare.mild, self.rare.acute, self.rare.chronic),
        }
        for name, shares in distributions.items():
            if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
                raise ValueError(f"{name}: the shares add up to {sum(shares):g}, expected 1")
        return self


def load_nuisance(text: str | None = None) -> Nuisance:
    """Read the shipped parameters, or `text` in the same format.

    Raises:
        ProfileError: a parameter is missing, unknown or out of range; the message names it.
    """
    if text is None:
        text = resources.files("raretriage.cohort").joinpath("nuisance.toml").read_text(encoding="utf-8")
    try:
        return Nuisance.model_validate(tomllib.loads(text))
    except ValueError as error:
        raise ProfileError(f"nuisance.toml: {error}") from error
