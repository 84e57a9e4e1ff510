"""How are the written rules of rare diseases read? Words of a name and HPO terms, each with what it says.

Several tables have this shape: `rare_state_rules.csv`, `rare_course.csv`, `rare_death.csv`. The first word of the
table that the name holds decides, so that "periodic fever" may stand above "fever".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from raretriage.cohort.profiles import Row, read_table
from raretriage.knowledge import Knowledge, has_words

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rules(Generic[T]):
    """One table: by kind of row, what each key says, in the table's order."""

    by_kind: Mapping[str, Mapping[str, T]]

    def of(self, kind: str) -> Mapping[str, T]:
        return self.by_kind[kind]

    def in_name(self, name: str) -> T | None:
        """What the first word of the table that the name holds says."""
        return next((says for words, says in self.by_kind["name"].items() if has_words(name, words)), None)


def load_rules(
    knowledge: Knowledge, file: str, kinds: tuple[str, ...], says: Callable[[Row], T], text: str | None = None
) -> Rules[T]:
    """Read the shipped table, or `text` in the same format: kind, key, label, whatever `says` reads, source.

    Raises:
        ProfileError: an unknown kind, HPO id or label, a key given twice, or what `says` raises; file and line named.
    """
    by_kind: dict[str, dict[str, T]] = {kind: {} for kind in kinds}
    for row in read_table(file, text):
        kind = row.text("kind")
        if kind not in by_kind:
            raise row.fail(f"kind: {kind!r}, expected one of {', '.join(kinds)}")
        row.text("source")
        key = row.text("key") if kind == "name" else term(row, knowledge)
        if key in by_kind[kind]:
            raise row.fail(f"{kind} {key} is given twice")
        by_kind[kind][key] = says(row)
    return Rules(by_kind)


def one_of(column: str, parse: Callable[[str], T]) -> Callable[[Row], T]:
    """Reads a column that holds one of an enumeration's values."""

    def says(row: Row) -> T:
        try:
            return parse(row.text(column))
        except ValueError:
            raise row.fail(f"{column}: {row.text(column)!r} is not one of its values") from None

    return says


def term(row: Row, knowledge: Knowledge) -> str:
    """The row's HPO id, of any branch; it must be current and carry its own label. Raises `ProfileError`."""
    hpo_id = row.text("key")
    if knowledge.find(hpo_id) != hpo_id:
        raise row.fail(f"{hpo_id} is not a current term (current id: {knowledge.find(hpo_id)})")
    if knowledge.label(hpo_id) != row.text("label"):
        raise row.fail(f"{hpo_id} is called {knowledge.label(hpo_id)!r}, not {row.text('label')!r}")
    return hpo_id
