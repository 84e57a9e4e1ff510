from pathlib import Path

import pytest

from raretriage.validity.nhanes_cases import nhanes_rows, read_nhanes


def row(**changes: str) -> dict[str, str]:
    fields = {"ID": "1", "Gender": "female", "Age": "40", "Pulse": "70", "BPSysAve": "120", "BPDiaAve": "80"}
    return {**fields, "HealthGen": "Good", "DaysPhysHlthBad": "5", "Diabetes": "1", **changes}


def test_a_person_who_is_in_the_survey_twice_counts_once():
    found = read_nhanes([row(), row(), row(ID="2")])
    assert (len(found.cases), found.read, found.unused) == (2, 3, {"the same person again": 1})


def test_pulse_and_pressure_are_taken_and_what_the_survey_did_not_ask_stays_missing():
    someone = read_nhanes([row()]).cases[0].presentation
    assert (someone.age_years, someone.sex.value) == (40, "female")
    assert (someone.heart_rate, someone.systolic_bp, someone.diastolic_bp) == (70, 120, 80)
    unknown = ("days", "comorbidity", "fever", "pain", "temperature_c", "spo2")
    assert [getattr(someone, field) for field in unknown] == [None] * 6, "bad days and diabetes alone say neither"


def test_a_pressure_that_was_not_heard_is_missing_and_counted():
    found = read_nhanes([row(BPDiaAve="0", Pulse="NA")])
    someone = found.cases[0].presentation
    assert (someone.diastolic_bp, someone.heart_rate, someone.systolic_bp) == (None, None, 120)
    assert found.notes == {"diastolic_bp that cannot be": 1, "heart_rate not measured": 1}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"HealthGen": "Fair"}, "health fair or poor by their own word"),
        ({"HealthGen": "Poor"}, "health fair or poor by their own word"),
        ({"HealthGen": "NA"}, "health not stated"),
        ({"Pulse": "", "BPSysAve": "", "BPDiaAve": ""}, "no vital sign that can be used"),
        ({"BPSysAve": "80", "BPDiaAve": "80"}, "an impossible value"),
        ({"Age": "old"}, "an impossible value"),
    ],
)
def test_who_is_not_used_is_counted_by_reason(changes, reason):
    found = read_nhanes([row(ID="2"), row(**changes)])
    assert (found.read, len(found.cases), found.unused) == (2, 1, {reason: 1})


@pytest.mark.shared_data
def test_every_row_of_the_survey_is_used_or_has_its_reason(shared_data: Path):
    text = (shared_data / "nhanes" / "nhanes_dev.csv").read_text(encoding="utf-8")
    found = read_nhanes(nhanes_rows(text))
    assert (found.read, len(found.cases)) == (1_095, 661)
    assert found.unused == {"the same person again": 354, "health fair or poor by their own word": 80}
