"""Which rare diseases fit, and why: ranks diseases for a set of findings and explains every score.

Building (`raretriage.differential.build`) needs the pipeline's packages; what is exported here only loads and ranks.
"""

from raretriage.differential.artefact import SEXES, Arrays, dump, load
from raretriage.differential.errors import DamagedDifferential, DifferentialError, NothingToRank
from raretriage.differential.evidence import Evidence, Explained, Explainer, Met, Relation
from raretriage.differential.periods import Onset
from raretriage.differential.questions import LEADING, Question, next_questions
from raretriage.differential.ranker import Patient, Ranker, Ranking
from raretriage.differential.standing import best_place

__all__ = [
    "LEADING",
    "SEXES",
    "Arrays",
    "DamagedDifferential",
    "DifferentialError",
    "Evidence",
    "Explained",
    "Explainer",
    "Met",
    "NothingToRank",
    "Onset",
    "Patient",
    "Question",
    "Ranker",
    "Ranking",
    "Relation",
    "best_place",
    "dump",
    "load",
    "next_questions",
]
