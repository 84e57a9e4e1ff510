"""A small made-up table of encounters with a known pattern, and the toy ontology it is coded in."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from raretriage.domain import Basis
from raretriage.privacy.schemas import ENCOUNTERS
from raretriage.training import TrainedModel, TrainingConfig, train

ROOT = "HP:0000118"
# Real ids in a made-up, two-level hierarchy: branch -> kinds of it.
BRANCHES = {
    "HP:0000707": ["HP:0001250", "HP:0001251", "HP:0002315", "HP:0001249"],
    "HP:0001626": ["HP:0001635", "HP:0011675", "HP:0000822"],
    "HP:0002086": ["HP:0002090", "HP:0002099", "HP:0012735", "HP:0002094"],
    "HP:0025031": ["HP:0002013", "HP:0002014", "HP:0002027"],
    "HP:0001574": ["HP:0000988", "HP:0000989", "HP:0000964"],
}
# Kinds that only the made-up rare patients have; they count as their branch.
RARE_ONLY = {"HP:0002353": "HP:0000707", "HP:0001638": "HP:0001626", "HP:0008066": "HP:0001574"}
PERIODS = [f"{year}Q{quarter}" for year in (2022, 2023, 2024) for quarter in (1, 2, 3, 4)]


class ToyOntology:
    """The hierarchy above behind the one method that features need."""

    def __init__(self) -> None:
        self._up = {ROOT: frozenset({ROOT})}
        for branch, kinds in BRANCHES.items():
            self._up[branch] = frozenset({branch, ROOT})
            for kind in kinds:
                self._up[kind] = frozenset({kind, branch, ROOT})
        for kind, branch in RARE_ONLY.items():
            self._up[kind] = frozenset({kind, branch, ROOT})

    def ancestors(self, hpo_id: str) -> frozenset[str]:
        return self._up[hpo_id]


def made_up_encounters(
    patients: int = 1_500, *, seed: int = 7, rare_share: float = 0.25, signal: float = 1.0, visits: float = 0.3
) -> pa.Table:
    """Encounters of made-up patients. `signal` 0: nothing tells rare from not rare. `visits`: share with a second."""
    rng = np.random.default_rng(seed)
    terms = [*BRANCHES, *(kind for kinds in BRANCHES.values() for kind in kinds)]
    rows = []
    for patient in range(patients):
        is_rare = bool(rng.random() < rare_share)
        age = float(np.round(rng.uniform(0, 90)))
        sex = str(rng.choice(["female", "male"]))
        first = int(rng.integers(len(PERIODS)))
        for visit in range(1 + int(rng.random() < visits)):
            period = PERIODS[min(first + int(visit * rng.integers(0, 4)), len(PERIODS) - 1)]
            state = str(
                rng.choice(
                    ["healthy", "mild", "acute", "chronic"],
                    p=[0, 0.2, 0.3, 0.5] if is_rare else [0.3] * 2 + [0.25, 0.15],
                )
            )
            rows.append(_row(rng, patient, visit, period, age, sex, state, is_rare, signal, terms))
    return pa.Table.from_pylist(rows, schema=ENCOUNTERS)


def _row(rng, patient, visit, period, age, sex, state, is_rare, signal, terms):
    severity = {"healthy": 0.0, "mild": 2.5, "acute": 6.0, "chronic": 3.5}[state]
    days = {"healthy": 0.5, "mild": 3, "acute": 6, "chronic": 120}[state] * float(rng.lognormal(0, 0.6))
    findings = {str(term): "observed" for term in rng.choice(terms, size=rng.integers(0, 4), replace=False)}
    if state != "healthy":
        findings |= {
            "HP:0012735" if state == "mild" else "HP:0002094" if state == "acute" else "HP:0000822": "observed"
        }
    if is_rare and rng.random() < signal:
        findings |= {
            str(term): "observed"
            for term in rng.choice([*RARE_ONLY, "HP:0001250", "HP:0001251", "HP:0011675"], size=3, replace=False)
        }
    if rng.random() < 0.3:
        findings.setdefault("HP:0002013", "excluded")

    def maybe(value: float, probability: float = 0.85) -> float | None:
        return float(value) if rng.random() < probability else None

    return {
        "encounter_id": f"e{patient:05d}-{visit}",
        "patient_id": f"p{patient:05d}",
        "encounter_date": None,
        "period": period,
        "age_years": maybe(age, 0.97),
        "site": "site-1",
        "region": None,
        "sex": sex,
        "pregnant": "yes" if sex == "female" and 15 < age < 45 and rng.random() < 0.1 else "unknown",
        "visit_type": str(rng.choice(["emergency", "outpatient"])),
        "fever": maybe(np.clip(severity + rng.normal(0, 1.5), 0, 10)),
        "pain": maybe(np.clip(severity + rng.normal(0, 2), 0, 10)),
        "days": maybe(days),
        "comorbidity": maybe(int(rng.integers(0, 4))),
        "temperature_c": maybe(36.8 + severity / 5 + rng.normal(0, 0.4), 0.6),
        "heart_rate": maybe(75 + 4 * severity + rng.normal(0, 10), 0.7),
        "respiratory_rate": maybe(16 + severity + rng.normal(0, 2), 0.6),
        "systolic_bp": maybe(125 + rng.normal(0, 12), 0.5),
        "diastolic_bp": maybe(78 + rng.normal(0, 8), 0.5),
        "spo2": maybe(np.clip(97 - severity / 3 + rng.normal(0, 1), 70, 100), 0.5),
        "phenotypes": [{"hpo_id": t, "status": s, "onset_days": None} for t, s in sorted(findings.items())],
        "complaint": None,
        "state": state,
        "rare": is_rare,
        "diagnosis_system": "http://www.orpha.net" if is_rare else "http://hl7.org/fhir/sid/icd-10",
        "diagnosis_code": f"R{patient % 17}" if is_rare else f"C{patient % 11}",
        "label_source": "confirmed",
        "label_date": None,
        "key_id": "k1",
        "row_hash": f"{patient:05d}{visit}",
    }


def toy_config(**changes) -> TrainingConfig:
    """A quick configuration of a simulated run."""
    return TrainingConfig(
        **({"basis": Basis.SIMULATED, "lake_version": 3, "git_commit": "0" * 40, "draws": 60} | changes)
    )


@pytest.fixture(scope="session")
def ontology() -> ToyOntology:
    return ToyOntology()


@pytest.fixture(scope="session")
def encounters() -> pa.Table:
    return made_up_encounters()


@pytest.fixture(scope="session")
def make_encounters() -> Callable[..., pa.Table]:
    return made_up_encounters


@pytest.fixture(scope="session")
def make_config() -> Callable[..., TrainingConfig]:
    return toy_config


@pytest.fixture(scope="session")
def trained(encounters: pa.Table, ontology: ToyOntology) -> TrainedModel:
    """One run on the made-up table, shared by the tests that only look at it."""
    return train(encounters, ontology=ontology, knowledge_version="toy-1", config=toy_config())
