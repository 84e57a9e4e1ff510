import pytest

from raretriage.cohort import ProfileError
from raretriage.cohort.profiles import Course
from raretriage.cohort.rare_course import CourseClause, course_of, load_course_rules
from raretriage.cohort.rare_rules import Rules
from raretriage.domain import State
from raretriage.knowledge import Annotation, Knowledge

PROGRESSIVE, EPISODIC, REGRESSION, RECURRENT_FEVER = "HP:0003676", "HP:0025303", "HP:0002376", "HP:0001954"


@pytest.fixture(scope="module")
def rules(knowledge: Knowledge) -> Rules[Course]:
    return load_course_rules(knowledge)


def row(hpo_id: str, frequency: str = "HP:0040281", *, excluded: bool = False) -> Annotation:
    return Annotation("OMIM:1", hpo_id, excluded, frequency, "", "", "PMID:1")


@pytest.mark.parametrize(
    ("name", "rows", "state", "course", "clause"),
    [
        ("Transient X", [row(PROGRESSIVE, "")], State.CHRONIC, Course.PROGRESSIVE, CourseClause.ANNOTATED),
        ("X", [row(EPISODIC, ""), row(PROGRESSIVE, "")], State.CHRONIC, Course.PROGRESSIVE, CourseClause.ANNOTATED),
        ("X", [row(PROGRESSIVE, excluded=True)], State.CHRONIC, Course.PERSISTENT, CourseClause.STATE),
        ("Paroxysmal X", [row(REGRESSION)], State.CHRONIC, Course.EPISODIC, CourseClause.NAME),
        ("X carcinoma", [], State.CHRONIC, Course.PROGRESSIVE, CourseClause.NAME),
        ("X", [row(REGRESSION)], State.CHRONIC, Course.PROGRESSIVE, CourseClause.FINDING),
        ("X", [row("HP:0001268")], State.CHRONIC, Course.PROGRESSIVE, CourseClause.FINDING),
        ("X", [row(REGRESSION, "HP:0040282")], State.CHRONIC, Course.PERSISTENT, CourseClause.STATE),  # frequent only
        ("X", [row(RECURRENT_FEVER)], State.CHRONIC, Course.EPISODIC, CourseClause.FINDING),
        ("X", [row(RECURRENT_FEVER)], State.ACUTE, Course.SELF_LIMITED, CourseClause.STATE),
        ("X", [], State.MILD, Course.PERSISTENT, CourseClause.STATE),
    ],
)
def test_the_first_clause_that_knows_the_course_decides(
    knowledge: Knowledge,
    rules: Rules[Course],
    name: str,
    rows: list[Annotation],
    state: State,
    course: Course,
    clause: CourseClause,
) -> None:
    assert course_of(knowledge, name, rows, state, rules) == (course, clause)


def test_a_bad_row_is_named(knowledge: Knowledge) -> None:
    line = "name,fast,in the name,galloping,estimate"
    with pytest.raises(ProfileError, match=r"rare_course\.csv, line 2: course: 'galloping' is not one"):
        load_course_rules(knowledge, f"kind,key,label,course,source\n{line}")
