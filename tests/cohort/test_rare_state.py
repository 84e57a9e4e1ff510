import pytest

from raretriage.cohort import ProfileError
from raretriage.cohort.profiles import read_table
from raretriage.cohort.rare_state import StateClause, StateRules, load_state_rules, state_of
from raretriage.domain import State
from raretriage.knowledge import Annotation, Knowledge

ACUTE_PACE, CHRONIC_PACE, ATAXIA = "HP:0011009", "HP:0011010", "HP:0001251"
SPARSE_HAIR, THIN_NAIL, FEW_TEETH = "HP:0008070", "HP:0001816", "HP:0009804"


@pytest.fixture(scope="module")
def rules(knowledge: Knowledge) -> StateRules:
    return load_state_rules(knowledge)


def row(hpo_id: str, frequency: str = "HP:0040281", *, excluded: bool = False) -> Annotation:
    return Annotation("OMIM:1", hpo_id, excluded, frequency, "", "", "PMID:1")


MINOR = [row(SPARSE_HAIR), row(THIN_NAIL), row(FEW_TEETH)]


@pytest.mark.parametrize(
    ("disease", "name", "rows", "state", "clause"),
    [
        ("ORPHA:770", "Benign X", [row(CHRONIC_PACE)], State.ACUTE, StateClause.TABLE),  # rabies
        ("ORPHA:1", "Acute X", [row(CHRONIC_PACE)], State.ACUTE, StateClause.NAME),
        ("ORPHA:1", "X periodic fever", [], State.CHRONIC, StateClause.NAME),
        ("ORPHA:1", "X hemorrhagic fever", [], State.ACUTE, StateClause.NAME),
        ("ORPHA:1", "Subacute X", [], State.CHRONIC, StateClause.NAME),
        ("ORPHA:1", "Self-limited X", [], State.MILD, StateClause.NAME),
        ("ORPHA:1", "X", [row(ACUTE_PACE, "")], State.ACUTE, StateClause.ANNOTATED_PACE),
        ("ORPHA:1", "X", [row(ACUTE_PACE, excluded=True)], State.CHRONIC, StateClause.ELSE_CHRONIC),
        ("ORPHA:1", "X", MINOR, State.MILD, StateClause.MINOR_FINDINGS),
        ("ORPHA:1", "X", MINOR[:2], State.CHRONIC, StateClause.ELSE_CHRONIC),  # two are too few to say so
        ("ORPHA:1", "X", [*MINOR, row(ATAXIA)], State.CHRONIC, StateClause.ELSE_CHRONIC),
        ("ORPHA:1", "X", [*MINOR, row(ATAXIA, "HP:0040283")], State.MILD, StateClause.MINOR_FINDINGS),  # occasional
    ],
)
def test_the_first_clause_that_knows_the_state_decides(
    knowledge: Knowledge,
    rules: StateRules,
    disease: str,
    name: str,
    rows: list[Annotation],
    state: State,
    clause: StateClause,
) -> None:
    assert state_of(knowledge, [disease], name, rows, rules) == (state, clause)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("ORPHA:1,Nothing,mild,estimate", "ORPHA:1 is called None"),
        ("ORPHA:558,Marfan,mild,estimate", "ORPHA:558 is called 'Marfan syndrome'"),
        ("ORPHA:558,Marfan syndrome,ill,estimate", "state: 'ill' is not one of its values"),
        ("ORPHA:558,Marfan syndrome,mild,", "column source is empty"),
    ],
)
def test_a_bad_row_of_states_is_named(knowledge: Knowledge, line: str, fault: str) -> None:
    with pytest.raises(ProfileError, match=rf"rare_states\.csv, line 2: {fault}"):
        load_state_rules(knowledge, states=f"disease,name,state,source\n{line}")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("word,acute,in the name,acute,estimate", "kind: 'word', expected one of name, pace, minor"),
        ("pace,HP:0011009,Quick,acute,estimate", "HP:0011009 is called 'Acute', not 'Quick'"),
        ("minor,HP:9999999,Nothing,mild,estimate", "HP:9999999 is not a current term"),
        ("name,acute,in the name,sudden,estimate", "state: 'sudden' is not one of its values"),
    ],
)
def test_a_bad_row_of_rules_is_named(knowledge: Knowledge, line: str, fault: str) -> None:
    with pytest.raises(ProfileError, match=rf"rare_state_rules\.csv, line 2: {fault}"):
        load_state_rules(knowledge, rules=f"kind,key,label,state,source\n{line}")


def test_a_word_given_twice_is_named(knowledge: Knowledge) -> None:
    rows = "name,acute,in the name,acute,estimate\nname,acute,in the name,mild,estimate"
    with pytest.raises(ProfileError, match=r"rare_state_rules\.csv, line 3: name acute is given twice"):
        load_state_rules(knowledge, rules=f"kind,key,label,state,source\n{rows}")


@pytest.mark.parametrize("file", ["rare_state_rules.csv", "rare_course.csv", "rare_death.csv"])
def test_every_row_is_a_definition_of_hpo_or_says_estimate(file: str) -> None:
    for line in read_table(file):
        source = line.text("source")
        assert source == "estimate" or source.split(";")[0] == f"definition of {line.text('key')} in hp.obo"
