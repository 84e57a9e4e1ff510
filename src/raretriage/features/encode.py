"""Columns to model input: imputation by clinical rule, clipping, indicators, products. Pure numpy.

Everything computed here is a column of the graph's input, because products and indicators inside the exported graph
lose precision in tree models (measured: fever x days before XGBoost is off by 0.246 in probability). Arithmetic is in
float64 and rounded once to float32, so that one row and ten thousand give the same bits.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from raretriage.domain import RANGES, VITALS, Pregnancy, Sex, fever_from_temperature
from raretriage.features.columns import NUMBERS, Columns, FloatArray, StringArray
from raretriage.features.contract import FeatureContract
from raretriage.features.errors import ContractMismatch, UnknownFinding
from raretriage.features.norms import expected_vitals
from raretriage.knowledge import FINDINGS_ROOT

_DERIVED = ("log_days", "fever_x_days", "age_adjusted_comorbidity", "pulse_pressure", "systems_involved")

NUMERIC: tuple[str, ...] = (
    *NUMBERS,
    *_DERIVED,
    *(f"{vital}_for_age" for vital in VITALS),
    *(f"{name}_missing" for name in NUMBERS),
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

_LOW, _HIGH = np.array([[RANGES[name].low, RANGES[name].high] for name in NUMBERS]).T[:, :, np.newaxis]
_ROW = {name: row for row, name in enumerate(NUMBERS)}
_VITAL_ROWS = slice(_ROW[VITALS[0]], _ROW[VITALS[-1]] + 1)


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
        raw = np.stack([columns.numbers[name] for name in NUMBERS])
        known = _by_rule(raw)
        return ModelInput(
            numeric=_numeric(known, raw, self._systems_involved(columns)),
            categorical=_categorical(known, columns.categories),
            phenotypes=self._phenotypes(columns),
        )

    def _phenotypes(self, columns: Columns) -> npt.NDArray[np.float32]:
        """A finding implies all it is a kind of; its absence rules out all that are kinds of it.

        Where both meet, the observation stands: it is the more specific of the two.
        """
        matrix = np.zeros((columns.count, len(self.contract.vocabulary)), dtype=np.float32)
        for wanted, value in ((False, -1.0), (True, 1.0)):
            for row, hpo_id, is_observed in columns.findings:
                if is_observed is wanted:
                    matrix[row, self.settles(hpo_id, observed=wanted)] = value
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
        systems: dict[int, set[str]] = {}
        for row, hpo_id, is_observed in columns.findings:
            involved = systems.setdefault(row, set())
            if is_observed:
                involved |= self._systems_of(hpo_id)
        counts = np.full(columns.count, np.nan)
        counts[list(systems)] = [len(names) for names in systems.values()]
        return counts

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


def _by_rule(raw: FloatArray) -> FloatArray:
    """Clip to clinical bounds, and fill what another measurement states: fever from temperature. Rows as `NUMBERS`."""
    known = np.clip(raw, _LOW, _HIGH) + 0.0  # -0.0 becomes 0.0: which of the two a clip gives depends on the processor
    fever, temperature = known[_ROW["fever"]], known[_ROW["temperature_c"]]
    for i in np.flatnonzero(np.isnan(fever) & ~np.isnan(temperature)):
        fever[i] = fever_from_temperature(temperature[i])
    return known


def _numeric(known: FloatArray, raw: FloatArray, systems_involved: FloatArray) -> npt.NDArray[np.float32]:
    """Shape (n, len(NUMERIC)), from rows as `NUMBERS`."""
    age, days = known[_ROW["age_years"]], known[_ROW["days"]]
    # Age-adjusted Charlson adds a point a decade from 50, four at most. Charlson 1994, J Clin Epidemiol 47:1245.
    age_points = np.clip(np.floor((np.where(np.isnan(age), 40.0, age) - 40.0) / 10.0), 0.0, 4.0)
    # A vital that was not measured is imputed with the median of its age group: no deviation.
    for_age = known[_VITAL_ROWS] - expected_vitals(VITALS, age)
    derived = (
        np.log1p(days),
        known[_ROW["fever"]] * days,
        known[_ROW["comorbidity"]] + age_points,
        known[_ROW["systolic_bp"]] - known[_ROW["diastolic_bp"]],
        systems_involved,
    )
    made = np.concatenate([known, derived, np.where(np.isnan(for_age), 0.0, for_age), np.isnan(raw)])
    return np.ascontiguousarray(made.T, dtype=np.float32)


def _categorical(known: FloatArray, categories: Mapping[str, StringArray]) -> StringArray:
    # By clinical rule: nobody asks a man, so his unknown pregnancy is a no.
    is_man = (categories["sex"] == Sex.MALE) & (categories["pregnant"] == Pregnancy.UNKNOWN)
    made = {
        **categories,
        "pregnant": np.where(is_man, Pregnancy.NO.value, categories["pregnant"]),
        "age_band": age_bands(known[_ROW["age_years"]]),
        "pain_band": _banded(known[_ROW["pain"]], _PAIN_BANDS),
    }
    columns = np.empty((known.shape[1], len(CATEGORICAL)), dtype=object)
    for place, name in enumerate(CATEGORICAL):
        columns[:, place] = made[name]
    return columns


def age_bands(age_years: FloatArray) -> StringArray:
    """The band of each age, shape (n,); "" where it is unknown."""
    return _banded(age_years, _AGE_BANDS)


def _banded(values: FloatArray, bands: tuple[tuple[float, str], ...]) -> StringArray:
    starts, names = _edges(bands)
    # Not `searchsorted`: it lets other threads run in between, which costs one patient more than all the rest.
    reached = np.count_nonzero(values >= starts[:, np.newaxis], axis=0)  # none for NaN
    return np.asarray(names[reached], dtype=object)


@cache
def _edges(bands: tuple[tuple[float, str], ...]) -> tuple[FloatArray, StringArray]:
    names = np.array(["", *(name for _, name in bands)], dtype=object)
    return np.array([start for start, _ in bands]), names
