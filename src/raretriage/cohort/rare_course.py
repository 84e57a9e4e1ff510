"""How does a rare disease run? By the annotations, in this order; `rare_course.csv` has the words and terms:

1. Its course is annotated (Progressive HP:0003676, Episodic HP:0025303 ...).
2. Words of its name (dystrophy, carcinoma; paroxysmal, porphyria; transient).
3. A very frequent finding that by itself says so (developmental regression, neoplasm; angioedema), unless the state is
   acute: an infection with recurrent fever still passes.
4. Its state: what is acute passes, what is mild or chronic persists.
"""

from collections.abc import Sequence
from enum import StrEnum

from raretriage.cohort.annotated import typical
from raretriage.cohort.profiles import Course
from raretriage.cohort.rare_rules import Rules, load_rules, one_of
from raretriage.domain import State
from raretriage.knowledge import VERY_FREQUENT, Annotation, Knowledge

_KINDS = ("annotated", "name", "finding")


class CourseClause(StrEnum):
    """Which sentence of the rule gave a rare disease its course."""

    ANNOTATED = "annotated"
    NAME = "name"
    FINDING = "finding"
    STATE = "state"


def load_course_rules(knowledge: Knowledge, text: str | None = None) -> Rules[Course]:
    """Read the shipped table, or `text` in the same format. Raises `ProfileError` as `load_rules` does."""
    return load_rules(knowledge, "rare_course.csv", _KINDS, one_of("course", Course), text)


def course_of(
    knowledge: Knowledge, name: str, rows: Sequence[Annotation], state: State, rules: Rules[Course]
) -> tuple[Course, CourseClause]:
    """The course of a disease, and the clause that decided. Where two are annotated, the first of the table holds."""
    present = {row.hpo_id for row in rows if not row.excluded}
    if annotated := [course for term, course in rules.of("annotated").items() if term in present]:
        return annotated[0], CourseClause.ANNOTATED
    if (named := rules.in_name(name)) is not None:
        return named, CourseClause.NAME
    certain = typical(rows, VERY_FREQUENT) if state is not State.ACUTE else []
    shown = frozenset[str]().union(*map(knowledge.ancestors, certain))
    if found := [course for term, course in rules.of("finding").items() if term in shown]:
        return found[0], CourseClause.FINDING
    return Course.SELF_LIMITED if state is State.ACUTE else Course.PERSISTENT, CourseClause.STATE
