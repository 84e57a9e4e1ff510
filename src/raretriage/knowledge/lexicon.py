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

from raretriage.knowledge.errors import MalformedSource

Language = Literal["es", "en"]
LANGUAGES: tuple[Language, ...] = ("es", "en")

_BABELON = ("source_language", "translation_language", "subject_id", "predicate_id", "translation_value")


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


def parse_babelon(content: bytes) -> dict[str, str]:
    """HPO id -> label, from a translation in Babelon's format (HPO translations project; tab-separated UTF-8).

    Raises:
        MalformedSource: not UTF-8, or a needed column is missing.
    """
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise MalformedSource(f"translation: byte {error.start} is not UTF-8") from error
    rows = csv.DictReader((x for x in lines if not x.startswith("#")), delimiter="\t", quoting=csv.QUOTE_NONE)
    if missing := sorted(set(_BABELON) - set(rows.fieldnames or ())):
        raise MalformedSource(f"translation: the column {missing[0]!r} is missing; expected Babelon's TSV")
    return {
        row["subject_id"]: label
        for row in rows
        if row["predicate_id"] == "rdfs:label" and (label := (row["translation_value"] or "").strip())
    }


def _rows(name: str) -> list[dict[str, str]]:
    text = files("raretriage.knowledge").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
