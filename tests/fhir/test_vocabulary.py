"""What a code means."""

from collections.abc import Mapping

import pytest

from raretriage.domain import RANGES, State
from raretriage.fhir import Concept, Use, answers, canonical_system, classify, disease_id, reading_fields, units
from raretriage.fhir.systems import HPO, LOINC, SNOMED, TRIAGE


class Terms:
    snomed_to_hpo: Mapping[str, str] = {"386661006": "HP:0001945"}

    def find(self, hpo_id: str) -> str | None:
        return {"HP:0001250": "HP:0001250", "HP:0002279": "HP:0001250", "HP:0003577": "HP:0003577"}.get(hpo_id)

    def find_icd10(self, code: str) -> str | None:
        return {"R50.9": "HP:0001945"}.get(code)

    def is_finding(self, hpo_id: str) -> bool:
        return hpo_id != "HP:0003577"

    def is_rare(self, disease_id: str) -> bool | None:
        return {"ORPHA:558": True}.get(disease_id)


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        (LOINC, "59408-5", Concept(Use.VITAL, "spo2")),
        (LOINC, "2708-6", Concept(Use.VITAL, "spo2")),
        ("urn:oid:2.16.840.1.113883.6.1", "8310-5", Concept(Use.VITAL, "temperature_c")),
        (LOINC, "85354-9", Concept(Use.PANEL, "blood_pressure")),
        (LOINC, "29463-7", None),
        (HPO, "HP:0001250", Concept(Use.FINDING, "HP:0001250")),
        (HPO, "HP:0002279", Concept(Use.FINDING, "HP:0001250")),
        (HPO, "HP:9999999", Concept(Use.UNKNOWN_FINDING, "")),
        (HPO, "HP:0003577", None),
        (SNOMED, "386661006", Concept(Use.FINDING, "HP:0001945")),
        (SNOMED, "1", None),
        (TRIAGE, "state", Concept(Use.STATE, "state")),
        (TRIAGE, "vital", None),
        ("http://hospital.example/codes", "8310-5", None),
        (None, "8310-5", None),
        (LOINC, None, None),
    ],
)
def test_a_coding_has_the_use_of_its_system_and_code(system: str | None, code: str | None, expected: object) -> None:
    assert classify(system, code, Terms()) == expected


def test_every_field_that_can_be_measured_has_a_range_and_a_unit_factor_of_one() -> None:
    assert reading_fields() <= set(RANGES)
    for field in reading_fields():
        own = [unit for unit in units() if unit.field == field and unit.unit == RANGES[field].unit]
        assert [(unit.subtract, unit.multiply) for unit in own] == [(0, 1)], field


def test_every_state_has_an_answer() -> None:
    meanings = {answer.meaning for answer in answers()}
    assert {f"state:{state}" for state in State} <= meanings


@pytest.mark.parametrize("spelling", ["http://snomed.info/sct/", " http://snomed.info/sct", "https://snomed.info/sct"])
def test_a_system_has_one_spelling(spelling: str) -> None:
    assert canonical_system(spelling) == SNOMED


def test_only_a_system_of_single_diseases_names_a_disease() -> None:
    assert disease_id("https://www.omim.org", "601718") == "OMIM:601718"
    assert disease_id(SNOMED, "195967001") is None
