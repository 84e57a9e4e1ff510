"""Which kind of model, which remedy for imbalance, one question or two? Compared on the same folds, in tables.

Nothing here is needed to train or to serve: what wins becomes the default of `training`, by hand and with its figures.
"""

from raretriage.study.search import SearchResult, search
from raretriage.study.study import Study, run_study, steps
from raretriage.study.tables import StudyRow, StudyTable

__all__ = ["SearchResult", "Study", "StudyRow", "StudyTable", "run_study", "search", "steps"]
