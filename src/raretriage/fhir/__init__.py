"""The vocabulary of FHIR R4 and of phenopackets: codes, units, references, projections. No models, no engine."""

from raretriage.fhir.bundle import Entry, entries, is_bundle
from raretriage.fhir.durations import age_in_years, find_days
from raretriage.fhir.phenopacket import DiseaseOnset, Finding, Issue, Packet, is_packet, parse_packet
from raretriage.fhir.projection import FIELDS, USED_TYPES, paths, structure
from raretriage.fhir.references import reference_id, reference_pattern
from raretriage.fhir.resources import resource_types
from raretriage.fhir.systems import DIAGNOSIS_SYSTEMS, KNOWN_SYSTEMS, LOINC, STATE, TRIAGE, canonical_system, disease_id
from raretriage.fhir.vocabulary import (
    Answer,
    Concept,
    Terms,
    Unit,
    Use,
    answers,
    classify,
    reading_fields,
    units,
    visit_classes,
)

__all__ = [
    "DIAGNOSIS_SYSTEMS",
    "FIELDS",
    "KNOWN_SYSTEMS",
    "LOINC",
    "STATE",
    "TRIAGE",
    "USED_TYPES",
    "Answer",
    "Concept",
    "DiseaseOnset",
    "Entry",
    "Finding",
    "Issue",
    "Packet",
    "Terms",
    "Unit",
    "Use",
    "age_in_years",
    "answers",
    "canonical_system",
    "classify",
    "disease_id",
    "entries",
    "find_days",
    "is_bundle",
    "is_packet",
    "parse_packet",
    "paths",
    "reading_fields",
    "reference_id",
    "reference_pattern",
    "resource_types",
    "structure",
    "units",
    "visit_classes",
]
