import importlib
import random
from collections import Counter
from datetime import date, datetime

import pytest

from raretriage.domain import RANGES, State
from raretriage.knowledge import Knowledge

LOINC, SNOMED, HPO = "http://loinc.org", "http://snomed.info/sct", "http://human-phenotype-ontology.org"
Exported = dict[str, list[dict]]


def codings(resource: dict) -> list[tuple[str, str]]:
    return [(c["system"], c["code"]) for c in resource["code"]["coding"]]


def by_code(exported: Exported, system: str, code: str) -> list[dict]:
    return [o for o in exported["Observation"] if (system, code) in codings(o)]


def test_a_sample_of_every_type_is_valid_fhir_r4(exported: Exported) -> None:
    picked = random.Random(0)
    checked = 0
    for kind, found in exported.items():
        model = getattr(importlib.import_module(f"fhir.resources.R4B.{kind.lower()}"), kind)
        for resource in picked.sample(found, min(len(found), 60 if kind != "Observation" else 160)):
            model.model_validate(resource)
            checked += 1
    assert checked >= 300
    assert set(exported) == {"Patient", "Encounter", "Condition", "Observation", "Organization"}


def test_ids_are_unique_and_every_reference_leads_somewhere(exported: Exported) -> None:
    ids = {kind: Counter(r["id"] for r in found) for kind, found in exported.items()}
    assert all(max(counts.values()) == 1 for counts in ids.values())
    for kind in ("Encounter", "Condition", "Observation"):
        assert {r["subject"]["reference"].removeprefix("Patient/") for r in exported[kind]} <= ids["Patient"].keys()
    pointed = {r["encounter"]["reference"].removeprefix("Encounter/") for r in exported["Observation"]}
    assert pointed <= ids["Encounter"].keys()
    assert set(ids["Patient"]) == {e["subject"]["reference"][8:] for e in exported["Encounter"]}


def test_direct_identifiers_are_really_there(exported: Exported) -> None:
    """Without them de-identification would have nothing to do, and its tests would prove nothing."""
    for patient in exported["Patient"]:
        family = patient["name"][0]["family"]
        assert family in patient["text"]["div"].replace("&amp;", "&")
        assert patient["identifier"][0]["value"].isdigit()
        assert {t["system"] for t in patient["telecom"]} == {"phone", "email"}
        assert set(patient["address"][0]) == {"line", "city", "state", "postalCode", "country"}
        assert patient["extension"][0]["valueString"] == family.split()[-1]
        assert patient["contact"][0]["name"]["text"]
    names = {p["name"][0]["family"] for p in exported["Patient"]}
    texts = [e["reasonCode"][0]["text"] for e in exported["Encounter"]]
    assert sum(any(name in text for name in names) for text in texts) > 50
    assert sum("+57 3" in text for text in texts) > 50
    assert sum("note" in o and "+57 3" in o["note"][0]["text"] for o in exported["Observation"]) > 50
    assert any(not family.isascii() for family in names)
    assert any("phone" in text for text in texts), "no English note"
    assert all(c["recorder"]["display"] for c in exported["Condition"] if c["id"].endswith("-dx"))


def test_postcodes_belong_to_their_department(exported: Exported) -> None:
    prefixes = {(p["address"][0]["state"], p["address"][0]["postalCode"][:2]) for p in exported["Patient"]}
    assert len(prefixes) == len({state for state, _prefix in prefixes}) > 5
    assert ("Antioquia", "05") in prefixes


@pytest.mark.parametrize(
    ("code", "channel", "low", "high"),
    [
        ("8310-5", "temperature_c", 34, 42),
        ("8867-4", "heart_rate", 30, 220),
        ("9279-1", "respiratory_rate", 6, 80),
        ("72514-3", "pain", 0, 10),
    ],
)
def test_vital_signs_have_loinc_and_ucum(exported: Exported, code: str, channel: str, low: float, high: float) -> None:
    """All are possible, and nearly all are what a triage nurse meets."""
    found, limits = by_code(exported, LOINC, code), RANGES[channel]
    assert len(found) > 400
    for observation in found:
        quantity = observation["valueQuantity"]
        assert (quantity["system"], quantity["code"]) == ("http://unitsofmeasure.org", limits.unit)
        assert limits.low <= quantity["value"] <= limits.high
    assert sum(low <= o["valueQuantity"]["value"] <= high for o in found) > 0.99 * len(found)


def test_blood_pressure_is_a_panel_and_saturation_has_two_codes(exported: Exported) -> None:
    for panel in by_code(exported, LOINC, "85354-9"):
        codes = [codings(c)[0][1] for c in panel["component"]]
        values = [c["valueQuantity"]["value"] for c in panel["component"]]
        assert codes == ["8480-6", "8462-4"]
        assert values[0] > values[1]
    assert min(len(by_code(exported, LOINC, c)) for c in ("2708-6", "59408-5")) > 100


def test_findings_are_coded_present_and_absent_in_hpo_and_snomed(exported: Exported, knowledge: Knowledge) -> None:
    exams = [o for o in exported["Observation"] if o["category"][0]["coding"][0]["code"] == "exam"]
    systems = Counter(codings(o)[0][0] for o in exams)
    values = Counter(o["valueCodeableConcept"]["coding"][0]["code"] for o in exams)
    assert systems[HPO] > systems[SNOMED] > 100
    assert set(values) == {"52101004", "2667000"}
    assert min(values.values()) > 500
    for observation in exams:
        system, code = codings(observation)[0]
        hpo_id = code if system == HPO else knowledge.snomed_to_hpo[code]
        assert observation["code"]["coding"][0]["display"] == knowledge.label(hpo_id)
        assert knowledge.is_finding(hpo_id)


def test_a_finding_with_a_known_onset_has_a_period_before_the_visit(exported: Exported) -> None:
    start = {e["id"]: e["period"]["start"][:10] for e in exported["Encounter"]}
    periods = [o for o in exported["Observation"] if "effectivePeriod" in o]
    assert len(periods) > 300
    assert all(o["effectivePeriod"]["start"] <= start[o["encounter"]["reference"][10:]] for o in periods)


def test_onset_is_asked_of_ill_and_healthy_and_sometimes_of_nobody(exported: Exported) -> None:
    asked = {o["encounter"]["reference"][10:] for o in by_code(exported, LOINC, "11368-8")}
    state = {
        o["encounter"]["reference"][10:]: o["valueCodeableConcept"]["coding"][0]["code"]
        for o in by_code(exported, "urn:raretriage:triage", "state")
    }
    for label in ("healthy", "mild", "chronic"):
        share = sum(e in asked for e, s in state.items() if s == label) / sum(s == label for s in state.values())
        assert 0.2 < share < 0.98
    birth = {p["id"]: p["birthDate"] for p in exported["Patient"]}
    for observation in by_code(exported, LOINC, "11368-8"):
        assert observation["valueDateTime"] >= birth[observation["subject"]["reference"][8:]]


def test_pregnancy_uses_both_answers(exported: Exported) -> None:
    answers = Counter(o["valueCodeableConcept"]["coding"][0]["code"] for o in by_code(exported, LOINC, "82810-3"))
    assert set(answers) == {"77386006", "60001007"}
    female = {p["id"] for p in exported["Patient"] if p["gender"] == "female"}
    assert {o["subject"]["reference"][8:] for o in by_code(exported, LOINC, "82810-3")} <= female


def test_adjudication_comes_as_two_observations_with_the_diagnosis(exported: Exported) -> None:
    states = by_code(exported, "urn:raretriage:triage", "state")
    rare = by_code(exported, "urn:raretriage:triage", "rare")
    diagnoses = [c for c in exported["Condition"] if c["category"][0]["coding"][0]["code"] == "encounter-diagnosis"]
    assert len(states) == len(rare) == len(diagnoses)
    assert 0.9 < len(states) / len(exported["Encounter"]) < 0.99
    found = {o["valueCodeableConcept"]["coding"][0]["code"] for o in states}
    assert found == {state.value for state in State}
    orpha = {c["encounter"]["reference"] for c in diagnoses if "http://www.orpha.net" in dict(codings(c))}
    assert orpha == {o["encounter"]["reference"] for o in rare if o["valueBoolean"]}
    assert all(
        codings(c)[0][0] == "http://hl7.org/fhir/sid/icd-10" or c["encounter"]["reference"] in orpha for c in diagnoses
    )


def test_labels_come_after_the_visit(exported: Exported) -> None:
    start = {e["id"]: datetime.fromisoformat(e["period"]["start"]) for e in exported["Encounter"]}
    for observation in by_code(exported, "urn:raretriage:triage", "rare"):
        issued = datetime.fromisoformat(observation["issued"])
        assert issued > start[observation["encounter"]["reference"][10:]]
        assert issued.tzinfo is not None


def test_the_problem_list_is_common_older_than_the_visit_and_not_the_diagnosis(exported: Exported) -> None:
    first: dict[str, str] = {}
    for encounter in exported["Encounter"]:
        patient, day = encounter["subject"]["reference"], encounter["period"]["start"][:10]
        first[patient] = min(first.get(patient, day), day)
    born = {f"Patient/{p['id']}": p["birthDate"] for p in exported["Patient"]}
    problems = [c for c in exported["Condition"] if c["category"][0]["coding"][0]["code"] == "problem-list-item"]
    assert len(problems) > 200
    for problem in problems:
        patient = problem["subject"]["reference"]
        assert codings(problem)[0][0] == "http://hl7.org/fhir/sid/icd-10"
        assert born[patient] <= problem["onsetDateTime"] < first[patient]


def test_birth_dates_fit_the_encounters(exported: Exported) -> None:
    for encounter in exported["Encounter"][:50]:
        assert date.fromisoformat(encounter["period"]["start"][:10]) >= date(2022, 1, 1)
