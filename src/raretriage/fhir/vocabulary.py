"""What a coded Observation means to triage: the tables of codes, answers, units and visit classes.

LOINC codes and names: loinc.org. Answers: SNOMED CT qualifier values and LOINC answer lists; SNOMED CT needs a
national licence in production. Units: UCUM, and the plain spellings seen in exports. Visit classes: HL7 v3 ActCode;
a class that is not in the table (inpatient `IMP`, field `FLD`, ...) is neither an emergency nor an outpatient visit,
so `visit_type` stays missing.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Protocol

from raretriage.fhir.systems import HPO, ICD10, ICD10_CM, LOINC, SNOMED, TRIAGE, canonical_system


class Use(StrEnum):
    """What an Observation is used for."""

    VITAL = "vital"
    PANEL = "panel"
    ONSET = "onset"
    PREGNANCY = "pregnancy"
    STATE = "state"
    RARE = "rare"
    FINDING = "finding"
    UNKNOWN_FINDING = "unknown_finding"


@dataclass(frozen=True, slots=True)
class Concept:
    """The use of a code and what it is about: a field of the encounter, or an HPO id."""

    use: Use
    target: str


@dataclass(frozen=True, slots=True)
class Unit:
    """How a value in `unit` becomes the field's own unit: (value - subtract) * multiply."""

    field: str
    unit: str
    subtract: float
    multiply: float


@dataclass(frozen=True, slots=True)
class Answer:
    system: str
    code: str
    meaning: str


class Terms(Protocol):
    """The part of `knowledge` that reading needs."""

    def find(self, hpo_id: str) -> str | None: ...

    def is_finding(self, hpo_id: str) -> bool: ...

    def is_rare(self, disease_id: str) -> bool | None: ...

    @property
    def snomed_to_hpo(self) -> Mapping[str, str]: ...

    def find_icd10(self, code: str) -> str | None: ...


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("raretriage.fhir").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def _loinc() -> Mapping[str, Concept]:
    return {row["code"]: Concept(Use(row["use"]), row["target"]) for row in _rows("observation_codes.csv")}


@cache
def answers() -> tuple[Answer, ...]:
    """Coded answers that we understand; any other answer is no answer."""
    return tuple(Answer(row["system"], row["code"], row["meaning"]) for row in _rows("answers.csv"))


@cache
def units() -> tuple[Unit, ...]:
    """Units that we can convert; a value in another unit is quarantined, never guessed."""
    return tuple(
        Unit(row["field"], row["unit"], float(row["subtract"]), float(row["multiply"])) for row in _rows("units.csv")
    )


@cache
def visit_classes() -> Mapping[str, str]:
    """v3 ActCode of `Encounter.class` -> visit type."""
    return {row["code"]: row["visit_type"] for row in _rows("visit_classes.csv")}


def reading_fields() -> frozenset[str]:
    """The encounter fields that a measured Observation can fill."""
    return frozenset(concept.target for concept in _loinc().values() if concept.use is Use.VITAL)


def classify(system: str | None, code: str | None, terms: Terms) -> Concept | None:
    """What an Observation with this coding is used for; None when it is not used.

    A finding is coded in HPO, where alternative and obsolete ids are followed to the current one, in SNOMED CT where
    HPO's own cross references know the code, or in ICD-10 where this project's table does. An HPO id that the
    knowledge does not know is `UNKNOWN_FINDING`.
    """
    if not system or not code:
        return None
    canonical, bare = canonical_system(system), code.strip()
    if canonical == LOINC:
        return _loinc().get(bare)
    if canonical == TRIAGE:
        return Concept(Use(bare), bare) if bare in (Use.STATE, Use.RARE) else None
    if canonical == HPO:
        found = terms.find(bare)
        if found is None:
            return Concept(Use.UNKNOWN_FINDING, "")
        # Modes of inheritance, onsets and modifiers are HPO terms too, and no findings.
        return Concept(Use.FINDING, found) if terms.is_finding(found) else None
    if canonical == SNOMED:
        mapped = terms.snomed_to_hpo.get(bare)
        return None if mapped is None else Concept(Use.FINDING, mapped)
    if canonical in {ICD10, ICD10_CM}:
        asserted = terms.find_icd10(bare)
        return None if asserted is None else Concept(Use.FINDING, asserted)
    return None
