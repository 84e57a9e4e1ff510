"""A bad record is quarantined with its line, its rule and its field; the rest lands, and the sum is exact."""

import json
from pathlib import Path

import pytest

from tests.ingest.exports import (
    ICD10,
    KEYRING,
    LOINC,
    SNOMED,
    MemorySink,
    Ward,
    coded,
    condition,
    encounter,
    finding,
    ingested,
    label,
    ndjson,
    observation,
    patient,
    pressure,
    run,
    state,
    vital,
)

BASE = (patient(), encounter())
PULSE = vital("o", "8867-4", 80, "/min")
ONSET = coded(LOINC, "11368-8")
PREGNANT = observation("o1", coded(LOINC, "82810-3"), valueCodeableConcept=coded(SNOMED, "77386006"))
MODIFIED = {"modifierExtension": [{"url": "urn:not"}]}


def raw(resource: dict[str, object], old: str, new: str) -> str:
    return json.dumps(resource).replace(old, new)


# A bad Observation as the third line -> (rule, field) of each fault, and the value of the first where it is shown.
BAD: dict[str, tuple[object, list[tuple[str, str]], str | None]] = {
    "too-hot": (vital("o", "8310-5", 45.1, "Cel"), [("out_of_range", "temperature_c")], "45.1"),
    "too-cold": (vital("o", "8310-5", 24.9, "Cel"), [("out_of_range", "temperature_c")], "24.9"),
    "above-all-oxygen": (vital("o", "59408-5", 100.1, "%"), [("out_of_range", "spo2")], "100.1"),
    "eleven-of-ten": (vital("o", "72514-3", 11, "{score}"), [("out_of_range", "pain")], "11"),
    "boolean": (vital("o", "8867-4", True, "/min"), [("not_a_number", "heart_rate")], None),
    "word": (vital("o", "8867-4", "fast", "/min"), [("not_a_number", "heart_rate")], None),
    "kelvin": (vital("o", "8310-5", 37, "K"), [("unknown_unit", "temperature_c")], "37"),
    "broken-panel": (pressure("o", 120, 900), [("out_of_range", "diastolic_bp")], "900"),
    "twice-broken-panel": (
        pressure("o", 999, "low"), [("not_a_number", "diastolic_bp"), ("out_of_range", "systolic_bp")], None,
    ),
    "equal-pressures": (
        pressure("o", 70, 70),
        [("systolic_above_diastolic", "diastolic_bp"), ("systolic_above_diastolic", "systolic_bp")],
        "70",
    ),
    "unknown-hpo-id": (finding("o", "HP:9999999"), [("unknown_hpo_id", "code.coding.code")], "HP:9999999"),
    "short-hpo-id": (finding("o", "HP:1"), [("unknown_hpo_id", "code.coding.code")], None),
    "unknown-state": (state("o", "moribund"), [("unknown_label", "value")], None),
    "rare-maybe": (label("o", "rare", valueBoolean="maybe"), [("unknown_label", "value")], None),
    "onset-no-date": (observation("o", ONSET, valueDateTime="last week"), [("not_a_date", "valueDateTime")], None),
    "onset-tomorrow": (
        observation("o", ONSET, valueDateTime="2024-03-11"), [("onset_after_encounter", "valueDateTime")], None,
    ),
    "finding-tomorrow": (
        finding("o", "HP:0000001", effectivePeriod={"start": "2024-03-11"}),
        [("onset_after_encounter", "effectivePeriod.start")],
        None,
    ),
    "of-another-patient": (
        vital("o", "8867-4", 80, "/min", subject="Patient/p2"), [("subject_mismatch", "subject.reference")], None,
    ),
    "modified": ({**PULSE, **MODIFIED}, [("modifier_extension", "modifierExtension")], None),
    "modified-inside": (
        {**PULSE, "referenceRange": [MODIFIED]}, [("modifier_extension", "modifierExtension")], None,
    ),
    "no-id": ({**PULSE, "id": ""}, [("missing_id", "id")], None),
    "nan": (raw(PULSE, ": 80", ": NaN").replace('"o"', '"nan-o"'), [("out_of_range", "heart_rate")], None),
    "infinity": (raw(PULSE, ": 80", ": Infinity").replace('"o"', '"inf-o"'), [("out_of_range", "heart_rate")], None),
    "too-large": (raw(PULSE, ": 80", ": 1e999").replace('"o"', '"large-o"'), [("out_of_range", "heart_rate")], None),
}  # fmt: skip
# A text is not made the story's own by Ward, so its references are written out.
BAD |= {
    name: (bad.replace("/p1", f"/{name}-p1").replace("/e1", f"/{name}-e1"), faults, value)
    for name, (bad, faults, value) in BAD.items()
    if isinstance(bad, str)
}

# Story -> (resources, faults as (line, rule, field, records))
LOST: dict[str, tuple[tuple[object, ...], list[tuple[int, str, str, int]]]] = {
    "patient-without-id": (
        (patient(None), encounter(), PULSE),
        [(1, "missing_id", "id", 1), (2, "unknown_patient", "subject.reference", 2)],
    ),
    "patient-with-empty-id": (
        (patient(""), encounter()),
        [(1, "missing_id", "id", 1), (2, "unknown_patient", "subject.reference", 1)],
    ),
    "no-subject": (
        (patient(), encounter(subject=None), PULSE, condition("c", coded(ICD10, "I10"))),
        [(2, "unknown_patient", "subject.reference", 3)],
    ),
    "subject-gone": (
        (patient(), encounter(subject="Patient/gone"), PULSE, condition("c", coded(ICD10, "I10"))),
        [(2, "unknown_patient", "subject.reference", 3)],
    ),
    "subject-a-group": ((patient(), encounter(subject="Group/p1")), [(2, "unknown_patient", "subject.reference", 1)]),
    "modified-encounter": (
        (patient(), encounter(**MODIFIED), PULSE),  # type: ignore[arg-type]
        [(2, "modifier_extension", "modifierExtension", 2)],
    ),
    "modified-patient": (
        (patient(**MODIFIED), encounter()),
        [(1, "modifier_extension", "modifierExtension", 1), (2, "unknown_patient", "subject.reference", 1)],
    ),
    "modified-period": (
        (patient(), encounter(period={"start": "2024-03-10", **MODIFIED})),
        [(2, "modifier_extension", "modifierExtension", 1)],
    ),
    "escaped-modifier": (
        (
            patient(),
            json.dumps(encounter("escaped-modifier-e1", "Patient/escaped-modifier-p1", **MODIFIED)).replace(
                "modifierE", "modifier\\u0045"
            ),
        ),  # type: ignore[arg-type]
        [(2, "modifier_extension", "modifierExtension", 1)],
    ),
    "in-the-future": ((patient(), encounter(start="2025-06-03"), PULSE), [(2, "encounter_in_future", "period", 2)]),
    "before-birth": ((patient(), encounter(start="1979-01-01")), [(2, "out_of_range", "age_years", 1)]),
    "pregnant-man": ((patient(gender="male"), encounter(), PREGNANT), [(2, "pregnant_male", "pregnant", 2)]),
    "start-no-date": ((patient(), encounter(start="soon")), [(2, "not_a_date", "period.start", 1)]),
    "ill-before-birth": (
        (patient(birthDate="2024-03-01"), encounter(), observation("o", ONSET, valueDateTime="2020-01-01")),
        [(2, "days_exceed_age", "days", 2)],
    ),
    "pulse-and-breathing-exchanged": (
        (patient(), encounter(), vital("o", "8867-4", 22, "/min"), vital("o2", "9279-1", 80, "/min")),
        [(2, "pulse_below_breathing", "heart_rate", 3)],
    ),
    "two-faults": (
        (patient(gender="male"), encounter(start="2025-06-03"), PREGNANT),
        [(2, "encounter_in_future", "period", 2), (2, "pregnant_male", "pregnant", 0)],
    ),
}


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Ward:
    stories: dict[str, tuple[object, ...]] = {name: (*BASE, bad, patient("p2")) for name, (bad, _, _) in BAD.items()}
    stories |= {f"lost-{name}" if name in BAD else name: story for name, (story, _) in LOST.items()}
    return Ward.of(tmp_path_factory.mktemp("ward"), stories)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_observation_is_set_aside_and_its_encounter_lands(ward: Ward, name: str) -> None:
    _, expected, value = BAD[name]
    faults = ward.faults(name)
    assert [(fault["source_line"], fault["rule"], fault["field"]) for fault in faults] == [(3, *e) for e in expected]
    assert sum(int(str(fault["records"])) for fault in faults) == 1
    assert {fault["resource_type"] for fault in faults} == {"Observation"}
    if value is not None:
        assert faults[0]["value"] == value
    row = ward.row(name)
    for field in (
        "temperature_c",
        "heart_rate",
        "spo2",
        "pain",
        "systolic_bp",
        "diastolic_bp",
        "days",
        "state",
        "rare",
    ):
        assert row[field] is None
    assert row["phenotypes"] == []


@pytest.mark.parametrize("name", LOST)
def test_an_encounter_that_cannot_be_trusted_takes_its_records_along(ward: Ward, name: str) -> None:
    faults = ward.faults(name)
    found = [(fault["source_line"], fault["rule"], fault["field"], fault["records"]) for fault in faults]
    assert found == LOST[name][1]
    assert ward.find_row(name) is None


def test_the_records_of_the_quarantine_add_up_to_the_report(ward: Ward) -> None:
    assert sum(int(str(row["records"])) for row in ward.sink.quarantined.values()) == ward.report.quarantined
    assert len(ward.sink.encounters) == len(BAD)
    # Every bad observation has a second patient beside it who never came, and three encounters point elsewhere.
    assert ward.report.unused_reasons["patient without encounter"] == len(BAD) + 3


def test_every_fault_says_what_to_do_and_no_value(ward: Ward) -> None:
    for row in ward.sink.quarantined.values():
        assert len(str(row["message"])) > 30
        assert "{" not in str(row["message"])


def test_an_unreadable_line_keeps_only_its_digest_and_costs_no_other(tmp_path: Path) -> None:
    bad: list[tuple[bytes, str]] = [
        (b'{"resourceType": "Observation", "id": ', "malformed_json"),
        (b"not json at all", "malformed_json"),
        (b'{"resourceType": "Observation", "id": "\xff\xfe"}', "not_utf8"),
        (b"[1, 2]", "not_an_object"),
        (b"42", "not_an_object"),
        (b"null", "not_an_object"),
    ]
    report, sink = ingested(tmp_path, patient(), *(line for line, _ in bad), encounter())
    rows = sorted(sink.quarantined.values(), key=lambda row: int(str(row["source_line"])))
    found = [(row["source_line"], row["rule"], row["records"], row["value"]) for row in rows]
    assert found == [(number, rule, 1, KEYRING.digest(line)) for number, (line, rule) in enumerate(bad, start=2)]
    assert (report.accepted, report.quarantined) == (2, 6)


def test_the_next_good_reading_takes_the_place_of_a_broken_one(tmp_path: Path) -> None:
    broken = vital("o1", "8867-4", 999, "/min", effectiveDateTime="2024-03-10T08:00:00Z")
    good = vital("o2", "8867-4", 99, "/min", effectiveDateTime="2024-03-10T08:10:00Z")
    _, sink = ingested(tmp_path, *BASE, broken, good)
    assert sink.row["heart_rate"] == 99.0


def test_an_encounter_without_an_id_cannot_be_linked(tmp_path: Path) -> None:
    report, sink = ingested(tmp_path, patient(), encounter(None), PULSE)
    assert sink.faults() == [(2, "missing_id", "id")]
    assert report.unused_reasons == {"encounter not in the export": 1, "patient without an encounter that landed": 1}


def test_the_second_version_of_a_resource_is_a_conflict_and_the_first_counts(tmp_path: Path) -> None:
    unseen = patient(meta={"lastUpdated": "2024-01-01"})
    report, sink = ingested(tmp_path, patient(), patient(), unseen, patient(gender="male"), encounter())
    assert sink.faults() == [(4, "conflict", "id")]
    assert sink.row["sex"] == "female"
    assert (report.accepted, report.duplicate, report.quarantined) == (2, 2, 1)


def test_an_unreadable_birth_date_costs_the_age_and_is_named(tmp_path: Path) -> None:
    report, sink = ingested(tmp_path, patient(birthDate="20/05/1980", gender="F"), encounter())
    assert sink.faults() == [(1, "not_a_date", "birthDate"), (1, "unknown_code", "gender")]
    assert (sink.row["age_years"], sink.row["sex"]) == (None, None)
    assert (report.quarantined, report.accepted) == (0, 2)


def test_an_encounter_of_today_is_not_in_the_future_anywhere_on_earth(tmp_path: Path) -> None:
    _, sink = ingested(tmp_path, patient(), encounter(start="2025-06-02T00:30:00+14:00"))
    assert len(sink.encounters) == 1


def test_no_raw_value_reaches_the_quarantine_or_the_report(tmp_path: Path) -> None:
    secrets = ["Pérez", "3001234567", "mrn-77", "Calle"]
    name = "Ana Pérez 3001234567 mrn-77 Calle"
    bad = [
        f'{{"resourceType": "{name}"',
        {"resourceType": name},
        vital("o1", "8867-4", name, "/min"),
        vital("o2", "8867-4", 3001234567, "/min"),
        vital("o3", "8867-4", 80, name),
        finding("o4", name),
        observation("o5", coded(name, name)),
        observation("o6", coded(LOINC, "mrn-77")),
        state("o7", name),
        encounter("mrn-77", f"Patient/{name}"),
        encounter("e2", start=name),
        condition("c1", coded(name, name)),
        patient("mrn-77", gender=name, birthDate=name),
        patient("mrn-77"),
    ]
    report, sink = ingested(tmp_path, *BASE, *bad)
    shown = [list(sink.quarantined.values()), list(sink.encounters.values()), report.as_json(), report.text()]
    everything = json.dumps(shown, ensure_ascii=False, default=str)
    assert report.quarantined > 5
    assert not [secret for secret in secrets if secret in everything]


def test_a_file_named_after_a_patient_is_not_named(tmp_path: Path) -> None:
    sink = MemorySink()
    run(ndjson(tmp_path / "Ana_Perez.ndjson", [*BASE, vital("o", "8867-4", 999, "/min")]), sink)
    (row,) = sink.quarantined.values()
    assert "Ana" not in str(row["source_file"])
    assert str(row["source_file"]).endswith(".ndjson")
