import pytest

from raretriage.cohort import ProfileError
from raretriage.cohort.rare_death import latest_age, load_death_rules
from raretriage.cohort.rare_rules import Rules
from raretriage.knowledge import Annotation, Knowledge, has_words

STILLBIRTH, NEONATAL, INFANCY, CHILDHOOD = "HP:0003826", "HP:0003811", "HP:0001522", "HP:0003819"


@pytest.fixture(scope="module")
def rules(knowledge: Knowledge) -> Rules[float]:
    return load_death_rules(knowledge)


def row(hpo_id: str, frequency: str, *, excluded: bool = False) -> Annotation:
    return Annotation("OMIM:1", hpo_id, excluded, frequency, "", "", "PMID:1")


@pytest.mark.parametrize(
    ("name", "rows", "years"),
    [
        ("X", [row(INFANCY, "HP:0040281")], 2),
        ("X", [row(INFANCY, "4/4")], 2),
        ("X", [row(INFANCY, "3/3")], None),  # three who died are not yet most of them
        ("X", [row(INFANCY, "50%")], 2),
        ("X", [row(INFANCY, "49%")], None),
        ("X", [row(INFANCY, "HP:0040282")], None),  # 30 to 79 %
        ("X", [row(INFANCY, "")], None),
        ("X", [row(INFANCY, "HP:0040281", excluded=True)], None),
        ("X", [row(NEONATAL, "90%"), row(CHILDHOOD, "80%"), row(INFANCY, "80%")], 10),
        ("X", [row(STILLBIRTH, "90%")], 0),
        ("Lethal X", [row(INFANCY, "90%")], 2),  # the annotation knows better than the name
        ("Lethal X", [], 0),
        ("X, lethal neonatal", [], 0.08),
        ("Lethal infantile X", [], 2),
        ("Nonlethal X", [], None),
        ("Fetal hydantoin syndrome", [], None),  # its children live
    ],
)
def test_until_which_age_patients_live(
    rules: Rules[float], name: str, rows: list[Annotation], years: float | None
) -> None:
    assert latest_age(name, rows, rules) == years


def test_an_age_that_is_no_age_is_named(knowledge: Knowledge) -> None:
    with pytest.raises(ProfileError, match=r"rare_death\.csv, line 2: until_years: 200 is outside 0 to 120"):
        load_death_rules(knowledge, "kind,key,label,until_years,source\nname,old,in the name,200,estimate")


@pytest.mark.parametrize(
    ("name", "words", "holds"),
    [
        ("Acute X", "acute", True),
        ("Subacute X", "acute", False),
        ("X of pregnancy", "of pregnancy", True),
        ("pregnancy of X", "of pregnancy", False),
        ("46,XX (testicular) X", "46,xx", True),
    ],
)
def test_a_name_holds_whole_words_only(name: str, words: str, holds: bool) -> None:
    assert has_words(name, words) is holds
