"""Which finding does an ICD-10 code assert? This project's own table, for symptoms and for the profiles' conditions.

A code asserts a finding where its description names it, or names a condition that HPO has as a finding; where HPO has
only something narrower than the code says, the code is left out. Read by no clinician yet.
"""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@cache
def icd10_to_hpo() -> Mapping[str, str]:
    """ICD-10 code (WHO), such as `R50.9` -> current HPO id.

    >>> icd10_to_hpo()["R50.9"]
    'HP:0001945'
    """
    text = files("raretriage.knowledge").joinpath("icd10_hpo.csv").read_text(encoding="utf-8")
    return MappingProxyType({row["icd10"]: row["hpo_id"] for row in csv.DictReader(text.splitlines())})


def finding_of_icd10(code: str) -> str | None:
    """The finding of a code, else that of its category (`J45.0` -> that of `J45`); None where the table has neither.

    Longer codes of national versions (ICD-10-CM `H91.90`) fall back in the same way.
    """
    table = icd10_to_hpo()
    plain = code.strip().upper()
    return next((table[c] for c in (plain, plain[:5], plain[:3]) if c in table), None)
