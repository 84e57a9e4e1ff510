"""How well does the ranking find the disease of real cases? Leak-free columns, a yardstick, and honest intervals."""

from raretriage.benchmark.cases import CaseFile, RankedCase, read_ranked_cases
from raretriage.benchmark.chosen import choose_in_folds
from raretriage.benchmark.columns import Column, Fair, Rankers, sort_cases
from raretriage.benchmark.errors import BenchmarkError, UnreadableCases
from raretriage.benchmark.figures import DRAWS, Estimate, Figures
from raretriage.benchmark.plot import curves
from raretriage.benchmark.ranking import Placed, PlacedColumn, place_all
from raretriage.benchmark.report import ColumnReport, as_csv, as_json, column_report
from raretriage.benchmark.structures import STRUCTURES

__all__ = [
    "DRAWS",
    "STRUCTURES",
    "BenchmarkError",
    "CaseFile",
    "Column",
    "ColumnReport",
    "Estimate",
    "Fair",
    "Figures",
    "Placed",
    "PlacedColumn",
    "RankedCase",
    "Rankers",
    "UnreadableCases",
    "as_csv",
    "as_json",
    "choose_in_folds",
    "column_report",
    "curves",
    "place_all",
    "read_ranked_cases",
    "sort_cases",
]
