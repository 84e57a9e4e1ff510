"""From FHIR resources to one row an encounter: what lands, and where it came from."""

from datetime import date

import pytest

from tests.ingest.exports import (
    HPO,
    ICD10,
    LOINC,
    ORPHA,
    SNOMED,
    Ward,
    coded,
    condition,
    encounter,
    finding,
    ingested,
    label,
    observation,
    patient,
    pressure,
    quantity,
    state,
    vital,
)

BASE = (patient(), encounter())
DIAGNOSED = (*BASE, condition("dx", coded(ICD10, "E75.2"), recordedDate="2024-03-20"))
OLD = {"encounter": None, "onsetDateTime": "2010-01-01"}


def before(**more: object) -> tuple[object, ...]:
    return (*DIAGNOSED, condition("c1", coded(ICD10, "I10"), encounter=None, **more))


def problems(*codes: str) -> list[object]:
    return [condition(f"c{n}", coded(ICD10, code), **OLD) for n, code in enumerate(codes)]  # type: ignore[arg-type]


# Story -> (resources, the fields that it decides)
STORIES: dict[str, tuple[tuple[object, ...], dict[str, object]]] = {
    "earliest-by-instant-not-by-text": (
        (
            *BASE,
            vital("o1", "8867-4", 90, "/min", effectiveDateTime="2024-03-10T09:00:00-05:00"),
            vital("o2", "8867-4", 120, "/min", effectiveDateTime="2024-03-10T13:00:00Z"),
            vital(
                "o3",
                "8867-4",
                110,
                "/min",
                effectiveDateTime=None,
                effectivePeriod={"start": "2024-03-10T08:05:00-05:00"},
            ),
            vital("o4", "8867-4", 100, "/min", effectiveDateTime=None),
        ),
        {"heart_rate": 120.0},
    ),
    "fahrenheit": ((*BASE, vital("o", "8310-5", 101.3, "[degF]")), {"temperature_c": 38.5, "fever": 5.0}),
    "oral-temperature": ((*BASE, vital("o", "8331-1", 37, "Cel")), {"temperature_c": 37.0, "fever": 0.0}),
    "fever-from": ((*BASE, vital("o", "8310-5", 37.5, "Cel")), {"fever": 2.0}),
    "other-spo2-code": ((*BASE, vital("o", "2708-6", 40, "%")), {"spo2": 40.0}),
    "upper-end-of-range": ((*BASE, vital("o", "8867-4", 300, "{beats}/min")), {"heart_rate": 300.0}),
    "no-unit-is-the-own-unit": ((*BASE, vital("o", "8867-4", 20, None)), {"heart_rate": 20.0}),
    "number-as-text": ((*BASE, vital("o", "8867-4", "77", "/min")), {"heart_rate": 77.0}),
    "score-zero": ((*BASE, vital("o", "72514-3", 0, "{score}")), {"pain": 0.0}),
    "score-as-integer": ((*BASE, observation("o", coded(LOINC, "72514-3"), valueInteger=7)), {"pain": 7.0}),
    "unit-without-code": (
        (*BASE, observation("o", coded(LOINC, "8310-5"), valueQuantity={**quantity(98.6, None), "unit": "°F"})),
        {"temperature_c": 37.0},
    ),
    "half-a-panel": ((*BASE, pressure("o", 120, None)), {"systolic_bp": 120.0, "diastolic_bp": None}),
    "pressures-without-panel": (
        (*BASE, vital("o1", "8480-6", 120, "mm[Hg]"), vital("o2", "8462-4", 70, "mmHg")),
        {"systolic_bp": 120.0, "diastolic_bp": 70.0},
    ),
    "withdrawn": ((*BASE, vital("o", "8867-4", 80, "/min", status="entered-in-error")), {"heart_rate": None}),
    "nothing-measured": (
        BASE,
        dict.fromkeys(("fever", "pain", "days", "heart_rate", "spo2", "state", "rare", "label_source", "complaint"))
        | {"pregnant": "unknown", "phenotypes": []},
    ),
    "not-pregnant": (
        (*BASE, observation("o", coded(LOINC, "82810-3"), valueCodeableConcept=coded(SNOMED, "60001007"))),
        {"pregnant": "no"},
    ),
    "snomed-and-retired-ids": (
        (
            *BASE,
            observation("o1", coded(SNOMED, "386661006"), valueCodeableConcept=coded(SNOMED, "52101004")),
            observation("o2", coded(HPO, "HP:0002279"), valueBoolean=False),
        ),
        {
            "phenotypes": [
                {"hpo_id": "HP:0000001", "status": "excluded", "onset_days": None},
                {"hpo_id": "HP:0001945", "status": "observed", "onset_days": None},
            ]
        },
    ),
    "present-before-absent": (
        (*BASE, finding("o1", "HP:0000001", present=False), finding("o2", "HP:0000001")),
        {"phenotypes": [{"hpo_id": "HP:0000001", "status": "observed", "onset_days": None}]},
    ),
    "neither-present-nor-absent": ((*BASE, observation("o", coded(HPO, "HP:0000001"))), {"phenotypes": []}),
    "no-finding": ((*BASE, finding("o", "HP:0003577")), {"phenotypes": []}),
    "days-from-the-earliest-finding": (
        (
            *BASE,
            finding("o1", "HP:0000001", effectiveDateTime=None, effectivePeriod={"start": "2024-03-01"}),
            finding("o2", "HP:0000002", effectiveDateTime=None, effectivePeriod={"start": "2024-03-08"}),
        ),
        {
            "days": 9.0,
            "phenotypes": [
                {"hpo_id": "HP:0000001", "status": "observed", "onset_days": 9.0},
                {"hpo_id": "HP:0000002", "status": "observed", "onset_days": 2.0},
            ],
        },
    ),
    "asked-onset-before-findings": (
        (
            *BASE,
            finding("o1", "HP:0000001", effectiveDateTime=None, effectivePeriod={"start": "2024-03-01"}),
            observation("o2", coded(LOINC, "11368-8"), valueDateTime="2024-03-10T01:00:00-05:00"),
        ),
        {"days": 0.0},
    ),
    "time-of-asking-is-no-onset": ((*BASE, finding("o", "HP:0000001", effectiveDateTime="2024-03-01")), {"days": None}),
    "diagnosis-onset-tells-no-days": (
        (*BASE, condition("c", coded(ICD10, "J06.9"), onsetDateTime="2024-01-01")),
        {"days": None},
    ),
    "nothing-before": (DIAGNOSED, {"comorbidity": 0.0}),
    "began-the-day-before": (before(onsetDateTime="2024-03-09"), {"comorbidity": 1.0}),
    "began-the-same-day": (before(onsetDateTime="2024-03-10"), {"comorbidity": 0.0}),
    "recorded-before": (before(recordedDate="2020-01-01"), {"comorbidity": 1.0}),
    "undated": (before(), {"comorbidity": 0.0}),
    "ended-the-same-day": (before(onsetDateTime="2010-01-01", abatementDateTime="2024-03-10"), {"comorbidity": 1.0}),
    "ended-before": (before(onsetDateTime="2010-01-01", abatementDateTime="2024-03-09"), {"comorbidity": 0.0}),
    "resolved": (before(onsetDateTime="2010-01-01", clinicalStatus=coded("x", "resolved")), {"comorbidity": 0.0}),
    "refuted": (before(onsetDateTime="2010-01-01", verificationStatus=coded("x", "refuted")), {"comorbidity": 0.0}),
    "of-another-patient": (
        before(onsetDateTime="2010-01-01", subject={"reference": "Patient/p2"}),
        {"comorbidity": 0.0},
    ),
    "own-diagnosis-by-link": (
        (*DIAGNOSED, condition("c1", coded(ICD10, "I10"), onsetDateTime="2010-01-01")),
        {"comorbidity": 0.0},
    ),
    "own-diagnosis-by-code": ((*DIAGNOSED, *problems("E75.2")), {"comorbidity": 0.0}),
    "noted-twice": ((*DIAGNOSED, *problems("I10", "I10", "E11.9", "J45.9")), {"comorbidity": 3.0}),
    "five-at-most": ((*DIAGNOSED, *problems(*(f"K{n}0" for n in range(8)))), {"comorbidity": 5.0}),
    "last-adjudication": (
        (*BASE, state("o1", "chronic", issued="2024-05-01"), state("o2", "mild", issued="2024-04-01")),
        {"state": "chronic", "rare": None, "label_source": "confirmed"},
    ),
    "rarity-from-the-code": (
        (*BASE, state("o", "chronic"), condition("c", coded(ORPHA, "558"))),
        {"state": "chronic", "rare": True, "label_source": "coded"},
    ),
    "adjudicated-rarity-wins": (
        (*BASE, label("o", "rare", valueBoolean=False), condition("c", coded(ORPHA, "558"))),
        {"rare": False, "label_source": "confirmed"},
    ),
    "group-code-says-nothing": (
        (*BASE, condition("c", coded(ICD10, "E75.2"))),
        {"rare": None, "label_source": None, "label_date": None, "diagnosis_code": "E75.2"},
    ),
    "orphanet-before-icd": (
        (*BASE, condition("c", {"coding": [{"system": ICD10, "code": "E75.2"}, {"system": ORPHA, "code": "558"}]})),
        {"diagnosis_system": ORPHA, "diagnosis_code": "558"},
    ),
    "provisional-is-no-label": (
        (*BASE, condition("c", coded(ORPHA, "558"), verificationStatus=coded("x", "provisional"))),
        {"diagnosis_code": None, "rare": None},
    ),
    "no-category-with-an-encounter-is-its-diagnosis": (
        (*BASE, condition("c", coded(ORPHA, "558"), category=None)),
        {"diagnosis_code": "558"},
    ),
    "ambulatory": ((patient(), encounter(**{"class": {"code": "AMB"}})), {"visit_type": "outpatient"}),  # type: ignore[arg-type]
    "inpatient": ((patient(), encounter(**{"class": {"code": "IMP"}})), {"visit_type": None}),  # type: ignore[arg-type]
    "birth-year-alone": ((patient(birthDate="1980"), encounter()), {"age_years": None}),
    "no-birth-date": ((patient(birthDate=None), encounter()), {"age_years": None}),
    "no-encounter-date": ((patient(), encounter(period=None)), {"period": None, "encounter_date": None}),
    "fields-of-a-wrong-shape": (
        (
            patient(address="Calle 1", birthDate={"year": 1980}),
            encounter(period="2024", reasonCode={"text": "x"}),
            {"resourceType": "Observation", "id": "o1", "code": "8867-4"},
            {"resourceType": "Observation", "id": "o2", "code": {"coding": {"system": HPO, "code": "HP:0000001"}}},
        ),
        {"period": None, "phenotypes": []},
    ),
}


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    return Ward.of(tmp_path_factory.mktemp("ward"), {name: story for name, (story, _) in STORIES.items()})


@pytest.mark.parametrize("name", STORIES)
def test_story(ward: Ward, name: str) -> None:
    row, expected = ward.row(name), STORIES[name][1]
    assert {field: row[field] for field in expected} == expected


def test_the_label_date_is_when_the_label_was_known(ward: Ward) -> None:
    row = ward.row("last-adjudication")
    encountered, labelled = row["encounter_date"], row["label_date"]
    assert isinstance(encountered, date)
    assert isinstance(labelled, date)
    assert (labelled - encountered).days == 52


def test_what_is_not_used_is_counted_by_its_reason(ward: Ward) -> None:
    reasons = ward.report.unused_reasons
    # 3 later heart rates and the absent finding; the chronic label superseded the mild one.
    assert (reasons["later reading"], reasons["superseded label"], reasons["without a value"]) == (4, 1, 1)
    assert reasons["withdrawn by the sender"] == 2
    assert ward.report.read == sum(len(story) for story, _ in STORIES.values())


def test_without_any_condition_in_the_export_comorbidity_is_unknown(tmp_path_factory: pytest.TempPathFactory) -> None:
    _, sink = ingested(tmp_path_factory.mktemp("bare"), *BASE)
    assert sink.row["comorbidity"] is None


def test_a_whole_visit_stands_for_all_its_records(tmp_path_factory: pytest.TempPathFactory) -> None:
    report, sink = ingested(
        tmp_path_factory.mktemp("whole"),
        patient(),
        encounter(reasonCode=[{"text": "Cough. Call ana.perez@example.org"}]),
        vital("o1", "8310-5", 38.6, "Cel"),
        pressure("o2", 118, 74),
        finding("o3", "HP:0001945"),
        condition("c1", coded(ICD10, "J06.9"), recordedDate="2024-03-20"),
        condition("c2", coded(ICD10, "I10"), encounter=None, onsetDateTime="2019-01-01"),
        state("o4", "acute"),
        label("o5", "rare", valueBoolean=False),
        keep_complaint=True,
    )
    assert (report.read, report.accepted) == (9, 9)
    row = sink.row
    assert (row["region"], row["age_years"], row["sex"], row["period"]) == ("CO-ANT", 43.0, "female", "2024Q1")
    assert "Cough" in str(row["complaint"])
    assert "example.org" not in str(row["complaint"])
