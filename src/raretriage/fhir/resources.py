"""The names of the FHIR R4 resource types (hl7.org/fhir/R4/resourcelist.html)."""

from functools import cache
from importlib import resources


@cache
def resource_types() -> frozenset[str]:
    """Every R4 type. A name outside it is the sender's own text and may hold anything."""
    text = resources.files("raretriage.fhir").joinpath("resource_types.txt").read_text(encoding="utf-8")
    return frozenset(text.split())
