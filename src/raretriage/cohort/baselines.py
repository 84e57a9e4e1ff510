"""What do the vital signs of the well look like? Centiles by age and sex, each row with its source.

`profiles/vital_centiles.csv` holds the 1st, 10th, 50th, 90th and 99th centile of each vital sign:

- heart and breathing rate of children: Fleming et al., Lancet 2011;377:1011 (web tables 4 and 5), as published;
- pulse and pressures of adults: NHANES 2009-2012 (public domain), the 661 different people of the development file who
  call their health good or better. The file repeats people (1,095 rows, 741 people): each is counted once, and a
  diastolic pressure of 0 is not a pressure. Treated or not, they are as they come;
- pressures of children from 1 year on: Fourth Report on High Blood Pressure in Children and Adolescents (PMID
  15286277), the regression of its appendix B in the middle of the age band, at median height, and its standard
  deviation;
- temperature of adults: Obermeyer et al., BMJ 2017;359:j5468, mean, 95 % and 99 % range, interpolated in the normal
  score;
- the rest is an estimate. SpO2 of the middle-aged and old is chosen so that about one in sixteen has 95 % or less, as
  in Tromsø (PMID 22795506: 6.3 % of 6,317 people of 38 to 87 years), at sea level; altitude is left out.

`profiles/pressure_correlation.csv` holds how the two pressures go together, as the correlation of their normal scores.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from raretriage.cohort.errors import ProfileError
from raretriage.cohort.profiles import Row, read_table
from raretriage.domain import RANGES, VITALS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CENTILES = (0.01, 0.10, 0.50, 0.90, 0.99)
_COLUMNS = tuple(f"p{100 * share:g}" for share in CENTILES)
_SCORES = np.array([NormalDist().inv_cdf(share) for share in CENTILES])
_AGES = (0.0, 121.0)
_SEXES = ("female", "male")
_SYSTOLIC, _DIASTOLIC = VITALS.index("systolic_bp"), VITALS.index("diastolic_bp")


@dataclass(frozen=True, slots=True)
class Bands:
    """Rows of numbers that hold from an age on, ascending, without a gap."""

    age_from: Floats
    """Years, shape (bands,)."""
    values: Floats
    """Shape (bands, k)."""

    def at(self, age_years: Floats) -> Floats:
        """The row of each age, shape (n, k)."""
        return np.asarray(self.values[np.searchsorted(self.age_from, age_years, side="right") - 1], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Baselines:
    """Vital signs of people who are well."""

    centiles: Mapping[str, tuple[Bands, Bands]]
    """Vital sign -> bands of women, of men; `CENTILES` columns, units as in `raretriage.domain.RANGES`."""
    correlation: Bands
    """Of the normal scores of the two pressures, one column."""

    def draw(self, rng: np.random.Generator, age_years: Floats, is_male: Ints) -> Floats:
        """Unrounded vital signs of n people, columns in the order of `raretriage.domain.VITALS`, shape (n, 6).

        Between two centiles the value is linear in the normal score, beyond the outer ones it goes on as it came.

        Args:
            rng: the chunk's generator.
            age_years: 0 to 120, shape (n,).
            is_male: 0 or 1, shape (n,).
        """
        scores = rng.standard_normal((len(age_years), len(VITALS)))
        tied = self.correlation.at(age_years)[:, 0]
        scores[:, _DIASTOLIC] = tied * scores[:, _SYSTOLIC] + np.sqrt(1 - tied**2) * scores[:, _DIASTOLIC]
        return np.stack(
            [self._value(vital, scores[:, column], age_years, is_male) for column, vital in enumerate(VITALS)], axis=1
        )

    def _value(self, vital: str, score: Floats, age_years: Floats, is_male: Ints) -> Floats:
        women, men = self.centiles[vital]
        centiles = np.where(is_male[:, None] == 1, men.at(age_years), women.at(age_years))
        left = np.searchsorted(_SCORES[1:-1], score)
        row = np.arange(len(score))
        slope = (centiles[row, left + 1] - centiles[row, left]) / (_SCORES[left + 1] - _SCORES[left])
        return np.asarray(centiles[row, left] + slope * (score - _SCORES[left]), dtype=np.float64)


@cache
def load_baselines(centiles: str | None = None, correlation: str | None = None) -> Baselines:
    """Read the shipped tables, or texts in the same format.

    Raises:
        ProfileError: a vital sign that is unknown or lacks a sex, centiles that descend or are impossible, ages that
            leave a gap or overlap, a correlation outside -1 to 1; file and line, or the vital sign, are named.
    """
    found: dict[tuple[str, str], list[tuple[Row, tuple[float, ...]]]] = {}
    for row in read_table("vital_centiles.csv", centiles):
        vital, sex = row.text("vital"), row.text("sex")
        if vital not in VITALS:
            raise row.fail(f"vital: {vital!r} is not one of {', '.join(VITALS)}")
        if sex not in (*_SEXES, "any"):
            raise row.fail(f"sex: {sex!r} is not one of female, male, any")
        for one in _SEXES if sex == "any" else (sex,):
            found.setdefault((vital, one), []).append((row, _centiles(row, vital)))
    for vital in VITALS:
        for sex in _SEXES:
            if (vital, sex) not in found:
                raise ProfileError(f"vital_centiles.csv: {vital} has no row for sex {sex}")
    ties = [(row, _tie(row)) for row in read_table("pressure_correlation.csv", correlation)]
    if not ties:
        raise ProfileError("pressure_correlation.csv: there is no row")
    return Baselines({v: (_bands(found[v, "female"]), _bands(found[v, "male"])) for v in VITALS}, _bands(ties))


def _tie(row: Row) -> tuple[float, ...]:
    row.text("source")
    return (row.number("correlation", -1, 1),)


def _centiles(row: Row, vital: str) -> tuple[float, ...]:
    row.text("source")
    # a centile may lie below what a living patient shows (small children's diastolic pressure): it is clipped later
    values = tuple(row.number(column, 0, RANGES[vital].high) for column in _COLUMNS)
    if any(low > high for low, high in pairwise(values)):
        raise row.fail(f"the centiles of {vital} descend: {', '.join(f'{v:g}' for v in values)}")
    return values


def _bands(rows: list[tuple[Row, tuple[float, ...]]]) -> Bands:
    ordered = sorted(rows, key=lambda item: item[0].number("age_from"))
    end = _AGES[0]
    for row, _values in ordered:
        if row.number("age_from") != end:
            raise row.fail(f"age_from: {row.text('age_from')}, expected {end:g}, where the band before it ends")
        end = row.number("age_to", end, _AGES[1])
    if end != _AGES[1]:
        raise ordered[-1][0].fail(f"age_to: {end:g}, expected {_AGES[1]:g}: the last band must hold everybody")
    return Bands(np.array([row.number("age_from") for row, _values in ordered]), np.array([v for _row, v in ordered]))
