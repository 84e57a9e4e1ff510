import csv
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

from raretriage.validity import ddxplus_cases as ddxplus
from raretriage.validity.cases import Group
from raretriage.validity.ddxplus_cases import ddxplus_rows, read_ddxplus

FEVER, COUGH, FATIGUE, MYALGIA = "HP:0001945", "HP:0012735", "HP:0012378", "HP:0003326"


def row(*evidences: str, condition: str = "URTI", first: str = "toux", **changes: str) -> dict[str, str]:
    told = {"AGE": "30", "SEX": "F", "EVIDENCES": repr(list(evidences)), "INITIAL_EVIDENCE": first}
    return {**told, "English Pathology": condition, **changes}


def findings(found) -> list[str]:
    return [finding.hpo_id for finding in found.cases[0].presentation.phenotypes]


def test_the_complaint_that_a_patient_opens_with_is_told_first(knowledge):
    found = read_ddxplus([row("fatig_mod", "fievre", "msk_dlr", "toux")], judge=knowledge)
    assert findings(found) == [COUGH, FATIGUE, FEVER, MYALGIA]


def test_an_evidence_that_only_begins_like_the_opening_one_is_not_told_first(knowledge):
    found = read_ddxplus([row("fievre", "toux_sev", "toux", first="toux")], judge=knowledge)
    assert findings(found) == [COUGH, FEVER]
    assert findings(read_ddxplus([row("fievre", "toux_sev", first="toux")], judge=knowledge)) == [FEVER, COUGH]


def test_a_value_means_a_finding_only_where_the_map_believes_it(knowledge):
    ear = "douleurxx_endroitducorps_@_oreille_D_"
    assert findings(read_ddxplus([row(ear, condition="Acute otitis media")], judge=knowledge)) == ["HP:0030766"]
    assert read_ddxplus([row(ear)], judge=knowledge).unused == {ddxplus.NO_FINDING: 1}


def test_two_evidences_that_mean_a_finding_together_mean_it_only_together(knowledge):
    assert "HP:0012764" in findings(read_ddxplus([row("dyspn", "ww_dd")], judge=knowledge))
    assert "HP:0012764" not in findings(read_ddxplus([row("dyspn")], judge=knowledge))


def test_age_sex_and_pain_are_taken_and_nothing_is_excluded(knowledge):
    someone = read_ddxplus([row("toux", "douleurxx_intens_@_6")], judge=knowledge).cases[0].presentation
    assert (someone.age_years, someone.sex.value, someone.pain, someone.fever) == (30, "female", 6, None)
    assert {finding.status.value for finding in someone.phenotypes} == {"observed"}


@pytest.mark.parametrize(
    ("condition", "group"), [("URTI", Group.NOT_COUNTED), ("Influenza", Group.COUNTED), ("Pneumonia", Group.COUNTED)]
)
def test_a_condition_whose_patients_were_counted_for_profiles_stands_apart(knowledge, condition, group):
    assert read_ddxplus([row("toux", "fatig_mod", condition=condition)], judge=knowledge).cases[0].group is group


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (row("toux", condition="Sarcoidosis"), ddxplus.RARE),
        (row("toux", condition="Boerhaave"), ddxplus.NO_VERDICT),
        (row("toux", condition="Never heard of"), ddxplus.UNKNOWN),
        (row("trav1_@_N"), ddxplus.NO_FINDING),
        (row("toux", AGE="-3"), "an impossible value"),
        (row("toux", EVIDENCES="['toux'"), "evidences that cannot be read"),
        (row("toux", EVIDENCES="[1]"), "evidences that cannot be read"),
    ],
)
def test_who_is_not_used_is_counted_by_reason(knowledge, changed, reason):
    found = read_ddxplus([row("toux"), changed], judge=knowledge)
    assert (found.read, len(found.cases), found.unused) == (2, 1, {reason: 1})


def test_no_placed_condition_was_counted_for_profiles():
    def table(package: str, *path: str) -> list[dict[str, str]]:
        return list(csv.DictReader(resources.files(package).joinpath(*path).read_text(encoding="utf-8").splitlines()))

    counted = [row["source"] for row in table("raretriage.cohort", "profiles", "counts.csv")]
    placed = [row["condition"] for row in table("raretriage.validity", "ddxplus_conditions.csv")]
    assert len(placed) == 10
    assert [c for c in placed if any(source.startswith(f"DDXPlus {c} ") for source in counted)] == []


@pytest.mark.shared_data
def test_every_patient_is_used_or_has_a_reason_and_every_condition_has_a_place(shared_data: Path, knowledge):
    files = [shared_data / "ddxplus" / name for name in ("val_588_fr.csv", "train_98_fr.csv")]
    rows = list(ddxplus_rows(path.read_text(encoding="utf-8") for path in files))
    found = read_ddxplus(rows, judge=knowledge)
    assert (found.read, len(found.cases)) == (686, 548)
    assert found.unused == {ddxplus.RARE: 70, ddxplus.NO_VERDICT: 42, ddxplus.NO_FINDING: 26}
    assert Counter(case.group for case in found.cases) == {Group.NOT_COUNTED: 14, Group.COUNTED: 534}
