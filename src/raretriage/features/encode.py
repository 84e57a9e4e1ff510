"""Columns to model input: imputation by clinical rule, clipping, indicators, products. Pure numpy.

Everything computed here is a column of the graph's input, because products and indicators inside the exported graph
lose precision in tree models (measured: fever x days before XGBoost is off by 0.246 in probability). Arithmetic is in
float64 and rounded once to float32, so that one row and ten thousand give the same bits.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from raretriage.domain import RANGES, VITALS, Pregnancy, Sex, fever_from_temperature
from raretriage.features.columns import NUMBERS, Columns, FloatArray, StringArray
from raretriage.features.contract import FeatureContract
from raretriage.features.errors import ContractMismatch, UnknownFinding
from raretriage.features.norms import expected_vital
from raretriage.knowledge import FINDINGS_ROOT

MISSING_INDICATORS: tuple[str, ...] = ("age_years", "fever", "pain", "days", "comorbidity", *VITALS)

NUMERIC: tuple[str, ...] = (
    *NUMBERS,
    "log_days",
    "fever_x_days",
    "age_adjusted_comorbidity",
    "pulse_pressure",
    "systems_involved",
    *(f"{vital}_for_age" for vital in VITALS),
    *(f"{name}_missing" for name in MISSING_INDICATORS),
)
CATEGORICAL: dict[str, tuple[str, ...]] = {
    "sex": ("female", "male", "other"),
    "pregnant": ("yes", "no", "unknown"),
    "visit_type": ("emergency", "outpatient"),
    "age_band": ("infant", "child", "adolescent", "adult", "older"),
    "pain_band": ("none", "mild", "moderate", "severe"),
}
"""Categories by column. The two bands are ordered; "" is unknown in every column."""
ORDERED: tuple[str, ...] = ("age_band", "pain_band")

# First age of each band, in years. WHO counts 10-19 as adolescence; the other cuts: estimate.
_AGE_BANDS = ((0.0, "infant"), (1.0, "child"), (10.0, "adolescent"), (20.0, "adult"), (65.0, "older"))
# 1-4 mild, 5-6 moderate, 7-10 severe. Source: Serlin et al. 1995, Pain 61:277.
_PAIN_BANDS = ((0.0, "none"), (0.5, "mild"), (4.5, "moderate"), (6.5, "severe"))


class Ontology(Protocol):
    """The `is_a` hierarchy that findings are rolled up by."""

    def ancestors(self, hpo_id: str) -> frozenset[str]:
        """The term itself and all it is a kind of; LookupError for an unknown id."""
        ...


@dataclass(frozen=True, slots=True)
class ModelInput:
    """The graph's three inputs; shapes in `FeatureContract`."""

    numeric: npt.NDArray[np.float32]
    categorical: StringArray
    phenotypes: npt.NDArray[np.float32]

    def row_hashes(self) -> list[str]:
        """SHA-256 of each row's bits: what the prediction log keeps to say what exactly the graph was given."""
        return [
            hashlib.sha256(number.tobytes() + "\0".join(text).encode() + finding.tobytes()).hexdigest()
            for number, text, finding in zip(self.numeric, self.categorical, self.phenotypes, strict=True)
        ]


class Encoder:
    """Makes model input by one contract. Cheap to call; keeps the roll-up of each term it has met."""

    def __init__(self, contract: FeatureContract, ontology: Ontology) -> None:
        if contract.numeric != NUMERIC or contract.categorical != tuple(CATEGORICAL):
            made = {*NUMERIC, *CATEGORICAL}
            asked = {*contract.numeric, *contract.categorical}
            raise ContractMismatch(
                f"the model was fitted with other columns than this version makes: it lacks {sorted(asked - made)}, "
                f"the model lacks {sorted(made - asked)}; retrain, or serve with the version that trained it"
            )
        self.contract = contract
        self._ontology = ontology
        self._position = {term: i for i, term in enumerate(contract.vocabulary)}
        self._implied: dict[str, npt.NDArray[np.intp]] = {}
        self._systems: dict[str, frozenset[str]] = {}
        ruled_out: defaultdict[str, list[int]] = defaultdict(list)
        for position, term in enumerate(contract.vocabulary):
            for ancestor in self._ancestors(term):
                ruled_out[ancestor].append(position)
        self._ruled_out = {term: np.array(positions, dtype=np.intp) for term, positions in ruled_out.items()}

    def encode(self, columns: Columns) -> ModelInput:
        """Model input of these encounters, in their order.

        Raises:
            UnknownFinding: a finding is not in the ontology.
        """
        known = _by_rule(columns.numbers)
        return ModelInput(
            numeric=_numeric(known, columns.numbers, self._systems_involved(columns)),
            categorical=_categorical(known, columns.categories),
            phenotypes=self._phenotypes(columns),
        )

    def _phenotypes(self, columns: Columns) -> npt.NDArray[np.float32]:
        """A finding implies all it is a kind of; its absence rules out all that are kinds of it.

        Where both meet, the observation stands: it is the more specific of the two.
        """
        matrix = np.zeros((columns.count, len(self.contract.vocabulary)), dtype=np.float32)
        findings = columns.findings
        for wanted, value in ((False, -1.0), (True, 1.0)):
            for i in np.flatnonzero(findings.observed == wanted):
                matrix[findings.row[i], self.settles(findings.hpo_id[i], observed=wanted)] = value
        return matrix

    def settles(self, hpo_id: str, *, observed: bool) -> npt.NDArray[np.intp]:
        """Positions in the vocabulary that a finding speaks of: all it is a kind of, or, excluded, all its kinds.

        Raises:
            UnknownFinding: it is not in the ontology.
        """
        return self._implies(hpo_id) if observed else self._rules_out(hpo_id)

    def _systems_involved(self, columns: Columns) -> FloatArray:
        """In how many organ systems something was observed; NaN where no finding is mentioned.

        Many rare diseases are multisystem, most common ones are not.
        """
        findings = columns.findings
        systems: list[set[str]] = [set() for _ in range(columns.count)]
        for i in np.flatnonzero(findings.observed):
            systems[findings.row[i]] |= self._systems_of(findings.hpo_id[i])
        involved = np.array([len(names) for names in systems], dtype=np.float64)
        is_mentioned = np.zeros(columns.count, dtype=np.bool_)
        is_mentioned[findings.row] = True
        return np.where(is_mentioned, involved, np.nan)

    def _systems_of(self, term: str) -> frozenset[str]:
        """The organ systems it belongs to: what it is a kind of directly below phenotypic abnormality."""
        if term not in self._systems:
            self._systems[term] = frozenset(
                a for a in self._ancestors(term) if a != FINDINGS_ROOT and self._ancestors(a) <= {a, FINDINGS_ROOT}
            )
        return self._systems[term]

    def _implies(self, term: str) -> npt.NDArray[np.intp]:
        if term not in self._implied:
            positions = (self._position[a] for a in self._ancestors(term) if a in self._position)
            self._implied[term] = np.array(sorted(positions), dtype=np.intp)
        return self._implied[term]

    def _rules_out(self, term: str) -> npt.NDArray[np.intp]:
        self._ancestors(term)
        return self._ruled_out.get(term, np.empty(0, dtype=np.intp))

    def _ancestors(self, term: str) -> frozenset[str]:
        try:
            return self._ontology.ancestors(term)
        except LookupError:
            raise UnknownFinding(
                f"phenotypes: {term} is not in the loaded ontology ({self.contract.knowledge_version})"
            ) from None


def _by_rule(numbers: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Clip to clinical bounds, and fill what another measurement states: fever from temperature."""
    known = {name: np.clip(values, RANGES[name].low, RANGES[name].high) for name, values in numbers.items()}
    fever = known["fever"]
    for i in np.flatnonzero(np.isnan(fever) & ~np.isnan(known["temperature_c"])):
        fever[i] = fever_from_temperature(known["temperature_c"][i])
    return known


def _numeric(
    known: Mapping[str, FloatArray], raw: Mapping[str, FloatArray], systems_involved: FloatArray
) -> npt.NDArray[np.float32]:
    age = known["age_years"]
    # Age-adjusted Charlson adds a point a decade from 50, four at most. Charlson 1994, J Clin Epidemiol 47:1245.
    age_points = np.clip(np.floor((np.nan_to_num(age, nan=40.0) - 40.0) / 10.0), 0.0, 4.0)
    derived: dict[str, FloatArray] = {
        "log_days": np.log1p(known["days"]),
        "fever_x_days": known["fever"] * known["days"],
        "age_adjusted_comorbidity": known["comorbidity"] + age_points,
        "pulse_pressure": known["systolic_bp"] - known["diastolic_bp"],
        "systems_involved": systems_involved,
    }
    for vital in VITALS:
        # A vital that was not measured is imputed with the median of its age group: no deviation.
        derived[f"{vital}_for_age"] = np.nan_to_num(known[vital] - expected_vital(vital, age), nan=0.0)
    for name in MISSING_INDICATORS:
        derived[f"{name}_missing"] = np.isnan(raw[name]).astype(np.float64)
    return np.stack([derived[name] if name in derived else known[name] for name in NUMERIC], axis=1).astype(np.float32)


def _categorical(known: Mapping[str, FloatArray], categories: Mapping[str, StringArray]) -> StringArray:
    bands = {"age_band": age_bands(known["age_years"]), "pain_band": _banded(known["pain"], _PAIN_BANDS)}
    # By clinical rule: nobody asks a man, so his unknown pregnancy is a no.
    is_man = (categories["sex"] == Sex.MALE) & (categories["pregnant"] == Pregnancy.UNKNOWN)
    made = {**categories, **bands, "pregnant": np.where(is_man, Pregnancy.NO.value, categories["pregnant"])}
    columns = [made[name] for name in CATEGORICAL]
    return np.stack(columns, axis=1).astype(object)


def age_bands(age_years: FloatArray) -> StringArray:
    """The band of each age, shape (n,); "" where it is unknown."""
    return _banded(age_years, _AGE_BANDS)


def _banded(values: FloatArray, bands: tuple[tuple[float, str], ...]) -> StringArray:
    names = np.array(["", *(name for _, name in bands)], dtype=object)
    starts = np.array([start for start, _ in bands])
    place = np.searchsorted(starts, np.nan_to_num(values, nan=-1.0), side="right")
    return np.asarray(names[place], dtype=object)
