"""Reading the rules: comma-separated rows below their comments, and the ages for which a row holds."""

import csv
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files

_PACKAGE = "raretriage.domain.red_flags"


def read_text(name: str) -> str:
    """A file of this folder."""
    return files(_PACKAGE).joinpath(name).read_text(encoding="utf-8")


def read_rows(name: str) -> list[dict[str, str]]:
    """The rows of a table by column; lines that start with # are comments."""
    return list(csv.DictReader(line for line in read_text(name).splitlines() if not line.startswith("#")))


@dataclass(frozen=True, slots=True)
class AgeBand:
    """From one age up to, not including, another, in years; None is open.

    >>> band = AgeBand.of("1/12", "1")
    >>> [band.holds(age) for age in (0.08, 1 / 12, 0.99, 1.0, None)]
    [False, True, True, False, False]
    """

    from_years: float | None = None
    under_years: float | None = None

    @classmethod
    def of(cls, from_years: str, under_years: str) -> "AgeBand":
        """From the words of a table: whole numbers, fractions such as 1/12, or nothing."""
        return cls(_years(from_years), _years(under_years))

    def holds(self, age_years: float | None) -> bool:
        """Without an age, the patient counts as grown up: a band without an upper end holds."""
        if age_years is None:
            return self.under_years is None
        return (self.from_years is None or age_years >= self.from_years) and (
            self.under_years is None or age_years < self.under_years
        )


def _years(word: str) -> float | None:
    return float(Fraction(word)) if word else None
