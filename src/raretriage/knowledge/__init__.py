"""What is known of findings and diseases: HPO and its annotations, as one versioned artefact. Knows no patient."""

from raretriage.knowledge.annotations import (
    VERY_FREQUENT,
    Annotation,
    Interval,
    parse_frequency,
    wilson_interval,
)
from raretriage.knowledge.artefact import dump, load_knowledge
from raretriage.knowledge.assertion import Assertion
from raretriage.knowledge.build import build_knowledge, locate_sources
from raretriage.knowledge.errors import (
    DamagedKnowledge,
    KnowledgeError,
    MalformedSource,
    SourceNotFound,
    TextTooLong,
    UnknownTerm,
)
from raretriage.knowledge.extraction import LONGEST_TEXT, Extraction, Extractor, Mention
from raretriage.knowledge.icd10 import finding_of_icd10, icd10_to_hpo
from raretriage.knowledge.knowledge import Disease, Knowledge
from raretriage.knowledge.lexicon import LANGUAGES, Language, spanish_labels, wordings
from raretriage.knowledge.maps import Maps
from raretriage.knowledge.naming import has_words
from raretriage.knowledge.ontology import FINDINGS_ROOT, Ontology
from raretriage.knowledge.orphanet import Orphanet, read_orphanet
from raretriage.knowledge.prevalence import Kind, Prevalence
from raretriage.knowledge.rarity import RARE_PER_10000, Clause
from raretriage.knowledge.rarity_report import RarityReport, VerdictChange, rarity_report
from raretriage.knowledge.search import TermIndex, TermMatch, Why
from raretriage.knowledge.sex import SexClause, SexTable, load_sex_table, male_share, only_sex
from raretriage.knowledge.sources import Source
from raretriage.knowledge.withhold import papers_of, rests_on_summary, withhold

__all__ = [
    "FINDINGS_ROOT",
    "LANGUAGES",
    "LONGEST_TEXT",
    "RARE_PER_10000",
    "VERY_FREQUENT",
    "Annotation",
    "Assertion",
    "Clause",
    "DamagedKnowledge",
    "Disease",
    "Extraction",
    "Extractor",
    "Interval",
    "Kind",
    "Knowledge",
    "KnowledgeError",
    "Language",
    "MalformedSource",
    "Maps",
    "Mention",
    "Ontology",
    "Orphanet",
    "Prevalence",
    "RarityReport",
    "SexClause",
    "SexTable",
    "Source",
    "SourceNotFound",
    "TermIndex",
    "TermMatch",
    "TextTooLong",
    "UnknownTerm",
    "VerdictChange",
    "Why",
    "build_knowledge",
    "dump",
    "finding_of_icd10",
    "has_words",
    "icd10_to_hpo",
    "load_knowledge",
    "load_sex_table",
    "locate_sources",
    "male_share",
    "only_sex",
    "papers_of",
    "parse_frequency",
    "rarity_report",
    "read_orphanet",
    "rests_on_summary",
    "spanish_labels",
    "wilson_interval",
    "withhold",
    "wordings",
]
