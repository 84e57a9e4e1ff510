"""Phenopackets become encounters with what they say, and no more."""

from collections.abc import Mapping

import pytest

from raretriage.fhir import Finding, Issue, Packet, is_packet, parse_packet


class Terms:
    snomed_to_hpo: Mapping[str, str] = {}

    def find(self, hpo_id: str) -> str | None:
        current = {"HP:0002279": "HP:0001250"}.get(hpo_id, hpo_id)
        return current if current in {"HP:0001250", "HP:0001263", "HP:0003577"} else None

    def find_icd10(self, code: str) -> str | None:
        return {"R50.9": "HP:0001945"}.get(code)

    def is_finding(self, hpo_id: str) -> bool:
        return hpo_id != "HP:0003577"

    def is_rare(self, disease_id: str) -> bool | None:
        return {"ORPHA:558": True}.get(disease_id)


def feature(hpo_id: str, **more: object) -> dict[str, object]:
    return {"type": {"id": hpo_id, "label": "a label"}, **more}


def onset(duration: str) -> dict[str, object]:
    return {"age": {"iso8601duration": duration}}


def packet(*features: object, **more: object) -> dict[str, object]:
    return {
        "id": "PMID_1_II_1",
        "subject": {"id": "II-1", "sex": "FEMALE", "timeAtLastEncounter": {"age": {"iso8601duration": "P10Y"}}},
        "phenotypicFeatures": list(features),
        "metaData": {"externalReferences": [{"id": "PMID:1"}]},
        **more,
    }


def parsed(*features: object, **more: object) -> Packet:
    found = parse_packet(packet(*features, **more), Terms())
    assert isinstance(found, Packet)
    return found


def test_the_patient_is_named_within_the_publication() -> None:
    assert parsed().patient_id == "PMID:1/II-1"
    assert parsed(metaData={}).patient_id == "PMID_1_II_1"


def test_observed_and_excluded_findings_stay_apart() -> None:
    found = parsed(feature("HP:0001263", excluded=True), feature("HP:0001250")).findings
    assert found == (Finding("HP:0001250", "observed", None), Finding("HP:0001263", "excluded", None))


def test_an_alternative_id_is_followed_and_merged() -> None:
    found = parsed(feature("HP:0002279"), feature("HP:0001250", onset=onset("P4Y"))).findings
    assert found == (Finding("HP:0001250", "observed", 2192.0),)


def test_a_finding_that_was_ever_observed_is_observed() -> None:
    found = parsed(feature("HP:0001250"), feature("HP:0001250", excluded=True)).findings
    assert [finding.status for finding in found] == ["observed"]


@pytest.mark.parametrize(
    ("bad", "issue"),
    [
        (feature("HP:9999999"), Issue("phenotypicFeatures[0].type.id", "unknown_hpo_id", "HP:9999999")),
        (feature("HP:0003577"), Issue("phenotypicFeatures[0].type.id", "not_a_finding", "HP:0003577")),
        ({"type": {}}, Issue("phenotypicFeatures[0].type.id", "missing_id", "")),
        (
            feature("HP:0001250", onset=onset("P11Y")),
            Issue("phenotypicFeatures[0].onset.age", "onset_after_encounter", "P11Y"),
        ),
        (
            feature("HP:0001250", onset=onset("soon")),
            Issue("phenotypicFeatures[0].onset.age", "not_a_duration", "soon"),
        ),
    ],
)
def test_a_bad_part_is_named_by_its_place_and_the_rest_stays(bad: object, issue: Issue) -> None:
    found = parsed(bad, feature("HP:0001263"))
    assert found.issues == (issue,)
    assert "HP:0001263" in [finding.hpo_id for finding in found.findings]


def test_the_solved_diagnosis_goes_before_a_listed_disease() -> None:
    solved = {"progressStatus": "SOLVED", "diagnosis": {"disease": {"id": "OMIM:1"}}}
    listed = {"term": {"id": "ORPHA:2"}}
    assert parsed(interpretations=[solved], diseases=[listed]).disease_code == "1"
    assert parsed(interpretations=[{**solved, "progressStatus": "IN_PROGRESS"}], diseases=[listed]).disease_code == "2"
    assert parsed(diseases=[{**listed, "excluded": True}]).disease_code is None


def test_what_is_not_said_stays_missing() -> None:
    bare = parse_packet({"id": "x", "subject": {}, "metaData": {}}, Terms())
    assert bare == Packet("x", "x", None, None, (), None, None, ())


def test_without_an_id_nothing_can_be_used() -> None:
    assert parse_packet({"subject": {}, "metaData": {}}, Terms()) == Issue("id", "missing_id", "")


def test_a_fhir_resource_is_no_phenopacket() -> None:
    assert is_packet(packet())
    assert not is_packet({"resourceType": "Observation", "subject": {}, "phenotypicFeatures": []})
    assert not is_packet([])
