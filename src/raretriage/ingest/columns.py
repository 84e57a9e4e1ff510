"""Which columns of a CSV file are read, and under which names they may come. The rest does not pass."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib import resources

_DELIMITERS = ",;\t"
_ENOUGH = 3
"""With fewer known columns a table is probably not meant for us."""


@cache
def column_names() -> Mapping[str, str]:
    """Header as written (lower case) -> column of the encounter."""
    text = resources.files("raretriage.ingest").joinpath("columns.csv").read_text(encoding="utf-8")
    return {row["name"]: row["column"] for row in csv.DictReader(text.splitlines())}


def delimiter_of(header: str) -> str:
    """The delimiter a header line uses: the most frequent of comma, semicolon and tab."""
    return max(_DELIMITERS, key=header.count)


def split_header(header: str) -> list[str]:
    """The column names of a header line, trimmed and in lower case."""
    cells = next(csv.reader([header.strip()], delimiter=delimiter_of(header)), [])
    return [cell.strip().lower() for cell in cells]


def known_columns(header: str) -> tuple[str, ...]:
    """The encounter columns that a header line names; empty when they are too few to be meant for us.

    >>> known_columns("fever,pain,days,comorbidity,age,shoe size")
    ('fever', 'pain', 'days', 'comorbidity', 'age_years')
    >>> known_columns("age,sex,income")
    ()
    """
    names = column_names()
    known = tuple(names[cell] for cell in split_header(header) if cell in names)
    return known if len(known) >= _ENOUGH else ()
