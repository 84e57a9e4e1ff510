"""Which state does a rare disease bring its patients in? By a written rule, in this order:

1. `rare_states.csv` names the disease: these were decided one by one.
2. Words of its name (`rare_state_rules.csv`): acute, poisoning and sepsis are acute; benign and self-limited are mild;
   chronic, subacute and periodic fever are chronic, and are looked for first.
3. Its pace is annotated (Acute HP:0011009, Chronic HP:0011010, Transient HP:0025153).
4. All its typical findings, three at least, are minor ones (hair, nails, teeth, pigment, digits): mild.
5. Else it is chronic, as what somebody lives with.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from raretriage.cohort.annotated import typical
from raretriage.cohort.profiles import read_table
from raretriage.cohort.rare_rules import Rules, load_rules, one_of
from raretriage.domain import State
from raretriage.knowledge import Annotation, Knowledge

_KINDS = ("name", "pace", "minor")
_ENOUGH_MINOR = 3
_STATE = one_of("state", State)


class StateClause(StrEnum):
    """Which sentence of the rule gave a rare disease its state."""

    TABLE = "table"
    NAME = "name"
    ANNOTATED_PACE = "annotated_pace"
    MINOR_FINDINGS = "minor_findings"
    ELSE_CHRONIC = "else_chronic"


@dataclass(frozen=True, slots=True)
class StateRules:
    """Both tables of the rule."""

    named: Mapping[str, State]
    """`rare_states.csv`: disease id -> state."""
    rules: Rules[State]


def load_state_rules(knowledge: Knowledge, states: str | None = None, rules: str | None = None) -> StateRules:
    """Read the shipped tables, or texts in the same formats.

    A disease of `rare_states.csv` that is not rare by the knowledge's rule is no fault: with Orphanet's tables the
    verdict may be another, and then the row is not used.

    Raises:
        ProfileError: an unknown disease or one that is called otherwise, an unknown kind, HPO id, label or state.
    """
    named: dict[str, State] = {}
    for row in read_table("rare_states.csv", states):
        disease = row.text("disease")
        if knowledge.disease_name(disease) != row.text("name"):
            raise row.fail(f"{disease} is called {knowledge.disease_name(disease)!r}, not {row.text('name')!r}")
        if disease in named:
            raise row.fail(f"{disease} is given twice")
        row.text("source")
        named[disease] = _STATE(row)
    return StateRules(named, load_rules(knowledge, "rare_state_rules.csv", _KINDS, _STATE, rules))


def state_of(
    knowledge: Knowledge, members: Sequence[str], name: str, rows: Sequence[Annotation], rules: StateRules
) -> tuple[State, StateClause]:
    """The state of a disease, and the clause that decided.

    Args:
        knowledge: what each finding is a kind of.
        members: ids of all entries that describe the disease.
        name: the disease's name.
        rows: annotations of all its entries.
        rules: see `load_state_rules`.
    """
    if listed := [rules.named[member] for member in members if member in rules.named]:
        return listed[0], StateClause.TABLE
    if (named := rules.rules.in_name(name)) is not None:
        return named, StateClause.NAME
    pace = rules.rules.of("pace")
    if paced := [pace[row.hpo_id] for row in rows if row.hpo_id in pace and not row.excluded]:
        return paced[0], StateClause.ANNOTATED_PACE
    minor, shown = rules.rules.of("minor").keys(), typical(rows)
    if len(shown) >= _ENOUGH_MINOR and all(knowledge.ancestors(x) & minor for x in shown):
        return State.MILD, StateClause.MINOR_FINDINGS
    return State.CHRONIC, StateClause.ELSE_CHRONIC
