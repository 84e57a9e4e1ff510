"""What a published model says of itself: the one document that release writes and the service reads."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from raretriage.domain import HPO_ID_PATTERN, STATES, Certificate, InputTier, Refusal, State
from raretriage.features import FeatureContract

MODEL_NAME: Literal["rare-disease-triage"] = "rare-disease-triage"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredFile(_Part):
    """One file of a version's folder."""

    sha256: Sha256
    bytes: Annotated[int, Field(ge=0)]


class KnowledgeRef(_Part):
    version: str
    sha256: Sha256


class DifferentialRef(_Part):
    """The ranking of rare diseases that was made from the same knowledge, and is signed off with the model."""

    version: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    """Of its content: several models of one knowledge share it."""
    arrays: StoredFile
    graph: StoredFile


class DataVersion(_Part):
    """Which encounters the model was fitted on."""

    lake_version: Annotated[int, Field(ge=0)]
    encounters: Annotated[int, Field(ge=1)]
    patients: Annotated[int, Field(ge=1)]
    simulated: bool
    """True where the patients are made up; then every page says so."""
    periods: tuple[str, ...]


class StateSets(_Part):
    """Class-conditional prediction sets: a state stays possible when its probability reaches its own bound.

    Per tier, for each state the quantile of the true class's probability over that state's calibration patients, so
    that at most 1 - coverage of each state's patients lose their own state (Mondrian split conformal, Vovk 2012,
    "Conditional validity of inductive conformal predictors"). Holds as long as each class's own patients do not change.
    """

    coverage: Annotated[float, Field(gt=0, lt=1)]
    bounds: dict[InputTier, dict[State, Annotated[float, Field(ge=0, le=1)]]]

    def possible(self, tier: InputTier, probabilities: Mapping[State, float]) -> tuple[State, ...]:
        """The states that cannot be excluded at this tier; none means unlike anything in the calibration data."""
        bounds = self.bounds[tier]
        return tuple(state for state in STATES if probabilities[state] >= bounds[state])


EVERYBODY = "everybody"
TEMPORAL = "temporal"
"""The newest quarters, of patients whom the model never saw: what a model is judged on."""
RECALIBRATION = "recalibration"
"""The patients that a fitted model was certified on anew, and is judged on then. It never saw them; but the state sets'
figures are those of the patients that set the bounds, and so is the sensitivity. The threshold looks at rare patients
alone, so the specificity is that of people it has not seen."""


class Metric(_Part):
    """One figure with what it needs to be believed."""

    name: str
    split: str
    tier: InputTier
    group: str = EVERYBODY
    """The part of the split's patients that it is about, e.g. `age_band=child`."""
    value: float
    low: float
    high: float
    n: Annotated[int, Field(ge=1)]


class GroupPromise(_Part):
    """Whether the certified threshold keeps its word in a part of the patients, on people it was not chosen on."""

    group: str
    positives: Annotated[int, Field(ge=1)]
    """Rare patients, one encounter each."""
    misses: Annotated[int, Field(ge=0)]
    low: Annotated[float, Field(ge=0, le=1)]
    """One-sided lower bound of the sensitivity at the certificate's confidence."""
    high: Annotated[float, Field(ge=0, le=1)]
    """One-sided upper bound, its error shared by all groups (Bonferroni)."""
    verdict: Literal["certified", "cannot_certify", "falls_short"]
    """`falls_short`: even the upper bound is under the target. `cannot_certify`: too few to say."""


class DataCheck(_Part):
    """One thing that must hold of the data and the split before any figure means something."""

    name: str
    passed: bool
    found: str
    limit: str


class HelpfulFinding(_Part):
    """A finding that tells much about rare, among the patients of one age band whom the heads were fitted on."""

    hpo_id: Annotated[str, Field(pattern=HPO_ID_PATTERN)]
    bits: Annotated[float, Field(ge=0, le=1)]
    """Mutual information of having it and of rare."""
    observed: Annotated[float, Field(ge=0, le=1)]
    """Share of the patients who have it."""
    observed_of_rare: Annotated[float, Field(ge=0, le=1)]
    """Share of the rare ones: more than `observed` where it speaks for rare, less where it speaks against."""
    n: Annotated[int, Field(ge=1)]
    """Patients."""


class TrainingRecord(_Part):
    """What a run was told, so that its split can be drawn again and its patients recognised."""

    seed: Annotated[int, Field(ge=0)]
    target: Annotated[float, Field(gt=0, lt=1)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    test_share: Annotated[float, Field(gt=0, lt=1)]
    calibration_share: Annotated[float, Field(gt=0, lt=1)]
    folds: Annotated[int, Field(ge=2)]
    draws: Annotated[int, Field(ge=1)]
    fit_patients_sha256: Sha256
    """Of the pseudonyms whose encounters the heads were fitted on, sorted, one a line."""
    calibration_patients_sha256: Sha256
    """Of those that certificates and state sets rest on."""
    parity: Annotated[float, Field(ge=0)]
    """Largest difference of any probability between the exported graph and the fitted pipelines."""


class GraphContract(_Part):
    """Names in the ONNX graph. Inputs: see `FeatureContract`. Outputs: float32 (n, 4) in the order of `State`; (n,)."""

    numeric: Literal["numeric"] = "numeric"
    categorical: Literal["categorical"] = "categorical"
    phenotypes: Literal["phenotypes"] = "phenotypes"
    state_probabilities: Literal["state_probabilities"] = "state_probabilities"
    rare_probability: Literal["rare_probability"] = "rare_probability"


class Manifest(_Part):
    """A version of the model, complete: without this file's hash in the ledger nothing of it is trusted."""

    schema_version: Literal[1] = 1
    name: Literal["rare-disease-triage"] = MODEL_NAME
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z.\-]+$")]
    created: datetime
    git_commit: str
    estimators: dict[Literal["state", "rare"], str]
    """Kind of estimator behind each head, e.g. "xgboost"."""
    data: DataVersion
    training: TrainingRecord
    knowledge: KnowledgeRef
    differential: DifferentialRef | None = None
    """None: the service ranks no diseases."""
    features: FeatureContract
    graph: GraphContract = GraphContract()
    certificates: dict[InputTier, Certificate | Refusal]
    state_sets: StateSets
    training_range: dict[str, tuple[float, float]]
    """Smallest and largest value seen in training, for the fields that make an answer unsure outside of it."""
    helpful_findings: dict[str, tuple[HelpfulFinding, ...]] = {}
    """What to ask for where rare is not assessed: by age band, and for `EVERYBODY`; the most telling first."""
    untrained_groups: tuple[Literal["neonate", "pregnant"], ...]
    """Groups with too few training patients to answer for; their state is unsure."""
    metrics: tuple[Metric, ...]
    groups: tuple[GroupPromise, ...] = ()
    checks: tuple[DataCheck, ...] = ()
    recalibrated_on: Annotated[int, Field(ge=0)] | None = None
    """The lake version whose patients the promises rest on, where they are not those of the training."""
    files: dict[str, StoredFile]
    """Every file of the version's folder but the manifest itself, by name."""
