"""What comes in and goes out of `POST /predict`, field by field."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from raretriage.bucket import Environment
from raretriage.differential import Relation
from raretriage.domain import (
    RANGES,
    Certificate,
    Diagnosis,
    InputTier,
    OverrideReason,
    Phenotype,
    Pregnancy,
    Presentation,
    RareFlag,
    RedFlag,
    Sex,
    State,
    UnsureReason,
    Verdict,
    VisitType,
)
from raretriage.knowledge import Assertion, Why

DEFAULT_COMORBIDITY = 0.0
DEFAULT_AGE = 40.0
"""Echoed to clients that leave them out, as they are used to; missing to the model."""

MAX_ID_LENGTH = 200

OnsetPeriod = Literal[
    "antenatal", "neonatal", "infantile", "childhood", "juvenile", "young_adult", "middle_age", "late"
]
"""Names of `raretriage.differential.Onset`: HPO's onset terms."""


def _number(field: str, *, title: str) -> object:
    limits = RANGES[field]
    return Field(ge=limits.low, le=limits.high, title=title, json_schema_extra={"unit": limits.unit})


Identifier = Annotated[str, Field(min_length=1, max_length=MAX_ID_LENGTH)]


class StrictRequest(BaseModel):
    """A body that is taken as it is meant or not at all: `true` and "3" are no numbers, unknown fields are errors."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class PredictRequest(StrictRequest):
    """One patient at one visit. What is left out is unknown; unknown is not absent."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"fever": 2.5, "pain": 3, "days": 3, "comorbidity": 0, "age": 40}]}
    )

    fever: Annotated[float, _number("fever", title="Fever, 0 none to 10")]
    pain: Annotated[float, _number("pain", title="Pain, 0 none to 10 worst")]
    days: Annotated[float, _number("days", title="Days since the first symptom")]
    comorbidity: Annotated[float | None, _number("comorbidity", title="Chronic diseases known before, 0 to 5")] = None
    age: Annotated[float | None, _number("age_years", title="Age in years, fractional under 2")] = None
    sex: Annotated[Sex | None, Field(strict=False)] = None
    pregnant: Annotated[Pregnancy, Field(strict=False)] = Pregnancy.UNKNOWN
    visit_type: Annotated[VisitType | None, Field(strict=False)] = None
    temperature_c: Annotated[float | None, _number("temperature_c", title="Body temperature")] = None
    heart_rate: Annotated[float | None, _number("heart_rate", title="Pulse")] = None
    respiratory_rate: Annotated[float | None, _number("respiratory_rate", title="Breaths")] = None
    systolic_bp: Annotated[float | None, _number("systolic_bp", title="Systolic blood pressure")] = None
    diastolic_bp: Annotated[float | None, _number("diastolic_bp", title="Diastolic blood pressure")] = None
    spo2: Annotated[float | None, _number("spo2", title="Oxygen saturation")] = None
    phenotypes: Annotated[tuple[Phenotype, ...], Field(strict=False, max_length=500)] = ()
    complaint: Annotated[str | None, Field(max_length=2_000)] = None
    """Free text. Scrubbed before it is logged, or not logged at all; the model does not read it."""
    patient_id: Identifier | None = None
    encounter_id: Identifier | None = None
    site: Identifier | None = None
    """These three are logged as pseudonyms, and refused where no key for pseudonyms is configured."""
    region: Identifier | None = None
    """Logged as the state or department it names, or not at all."""

    def presentation(self, phenotypes: tuple[Phenotype, ...]) -> Presentation:
        """What the model may see.

        Args:
            phenotypes: its own, with current ids.

        Raises:
            pydantic.ValidationError: the fields contradict each other; see `contradictions`.
        """
        told = {name: getattr(self, name) for name in _SEEN}
        return Presentation(age_years=self.age, phenotypes=phenotypes, **told)


_SEEN = tuple(
    name for name in PredictRequest.model_fields if name in Presentation.model_fields and name != "phenotypes"
)


class Part(StrEnum):
    """Of an answer, what is computed when it is asked for."""

    EXPLANATION = "explanation"
    DIFFERENTIAL = "differential"


EVERYTHING = frozenset(Part)


class Input(BaseModel):
    """The five fields as today's clients expect them back. Whole numbers come back as whole numbers."""

    fever: float
    pain: float
    days: float
    comorbidity: float
    age: float

    @field_serializer("fever", "pain", "days", "comorbidity", "age")
    def _as_sent(self, value: float) -> int | float:
        return int(value) if value.is_integer() else value

    @classmethod
    def of(cls, request: PredictRequest) -> "Input":
        return cls(
            fever=request.fever,
            pain=request.pain,
            days=request.days,
            comorbidity=DEFAULT_COMORBIDITY if request.comorbidity is None else request.comorbidity,
            age=DEFAULT_AGE if request.age is None else request.age,
        )


class Probabilities(BaseModel):
    states: dict[State, float]
    """Sum to 1."""
    rare: float
    """Compare it with the certificate's threshold, not with 0.5."""


class RedFlagRule(BaseModel):
    """One written rule that applies; `docs/red-flags.md` lists them."""

    flag: RedFlag
    rule: str
    source: str
    """A citation, or `estimate`."""


class DecisionOut(BaseModel):
    """The decision table's outcome: state and rarity are two answers."""

    state: State | None
    """None when unsure."""
    unsure: tuple[UnsureReason, ...]
    states: tuple[State, ...]
    """States that cannot be excluded."""
    rare: RareFlag
    review: bool
    tier: InputTier
    """The richest input that was given; each tier is certified apart."""
    certificate: Certificate | None
    """The promise behind `rare`; null when none applies."""
    refusal: str | None
    """Why no certificate was issued for this tier; null when there is one or no model."""
    red_flags: tuple[RedFlag, ...]
    """Urgent by written rule, whatever the rest says."""
    red_flag_rules: tuple[RedFlagRule, ...]
    """The rules behind `red_flags`, one or more for each."""
    outside: tuple[str, ...]
    """Request fields outside what the model was trained on."""
    few_findings: bool = False
    """Too few findings are observed for a promise to hold: below the threshold, `rare` is not assessed."""
    helpful_findings: tuple[str, ...] = ()
    """HPO ids to ask for, the most telling first, where rare is not assessed for want of findings; see `advice`."""


class ModelOut(BaseModel):
    name: str
    version: str
    sha256: str
    """Of the ONNX graph."""
    environment: Environment
    created: datetime
    simulated: bool
    """True: trained on made-up patients."""


class Bilingual(BaseModel):
    es: str
    en: str


class FindingSeen(StrEnum):
    """What the model was told of a finding."""

    OBSERVED = "observed"
    EXCLUDED = "excluded"
    NOT_MENTIONED = "not_mentioned"


class Contribution(BaseModel):
    """What one thing adds to the margin."""

    name: str
    """An HPO id, a field of the request, or a number made from several fields, such as `systems_involved`."""
    kind: Literal["finding", "number", "category"]
    label: Bilingual | None
    """Of a finding. One that was given stands for what follows from it by HPO's hierarchy, too."""
    status: FindingSeen | None
    """Of a finding."""
    value: float | str | None
    """Of a number or category, as given; null when unknown."""
    weight: float
    """In log-odds: above 0 it speaks for a rare disease, below 0 against."""


class Explanation(BaseModel):
    """Why the probability of a rare disease is what it is: how the model computed, not what causes the illness.

    base + the weights of all contributions + remainder = margin, and 1 / (1 + exp(-margin)) is `probabilities.rare`.
    Path-dependent TreeSHAP for trees; for a linear model against the mean of its patients.
    """

    base: float
    """Log-odds before anything is known of the patient: the model's average."""
    margin: float
    contributions: tuple[Contribution, ...]
    """The heaviest first. Findings that nobody mentioned stand here too: that they were not weighs something."""
    remainder: float
    """Of unmentioned findings that weigh next to nothing each, added up."""


class MetOut(BaseModel):
    """What the catalogues say of a disease that comes nearest to a finding."""

    relation: Relation
    """The patient's finding is just this one, more specific, more general, of one narrow kind with it, or none."""
    hpo_id: str | None
    label: Bilingual | None
    entry: str | None
    """The catalogue's entry that has it."""
    frequency: str
    """As annotated: a term of HPO, n/m, a percentage, or empty where nobody said."""
    share: float | None
    """The frequency as a share of patients; null where nobody said."""
    reference: str


class EvidenceOut(BaseModel):
    """One finding for or against one disease."""

    hpo_id: str
    label: Bilingual
    log_likelihood_ratio: float
    """In nats, for this disease against the average one; below 0 it speaks against."""
    met: MetOut


class ExcludedOut(BaseModel):
    """A finding that the patient does not have and the disease may. It is shown and not scored."""

    hpo_id: str
    label: Bilingual
    met: MetOut


class RankedDisease(BaseModel):
    """One disease of the list: `score` = the weights of the evidence + `onset` + `sex` + `prior` + `prevalence`."""

    place: int
    id: str
    name: str
    """English."""
    entries: tuple[str, ...]
    """OMIM and Orphanet entries that describe this same disease."""
    held_by: tuple[str, ...]
    """Orphanet entries that hold it among others."""
    is_rare: bool | None
    """Null where the rarity rule gives no verdict."""
    definition: str | None
    """Orphanet's, in English (CC BY 4.0); null where it is not loaded or there is none."""
    icd10: tuple[str, ...]
    """ICD-10-CM codes by the map that is loaded, approximate: a code may stand for other diseases too."""
    score: float
    posterior: float
    """Among all diseases compared, as if one of them were it."""
    evidence: tuple[EvidenceOut, ...]
    onset: float
    """What the age, or that it had begun by then, adds."""
    sex: float
    """What the sex adds; 0 where it is not told."""
    prior: float
    """What being well known adds."""
    prevalence: float
    """What being more common adds; 0 unless asked for."""
    excluded: tuple[ExcludedOut, ...]


class QuestionOut(BaseModel):
    """A finding to ask for or look for next."""

    hpo_id: str
    label: Bilingual
    information_gain_bits: float
    speaks_for: str
    """The leading disease that a 'yes' would speak for most."""
    speaks_for_name: str
    """English."""


class DifferentialOut(BaseModel):
    """Rare diseases that fit the findings, best first. An order to look into, not a diagnosis."""

    diseases: tuple[RankedDisease, ...]
    questions: tuple[QuestionOut, ...]
    compared: int
    """Diseases that were compared."""
    knowledge: str
    version: str
    with_prior: bool
    prevalence_weight: float


MOST_PATIENTS = 4_096


class BatchRequest(StrictRequest):
    """Several patients at once: all are answered or, where one cannot be, none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"patients": [{"fever": 2.5, "pain": 3, "days": 3}, {"fever": 0, "pain": 1, "days": 200}]}]
        },
    )

    patients: Annotated[tuple[PredictRequest, ...], Field(strict=False, min_length=1, max_length=MOST_PATIENTS)]


class DifferentialRequest(StrictRequest):
    """Findings to rank rare diseases by."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"phenotypes": [{"hpo_id": "HP:0001250", "status": "observed"}], "age": 3, "sex": "female", "limit": 5}
            ]
        },
    )

    phenotypes: Annotated[tuple[Phenotype, ...], Field(strict=False, min_length=1, max_length=500)]
    age: Annotated[float | None, _number("age_years", title="Age in years, fractional under 2")] = None
    sex: Annotated[Sex | None, Field(strict=False)] = None
    onset: OnsetPeriod | None = None
    """Period of life in which it began; the age and the onset of the findings count where it is not told."""
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    with_prior: bool = True
    """False: only the patient counts, not how well known a disease is."""
    prevalence_weight: Annotated[float, Field(ge=0, le=1)] = 0.0
    """How much it counts that a disease is more common: 1 as Bayes' rule says; it ranks published cases worse."""


class FeedbackRequest(StrictRequest):
    """What a clinician says of an answer. There is no free text: it might name the patient."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"prediction_id": "4f0c2a", "verdict": "confirmed"},
                {"prediction_id": "4f0c2a", "verdict": "corrected", "state": "acute", "rare": False},
                {"prediction_id": "4f0c2a", "verdict": "overridden", "reason": "already_referred"},
            ]
        },
    )

    prediction_id: Identifier
    verdict: Annotated[Verdict, Field(strict=False)]
    state: Annotated[State | None, Field(strict=False)] = None
    """The right one, with `corrected`."""
    rare: bool | None = None
    """Whether the patient has a rare disease, with `corrected`."""
    diagnosis: Diagnosis | None = None
    """With `corrected`."""
    reason: Annotated[OverrideReason | None, Field(strict=False)] = None
    """Needed with `overridden`."""


class FeedbackOut(BaseModel):
    """What was noted, and durable, of an answer."""

    feedback_id: str
    prediction_id: str
    verdict: Verdict
    timestamp: datetime


class FoundTerm(BaseModel):
    """One finding that may be meant."""

    hpo_id: str
    label: str
    language: Literal["es", "en"]
    """Of the label: English where there is no Spanish one."""
    matched: str
    """The name that met the query."""
    why: Why


class TermsOut(BaseModel):
    matches: tuple[FoundTerm, ...]
    knowledge: str
    vocabulary: str
    """Which names are searched."""


class ExtractRequest(StrictRequest):
    """A note, in Spanish or English. It is neither kept nor logged."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "niño con convulsiones y sin fiebre desde hace 3 días", "lang": "es"}]
        },
    )

    text: Annotated[str, Field(max_length=20_000)]
    lang: Literal["es", "en"] = "es"
    """Of the labels; the text may mix both."""


class MentionOut(BaseModel):
    """One finding in the text, from character `start` to `end`."""

    hpo_id: str
    label: str
    assertion: Assertion
    """Observed or excluded in the patient, a relative's, or only feared or looked for."""
    start: int
    end: int
    text: str


class ExtractionOut(BaseModel):
    """Findings to confirm: written rules read the text, and they err."""

    mentions: tuple[MentionOut, ...]
    days: float | None
    """How long the illness has lasted, where the text says it."""
    knowledge: str


class PredictResponse(BaseModel):
    """The answer. It exists only if its line in the prediction log is durable."""

    status: str
    """NO ENFERMO, ENFERMEDAD LEVE, ENFERMEDAD AGUDA, ENFERMEDAD CRÓNICA or NO SEGURO."""
    input: Input
    rare: RareFlag
    rare_label: Literal["ENFERMEDAD HUÉRFANA"] | None
    """Set when a rare disease must be considered."""
    probabilities: Probabilities | None
    """None when the rules answered."""
    decision: DecisionOut
    explanation: Explanation | None
    """Of `probabilities.rare`. Null when it was not asked for (`include=explanation`), the rules answered, or the
    model's kind has no exact contributions."""
    differential: DifferentialOut | None
    """Rare diseases that fit, where it was asked for (`include=differential`), one must be considered or could not be
    ruled out, and a finding is observed."""
    model: ModelOut | None
    """None when the rules answered."""
    fallback: bool
    """True: no model could be loaded and the fixed rules answered. They know nothing of rare diseases."""
    timestamp: datetime
    prediction_id: str
    advice: Bilingual | None
    """What would make the answer better, when rare was not assessed."""
    notice: Bilingual


class BatchResponse(BaseModel):
    """The answers in the order of the patients, each with a line of its own in the prediction log."""

    answers: tuple[PredictResponse, ...]
