"""Is the common table wide enough, is it free of rare diseases, and does the bridge's half speak its words?

The loader's own checks (labels, intervals, codes that exist) are in `test_profiles.py`.
"""

import csv
from collections import Counter
from importlib import resources
from pathlib import Path

import pytest

from raretriage.cohort.profiles import (
    ORPHANET,
    Profile,
    load_background,
    load_common,
    vocabulary,
)
from raretriage.domain import State
from raretriage.knowledge import Clause, Knowledge, build_knowledge, locate_sources, read_orphanet
from raretriage.knowledge.rarity import bag_of_words

ILL = [State.MILD, State.ACUTE, State.CHRONIC]
# What the table and the bridge's annotated half must not share: a model would have met the bridge's patients.
ONLY_IN_THE_BRIDGE = [
    "chikungunya",
    "zika",
    "trisomy x",
    "fetal alcohol",
    "restless legs syndrome",
    "multiple sclerosis",
    "coronary artery disease",
    "graves",
]
# First three characters of ICD-10, from and to: the parts of medicine that a triage desk meets.
BLOCKS = {
    "intestinal infections": ("A00", "A09"),
    "tuberculosis": ("A15", "A19"),
    "viral infections with a rash": ("B00", "B09"),
    "hepatitis": ("B15", "B19"),
    "HIV": ("B20", "B24"),
    "mycoses and parasites": ("B35", "B89"),
    "cancer": ("C00", "C97"),
    "benign tumours": ("D10", "D36"),
    "anaemias": ("D50", "D64"),
    "thyroid": ("E00", "E07"),
    "diabetes": ("E10", "E14"),
    "malnutrition": ("E40", "E64"),
    "metabolism": ("E70", "E90"),
    "dementia and delirium": ("F00", "F09"),
    "alcohol": ("F10", "F19"),
    "psychosis": ("F20", "F29"),
    "mood": ("F30", "F39"),
    "anxiety": ("F40", "F48"),
    "development and behaviour of children": ("F80", "F98"),
    "movement disorders": ("G20", "G26"),
    "epilepsy and headache": ("G40", "G47"),
    "nerves": ("G50", "G64"),
    "eye": ("H00", "H59"),
    "ear": ("H60", "H95"),
    "ischaemic heart disease": ("I20", "I25"),
    "lung circulation": ("I26", "I28"),
    "other heart disease": ("I30", "I52"),
    "stroke": ("I60", "I69"),
    "vessels": ("I70", "I89"),
    "upper airways": ("J00", "J06"),
    "pneumonia and bronchitis": ("J09", "J22"),
    "chronic lung disease": ("J40", "J47"),
    "pleura": ("J90", "J94"),
    "stomach": ("K20", "K31"),
    "bowel": ("K50", "K63"),
    "liver": ("K70", "K77"),
    "skin": ("L00", "L99"),
    "joints": ("M00", "M25"),
    "spine": ("M40", "M54"),
    "kidney": ("N00", "N29"),
    "urinary tract": ("N30", "N39"),
    "men": ("N40", "N51"),
    "women": ("N70", "N98"),
    "pregnancy": ("O00", "O99"),
    "newborn": ("P00", "P96"),
    "heart defects": ("Q20", "Q28"),
    "other malformations": ("Q30", "Q89"),
    "symptoms without a disease": ("R00", "R99"),
    "injuries": ("S00", "T19"),
    "burns": ("T20", "T32"),
    "poisoning": ("T36", "T65"),
    "anaphylaxis and heat": ("T66", "T78"),
}


@pytest.fixture(scope="module")
def common(knowledge: Knowledge) -> list[Profile]:
    return load_common(knowledge)


@pytest.fixture(scope="module")
def shared(knowledge: Knowledge, common: list[Profile]) -> set[str]:
    return set(vocabulary(common, load_background(knowledge)))


@pytest.fixture(scope="module")
def bridge(knowledge: Knowledge) -> list[Profile]:
    """The bridge's rare diseases, read by the very loader of the common table: that is what they are for."""
    return load_common(
        knowledge,
        diseases=table("written_rare.csv"),
        findings=table("written_findings.csv"),
        counts="disease,hpo_id,label,present,asked,source",
    )


def table(name: str) -> str:
    return resources.files("raretriage.cohort").joinpath("profiles", name).read_text(encoding="utf-8")


def orpha(profile: Profile) -> str:
    (code,) = (c.code for c in profile.codes if c.system == ORPHANET)
    return f"ORPHA:{code}"


def share_of_children(profile: Profile) -> float:
    return sum(profile.ages[:2]) / sum(profile.ages)


def test_there_are_at_least_140_common_conditions(common: list[Profile]) -> None:
    assert len(common) >= 140


@pytest.mark.parametrize("state", ILL)
def test_every_state_has_at_least_30_conditions(common: list[Profile], state: State) -> None:
    assert sum(profile.state is state for profile in common) >= 30


def test_at_least_25_conditions_are_mostly_of_children(common: list[Profile]) -> None:
    assert sum(share_of_children(profile) > 0.5 for profile in common) >= 25


@pytest.mark.parametrize("state", ILL)
def test_children_and_the_old_are_met_in_every_state(common: list[Profile], state: State) -> None:
    of_state = [profile for profile in common if profile.state is state]
    assert sum(share_of_children(profile) > 0.5 for profile in of_state) >= 5
    assert sum(profile.ages[4] == max(profile.ages) for profile in of_state) >= 5


@pytest.mark.parametrize("block", BLOCKS)
def test_every_part_of_medicine_is_met(common: list[Profile], block: str) -> None:
    low, high = BLOCKS[block]
    assert any(low <= code.code[:3] <= high for profile in common for code in profile.codes)


def test_no_name_is_given_twice(common: list[Profile]) -> None:
    names = Counter(bag_of_words(profile.name) for profile in common)
    assert [name for name, times in names.items() if times > 1] == []


def test_no_common_condition_is_called_like_a_rare_disease(knowledge: Knowledge, common: list[Profile]) -> None:
    rare = {bag_of_words(disease.name) for disease in knowledge.diseases if disease.clause.is_rare}
    assert bag_of_words("Myasthenia gravis") in rare
    assert [profile.name for profile in common if bag_of_words(profile.name) in rare] == []


@pytest.mark.shared_data
def test_no_figure_of_orphanet_makes_a_common_condition_rare(
    shared_data: Path, common: list[Profile], bridge: list[Profile]
) -> None:
    """Orphanet counts whooping cough and scarlet fever among its disorders and knows no prevalence of either."""
    folder = shared_data / "orphanet"
    orphanet = read_orphanet(lambda name: (folder / name).read_bytes() if (folder / name).is_file() else None)
    knowledge = build_knowledge(*locate_sources(), orphanet=orphanet)
    clauses = {bag_of_words(disease.name): disease.clause for disease in knowledge.diseases if disease.clause.is_rare}
    by_name = {p.name: clauses[bag_of_words(p.name)] for p in common if bag_of_words(p.name) in clauses}
    assert {name: clause for name, clause in by_name.items() if clause is not Clause.NO_FIGURE} == {}
    assert by_name.keys() <= {"Whooping cough", "Scarlet fever"}
    assert [p.disease for p in bridge if knowledge.is_rare(orpha(p)) is not True] == []


@pytest.mark.parametrize("word", ONLY_IN_THE_BRIDGE)
def test_what_only_the_bridge_may_hold_is_not_in_the_table(common: list[Profile], word: str) -> None:
    assert [profile.name for profile in common if word in profile.name.lower()] == []


def test_no_finding_is_so_unlikely_that_nobody_has_it(common: list[Profile], bridge: list[Profile]) -> None:
    assert [(p.disease, f.hpo_id) for p in (*common, *bridge) for f in p.findings if f.high < 0.01] == []


def test_every_profile_expects_at_least_two_findings(common: list[Profile], bridge: list[Profile]) -> None:
    """With fewer, most of what the sampler writes of such a patient would be made up to fill the list."""
    expected = {p.disease: sum((f.low + f.high) / 2 for f in p.findings) for p in (*common, *bridge)}
    assert [disease for disease, number in expected.items() if number < 2] == []


def test_the_bridge_has_at_least_20_rare_diseases_of_every_state(bridge: list[Profile]) -> None:
    assert len(bridge) >= 20
    assert Counter(profile.state for profile in bridge).keys() == set(ILL)
    assert min(Counter(profile.state for profile in bridge).values()) >= 5


def test_the_bridge_has_children_and_the_old(bridge: list[Profile]) -> None:
    assert sum(share_of_children(profile) > 0.5 for profile in bridge) >= 5
    assert sum(sum(profile.ages[3:]) > sum(profile.ages) / 2 for profile in bridge) >= 3


def test_every_written_disease_of_the_bridge_is_rare_and_annotated(knowledge: Knowledge, bridge: list[Profile]) -> None:
    assert [p.disease for p in bridge if knowledge.is_rare(orpha(p)) is not True] == []
    assert [
        (p.name, knowledge.disease_name(orpha(p))) for p in bridge if p.name != knowledge.disease_name(orpha(p))
    ] == []
    assert [p.disease for p in bridge if not any(True for _ in knowledge.annotations(orpha(p)))] == []


def test_the_bridge_uses_only_the_shared_vocabulary(bridge: list[Profile], shared: set[str]) -> None:
    assert {finding.hpo_id for profile in bridge for finding in profile.findings} - shared == set()


def test_no_finding_gives_the_bridge_away(common: list[Profile], bridge: list[Profile]) -> None:
    """A term that one single common condition has would be almost the name of the class."""
    used = Counter(finding.hpo_id for profile in common for finding in profile.findings)
    of_the_bridge = [finding.hpo_id for profile in bridge for finding in profile.findings]
    assert sum(used[hpo_id] >= 2 for hpo_id in of_the_bridge) / len(of_the_bridge) >= 0.8


@pytest.mark.parametrize("name", ["written_rare.csv", "written_findings.csv"])
def test_every_number_of_the_bridge_says_where_it_is_from(name: str) -> None:
    sources = {row["source"] for row in csv.DictReader(table(name).splitlines())}
    assert sources == {"estimate"}
