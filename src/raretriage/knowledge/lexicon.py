"""What clinicians call the common findings in Spanish: a small table of this project's own, not HPO's translation."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def spanish_labels() -> Mapping[str, str]:
    """Current HPO id -> Spanish label, for the findings of the common conditions.

    >>> spanish_labels()["HP:0001945"]
    'Fiebre'
    """
    text = files("raretriage.knowledge").joinpath("lexicon_es.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["hpo_id"]: row["label_es"] for row in csv.DictReader(text.splitlines())})
