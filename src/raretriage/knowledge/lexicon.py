"""What clinicians, patients and relatives call the findings: this project's own tables, not HPO's translation.

`lexicon_es.csv` has one Spanish label for a finding, `synonyms_es.csv` and `synonyms_en.csv` the other words for it:
`clinical`, `lay`, or an abbreviation (`abbr`).
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

Language = Literal["es", "en"]
LANGUAGES: tuple[Language, ...] = ("es", "en")


@dataclass(frozen=True, slots=True)
class Wording:
    """Other words for a finding."""

    hpo_id: str
    text: str
    kind: str


@cache
def spanish_labels() -> Mapping[str, str]:
    """Current HPO id -> Spanish label, for the findings of the common conditions and the commonest of rare ones.

    >>> spanish_labels()["HP:0001945"]
    'Fiebre'
    """
    return MappingProxyType({row["hpo_id"]: row["label_es"] for row in _rows("lexicon_es.csv")})


@cache
def wordings(language: Language) -> tuple[Wording, ...]:
    """The synonyms of one language, in the order of the table."""
    return tuple(Wording(row["hpo_id"], row["text"], row["kind"]) for row in _rows(f"synonyms_{language}.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    text = files("raretriage.knowledge").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
