"""The canonical record: what is known of one patient at one visit.

A `Presentation` is what a clinician can type in and what a model may see. An `Encounter` is a presentation with
its place in the lake (pseudonym, shifted date, quarter) and, when known, its labels. Missing is `None` everywhere:
unknown is not absent, and nothing here fills a gap.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, NewType, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from raretriage.domain.ranges import RANGES
from raretriage.domain.state import State

Pseudonym = NewType("Pseudonym", str)

HPO_ID_PATTERN = r"^HP:\d{7}$"
PERIOD_PATTERN = r"^\d{4}Q[1-4]$"
NEONATE_UNDER_YEARS = 1 / 12
"""28 days, as far as a record can tell: under two years, ages are in completed months."""


class Sex(StrEnum):
    """Administrative gender of FHIR R4; its `unknown` is None here."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


class Pregnancy(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class VisitType(StrEnum):
    EMERGENCY = "emergency"
    OUTPATIENT = "outpatient"


class FindingStatus(StrEnum):
    """What is known of a finding. A finding nobody asked about is not in the list at all."""

    OBSERVED = "observed"
    EXCLUDED = "excluded"


class LabelSource(StrEnum):
    """How far a label can be trusted, best first."""

    CONFIRMED = "confirmed"
    SPECIALIST = "specialist"
    CODED = "coded"
    CLICK = "click"


class _Record(BaseModel):
    # strict: `true` or "3" is not a number on our border; JSON integers still pass as floats.
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


def _in_range(field: str) -> object:
    limits = RANGES[field]
    return Field(default=None, ge=limits.low, le=limits.high, json_schema_extra={"unit": limits.unit})


class Phenotype(_Record):
    """One clinical finding, coded in the Human Phenotype Ontology."""

    hpo_id: Annotated[str, Field(pattern=HPO_ID_PATTERN, examples=["HP:0001250"])]
    status: Annotated[FindingStatus, Field(strict=False)] = FindingStatus.OBSERVED
    onset_days: Annotated[float | None, Field(ge=0, le=RANGES["days"].high)] = None
    """How many days before the encounter the finding began; None when unknown."""


class Diagnosis(_Record):
    system: Annotated[str, Field(max_length=200, examples=["http://hl7.org/fhir/sid/icd-10"])]
    code: Annotated[str, Field(max_length=64, examples=["J06.9"])]


class Presentation(_Record):
    """What is known of the patient at this visit, without who it is. Units: `raretriage.domain.RANGES`."""

    age_years: Annotated[float | None, _in_range("age_years")] = None
    sex: Annotated[Sex | None, Field(strict=False)] = None
    pregnant: Annotated[Pregnancy, Field(strict=False)] = Pregnancy.UNKNOWN
    visit_type: Annotated[VisitType | None, Field(strict=False)] = None
    fever: Annotated[float | None, _in_range("fever")] = None
    pain: Annotated[float | None, _in_range("pain")] = None
    days: Annotated[float | None, _in_range("days")] = None
    comorbidity: Annotated[float | None, _in_range("comorbidity")] = None
    temperature_c: Annotated[float | None, _in_range("temperature_c")] = None
    heart_rate: Annotated[float | None, _in_range("heart_rate")] = None
    respiratory_rate: Annotated[float | None, _in_range("respiratory_rate")] = None
    systolic_bp: Annotated[float | None, _in_range("systolic_bp")] = None
    diastolic_bp: Annotated[float | None, _in_range("diastolic_bp")] = None
    spo2: Annotated[float | None, _in_range("spo2")] = None
    phenotypes: Annotated[tuple[Phenotype, ...], Field(strict=False, max_length=500)] = ()
    complaint: Annotated[str | None, Field(max_length=2_000)] = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.systolic_bp is not None and self.diastolic_bp is not None and self.systolic_bp <= self.diastolic_bp:
            raise ValueError("systolic_bp must be above diastolic_bp")
        seen: dict[str, FindingStatus] = {}
        for phenotype in self.phenotypes:
            if seen.setdefault(phenotype.hpo_id, phenotype.status) is not phenotype.status:
                raise ValueError(f"phenotypes: {phenotype.hpo_id} is both observed and excluded")
        return self


class Encounter(Presentation):
    """A presentation in the lake: de-identified, dated by quarter, labelled when a label is known."""

    encounter_id: Annotated[str, Field(min_length=1)]
    patient_id: Annotated[str, Field(min_length=1)]
    encounter_date: Annotated[date | None, Field(strict=False)] = None
    """Shifted by a number of days that is constant for one patient."""
    period: Annotated[str | None, Field(pattern=PERIOD_PATTERN, examples=["2024Q3"])] = None
    """Calendar quarter, taken before the shift: the only time used for splits and trends."""
    site: str | None = None
    region: str | None = None
    state: Annotated[State | None, Field(strict=False)] = None
    rare: bool | None = None
    diagnosis: Diagnosis | None = None
    label_source: Annotated[LabelSource | None, Field(strict=False)] = None
    label_date: Annotated[date | None, Field(strict=False)] = None
