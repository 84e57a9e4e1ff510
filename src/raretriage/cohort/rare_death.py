"""Until which age do patients with a rare disease live? Where the annotations say that most die, no longer.

An age at death counts when the lower end of its stated frequency says that half the patients or more die then: "very
frequent", or 4 of 4. A row without a frequency does not count, nor does 1 of 1: achondroplasia and Melnick-Needles
syndrome have such rows. Of several ages the latest holds. Without any, words of the name (lethal, hydrolethalus)
decide. Nobody with a disease that kills before birth is seen at a visit, so it is out of the cohort. Ages and words
are in `rare_death.csv`.
"""

from collections.abc import Sequence

from raretriage.cohort.profiles import Row
from raretriage.cohort.rare_rules import Rules, load_rules
from raretriage.knowledge import Annotation, Knowledge

HALF = 0.5

_KINDS = ("annotated", "name")


def load_death_rules(knowledge: Knowledge, text: str | None = None) -> Rules[float]:
    """Read the shipped table, or `text` in the same format. Raises `ProfileError` as `load_rules` does."""
    return load_rules(knowledge, "rare_death.csv", _KINDS, _until_years, text)


def latest_age(name: str, rows: Sequence[Annotation], rules: Rules[float]) -> float | None:
    """Years of age by which most patients have died: 0 before birth, None when nothing says so."""
    ages = rules.of("annotated")
    annotated = [ages[row.hpo_id] for row in rows if row.hpo_id in ages and not row.excluded and _most_die(row)]
    return max(annotated) if annotated else rules.in_name(name)


def _most_die(row: Annotation) -> bool:
    return row.interval is not None and row.interval.low >= HALF


def _until_years(row: Row) -> float:
    return row.number("until_years", 0, 120)
