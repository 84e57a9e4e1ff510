"""The same patients in every interface: what is read back is what the encoder made."""

import json

import numpy as np
import pytest

from benchmarks.bodies import (
    ROW_BODIES,
    arrays_body,
    patient_bodies,
    presentation,
    read_bodies,
    read_expected,
    v2_body,
    write_bodies,
)
from raretriage.features import ModelInput

ROWS = ModelInput(
    numeric=np.array([[36.6, np.nan, 0.1], [-0.5, 4.0, 1e-7]], dtype=np.float32),
    categorical=np.array([["male", ""], ["", "no"]], dtype=object),
    phenotypes=np.array([[1, 0, -1, 0], [0, 0, 0, 1]], dtype=np.float32),
)


def encounter(number: int, **changed: object) -> dict[str, object]:
    vitals = dict.fromkeys(("heart_rate", "respiratory_rate", "systolic_bp", "diastolic_bp", "spo2"))
    told = {
        "encounter_id": f"e{number}",
        "patient_id": f"p{number}",
        "age_years": 30.0 + number,
        "site": "s",
        "region": None,
        "sex": "female",
        "pregnant": "unknown",
        "visit_type": None,
        "fever": 1.5,
        "pain": 2.0,
        "days": 3.0,
        "comorbidity": 0.0,
        "temperature_c": 37.5,
        "phenotypes": [{"hpo_id": "HP:0001250", "status": "observed", "onset_days": None}],
        "state": "acute",
        "rare": True,
    }
    return told | vitals | changed


def test_a_body_says_what_is_known_of_the_patient_and_raretriage_takes_it():
    (body,) = patient_bodies([encounter(1)], count=1, seed=1)
    assert body["age"] == 31.0
    assert body["phenotypes"] == [{"hpo_id": "HP:0001250", "status": "observed"}]
    assert not {"spo2", "visit_type", "state", "rare", "region"} & body.keys()
    seen = presentation(body)
    assert (seen.age_years, seen.temperature_c, seen.spo2) == (31.0, 37.5, None)
    assert [finding.hpo_id for finding in seen.phenotypes] == ["HP:0001250"]


def test_only_encounters_with_findings_and_a_vital_sign_are_taken():
    some = [encounter(0, phenotypes=[]), encounter(1, temperature_c=None), encounter(2, days=None), encounter(3)]
    assert [body["age"] for body in patient_bodies(some, count=1, seed=1)] == [33.0]
    with pytest.raises(ValueError, match="2 are needed"):
        patient_bodies(some, count=2, seed=1)


def test_the_same_seed_gives_the_same_patients():
    many = [encounter(n) for n in range(30)]
    first, again, other = (patient_bodies(many, count=10, seed=seed) for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("i", [0, 1])
def test_a_row_comes_back_bit_by_bit(i):
    tensors = json.loads(json.dumps(v2_body(ROWS, i)))["inputs"]
    flat = {tensor["name"]: np.array(tensor["data"]).reshape(tensor["shape"]) for tensor in tensors}
    nested = {name: np.array(rows) for name, rows in json.loads(json.dumps(arrays_body(ROWS, i))).items()}
    for found in (flat, nested):
        np.testing.assert_array_equal(found["numeric"].astype(np.float32), ROWS.numeric[i : i + 1])
        np.testing.assert_array_equal(found["categorical"], ROWS.categorical[i : i + 1])
        np.testing.assert_array_equal(found["phenotypes"].astype(np.float32), ROWS.phenotypes[i : i + 1])


def test_there_is_a_line_a_patient_in_every_file(tmp_path):
    patients = patient_bodies([encounter(1), encounter(2)], count=2, seed=1)
    expected = np.array([[0.1, 0.2, 0.3, 0.4, 1 / 3], [0.4, 0.3, 0.2, 0.1, 2 / 3]])
    write_bodies(tmp_path, patients, ROWS, expected)
    assert [json.loads(line) for line in read_bodies(tmp_path, "patient")] == patients
    for kind, body_of in ROW_BODIES.items():
        assert [json.loads(line) for line in read_bodies(tmp_path, kind)] == [body_of(ROWS, 0), body_of(ROWS, 1)]
    np.testing.assert_array_equal(read_expected(tmp_path), expected)
