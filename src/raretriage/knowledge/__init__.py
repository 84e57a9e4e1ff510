"""What is known of findings and diseases: HPO and its annotations, as one versioned artefact. Knows no patient."""

from raretriage.knowledge.annotations import Annotation, Interval, parse_frequency, wilson_interval
from raretriage.knowledge.artefact import dump, load_knowledge
from raretriage.knowledge.build import build_knowledge, locate_sources
from raretriage.knowledge.errors import (
    DamagedKnowledge,
    KnowledgeError,
    MalformedSource,
    SourceNotFound,
    UnknownTerm,
)
from raretriage.knowledge.knowledge import Disease, Knowledge, Source
from raretriage.knowledge.ontology import FINDINGS_ROOT, Ontology
from raretriage.knowledge.prevalence import Kind, Prevalence
from raretriage.knowledge.rarity import Clause

__all__ = [
    "FINDINGS_ROOT",
    "Annotation",
    "Clause",
    "DamagedKnowledge",
    "Disease",
    "Interval",
    "Kind",
    "Knowledge",
    "KnowledgeError",
    "MalformedSource",
    "Ontology",
    "Prevalence",
    "Source",
    "SourceNotFound",
    "UnknownTerm",
    "build_knowledge",
    "dump",
    "load_knowledge",
    "locate_sources",
    "parse_frequency",
    "wilson_interval",
]
