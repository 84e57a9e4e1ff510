import csv
import re
from importlib import resources as package_files

import pytest

from raretriage.cohort import ProfileError, load_background, load_common, vocabulary
from raretriage.cohort.profiles import MIN_FINDINGS
from raretriage.domain import Sex, State
from raretriage.knowledge import Knowledge


def table(name: str) -> str:
    return package_files.files("raretriage.cohort").joinpath("profiles", name).read_text(encoding="utf-8")


def test_there_are_enough_common_diseases_of_every_state_and_age(knowledge: Knowledge) -> None:
    common = load_common(knowledge)
    assert len(common) >= 40
    assert {p.state for p in common} == {State.MILD, State.ACUTE, State.CHRONIC}
    assert any(p.ages[0] > 0 and sum(p.ages[2:]) == 0 for p in common), "none is paediatric"
    assert any(p.ages[4] == max(p.ages) for p in common), "none is of old age"
    assert {p.sex for p in common} == {None, Sex.FEMALE, Sex.MALE}
    assert all(len(p.findings) >= MIN_FINDINGS for p in common)


@pytest.mark.parametrize("chapter", list("ABDEFGHIJKLMNOQRSU"))
def test_the_common_diseases_come_from_every_part_of_medicine(knowledge: Knowledge, chapter: str) -> None:
    assert any(code.code.startswith(chapter) for p in load_common(knowledge) for code in p.codes)


@pytest.mark.parametrize("name", ["findings.csv", "background.csv", "vital_effects.csv"])
def test_every_hpo_id_exists_and_carries_its_label(knowledge: Knowledge, name: str) -> None:
    rows = list(csv.DictReader(table(name).splitlines()))
    assert len(rows) > 20
    for row in rows:
        assert knowledge.resolve(row["hpo_id"]) == row["hpo_id"]
        assert (row["hpo_id"], knowledge.label(row["hpo_id"])) == (row["hpo_id"], row["label"])
        assert knowledge.is_finding(row["hpo_id"])


TABLES = sorted(path.name for path in package_files.files("raretriage.cohort").joinpath("profiles").iterdir())
WITHOUT_NUMBERS = {"ddxplus_map.csv"}
RESOLVABLE = re.compile(
    r"estimate"
    r"|(definition|name) of HP:\d{7} in hp\.obo(; .+ an estimate)?"
    r"|DDXPlus .+ val_588\+train_98"
    r"|NHANES 2009-2012 .+"
    r"|.*\b(PMID:|DOI:)\d.*"
)


@pytest.mark.parametrize("name", [name for name in TABLES if name not in WITHOUT_NUMBERS])
def test_every_number_has_a_resolvable_source_or_says_estimate(name: str) -> None:
    rows = list(csv.DictReader(table(name).splitlines()))
    assert rows
    assert [row["source"] for row in rows if not RESOLVABLE.fullmatch(row["source"] or "")] == []


def test_no_common_disease_is_rare_in_the_knowledge(knowledge: Knowledge) -> None:
    rare = {d.name.lower() for d in knowledge.diseases if d.clause.is_rare}
    assert [p.name for p in load_common(knowledge) if p.name.lower() in rare] == []


def test_the_vocabulary_is_what_common_diseases_and_healthy_people_show(knowledge: Knowledge) -> None:
    common, background = load_common(knowledge), load_background(knowledge)
    words = vocabulary(common, background)
    assert list(words) == sorted(set(words))
    assert set(words) == {f.hpo_id for p in common for f in p.findings} | {b.hpo_id for b in background}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("HP:0001742,Nasal congestion,0.7", "HP:9999999,Nasal congestion,0.7", "line 2: 'HP:9999999' is no term"),
        ("HP:0001742,Nasal congestion,0.7", "HP:0001742,Stuffy nose,0.7", "line 2: HP:0001742 is called"),
        (
            "HP:0001742,Nasal congestion,0.7",
            "HP:0000005,Mode of inheritance,0.7",
            "line 2: HP:0000005 is not a current",
        ),
        ("Nasal congestion,0.7,0.9", "Nasal congestion,0.7,1.1", "line 2: probability_high: 1.1 is outside 0 to 1"),
        ("Nasal congestion,0.7,0.9", "Nasal congestion,-0.1,0.9", "line 2: probability_low: -0.1 is outside"),
        ("Nasal congestion,0.7,0.9", "Nasal congestion,0.9,0.7", "line 2: the interval is reversed: 0.9 is above 0.7"),
        ("Nasal congestion,0.7,0.9", "Nasal congestion,often,0.9", "line 2: probability_low: 'often' is not a number"),
        ("Nasal congestion,0.7,0.9,estimate", "Nasal congestion,0.7,0.9,", "line 2: column source is empty"),
        ("acute_nasopharyngitis,HP:0001742", "no_such_disease,HP:0001742", "no_such_disease is no disease"),
        ("\nacute_nasopharyngitis,HP:0031417", "\nacute_nasopharyngitis,HP:0001742", "line 3: HP:0001742 is called"),
    ],
)
def test_a_bad_finding_stops_the_build_and_is_named(knowledge: Knowledge, old: str, new: str, fault: str) -> None:
    text = table("findings.csv")
    assert text.count(old) >= 1
    with pytest.raises(ProfileError, match=rf"findings\.csv.*{fault}"):
        load_common(knowledge, findings=text.replace(old, new, 1))


def test_a_finding_given_twice_is_named(knowledge: Knowledge) -> None:
    lines = table("findings.csv").splitlines()
    with pytest.raises(ProfileError, match=r"line 3: acute_nasopharyngitis has HP:0001742 twice"):
        load_common(knowledge, findings="\n".join([*lines[:2], lines[1], *lines[2:]]))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (",mild,ICD10:J00", ",severe,ICD10:J00", "line 2: state: 'severe' is not one of its values"),
        ("ICD10:J00,10,any", "ICD10:J00,10,both", "line 2: sex: 'both'"),
        ("ICD10:J00", "J00", "line 2: codes: 'J00', expected ICD10"),
        ("any,4,4,3,2,2,self_limited,1,7", "any,0,0,0,0,0,self_limited,1,7", "line 2: all age weights are zero"),
        (
            "any,4,4,3,2,2,self_limited,1,7",
            "any,4,4,3,2,2,self_limited,7,1",
            "line 2: the duration is reversed: 7 is above 1",
        ),
        ("any,4,4,3,2,2,self_limited,1,7", "any,4,4,3,2,2,self_limited,0,7", "line 2: duration_low_days: 0 is outside"),
        (
            "\ninfluenza,",
            "\nacute_nasopharyngitis,",
            "line 3: acute_nasopharyngitis has 0 findings, expected at least 8",
        ),
    ],
)
def test_a_bad_disease_stops_the_build_and_is_named(knowledge: Knowledge, old: str, new: str, fault: str) -> None:
    text = table("common.csv")
    assert text.count(old) == 1
    with pytest.raises(ProfileError, match=rf"common\.csv, {fault}"):
        load_common(knowledge, diseases=text.replace(old, new))


def test_ages_may_be_finer_than_the_bands(knowledge: Knowledge) -> None:
    ages = "disease,age_from_years,age_to_years,source\nbronchiolitis,0.08,2,estimate\n"
    limits = {profile.disease: profile.age_limits for profile in load_common(knowledge, ages=ages)}
    assert limits["bronchiolitis"] == (0.08, 2)
    assert limits["influenza"] == (0, 95)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("bronchiolitis,2,0.08,estimate", "line 2: the ages are reversed"),
        ("influenza,0.5,4,estimate", "line 2: influenza has a weight from 5 to 15 years"),
        ("bronchiolitis,0,120,estimate", "line 2: age_to_years: 120 is outside 0 to 95"),
    ],
)
def test_impossible_ages_are_named(knowledge: Knowledge, row: str, message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        load_common(knowledge, ages=f"disease,age_from_years,age_to_years,source\n{row}\n")
