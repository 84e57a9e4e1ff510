"""What changes in the hospitals, and from which quarter on? Six kinds of shift, as values and as a TOML file.

A shift begins with a calendar quarter (`2024Q1`, of the visit's day) and stays. Nothing before it changes: whoever came
earlier is the same, to the byte, with and without it (`raretriage.cohort.shifting` says how).

| table in the file | what moves |
|---|---|
| `[[prevalence]]` | how often all rare diseases, or one disease or group, bring somebody |
| `[[season]]` | how often common diseases with certain ICD-10 codes do, in some quarters of every year |
| `[[coding]]` | how findings are written: exact or coarser terms, SNOMED CT or HPO |
| `[[unit]]` | a vital sign is sent in another unit, which its code says or hides |
| `[[lost_field]]` | a field is never sent again |
| `[[new_site]]` | a site opens, with its own way of writing and forgetting |
"""

import re
import tomllib
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import ClassVar, Literal

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import ConfigDict, TypeAdapter, ValidationError

from raretriage.cohort.errors import SpecError

Ints = NDArray[np.int64]

Vital = Literal["temperature_c", "heart_rate", "respiratory_rate", "systolic_bp", "diastolic_bp", "spo2", "pain"]
Sent = Literal[Vital, "days", "pregnant", "phenotypes"]

_QUARTER = re.compile(r"(\d{4})Q([1-4])")
_STRICT = ConfigDict(extra="forbid")


def quarter_number(period: str) -> int:
    """Quarters since year 0, so that quarters can be compared and counted.

    >>> quarter_number("2024Q1") - quarter_number("2022Q4")
    5

    Raises:
        SpecError: not a year, a Q and 1 to 4.
    """
    match = _QUARTER.fullmatch(period)
    if match is None:
        raise SpecError(f"start: {period!r}, expected a quarter such as 2024Q1")
    return int(match[1]) * 4 + int(match[2]) - 1


def quarter_numbers(days: NDArray[np.datetime64]) -> Ints:
    """The same for calendar days, shape (n,)."""
    return np.asarray(days.astype("datetime64[M]").astype(np.int64) // 3 + 1970 * 4, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Shift:
    """What every shift has."""

    kind: ClassVar[str]
    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    start: str
    """The first calendar quarter with the shift."""

    def __post_init__(self) -> None:
        quarter_number(self.start)

    @property
    def first_quarter(self) -> int:
        return quarter_number(self.start)

    def as_json(self) -> dict[str, object]:
        """The shift as `cohort.json` shows it."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True, slots=True)
class PrevalenceShift(_Shift):
    """Patients who first come from `start` on have these diseases `factor` times as often.

    With neither `disease` nor `group`: all rare ones. Everybody else's shares, healthy people's too, keep their
    proportions. Of a common disease, later visits for something else follow as well.
    """

    kind: ClassVar[str] = "prevalence"

    factor: float
    disease: str | None = None
    """`Profile.disease`."""
    group: str | None = None
    """`Profile.group`."""

    def __post_init__(self) -> None:
        _Shift.__post_init__(self)
        _within("factor", self.factor, 0, 1000)
        if self.disease is not None and self.group is not None:
            raise SpecError("disease and group: give one of them, or neither for all rare diseases")


@dataclass(frozen=True, slots=True)
class SeasonShift(_Shift):
    """In these quarters of each year, common diseases with these ICD-10 codes are `amplitude` times as frequent."""

    kind: ClassVar[str] = "season"

    quarters: tuple[int, ...]
    """1 to 4."""
    amplitude: float
    codes: tuple[str, ...] = ("J",)
    """Beginnings of ICD-10 codes; chapter J is the respiratory system."""

    def __post_init__(self) -> None:
        _Shift.__post_init__(self)
        _within("amplitude", self.amplitude, 0, 1000)
        if not self.quarters or not set(self.quarters) <= {1, 2, 3, 4}:
            raise SpecError(f"quarters: {list(self.quarters)}, expected some of 1, 2, 3, 4")
        if not self.codes or not all(self.codes):
            raise SpecError("codes: expected beginnings of ICD-10 codes, such as J or J10")


@dataclass(frozen=True, slots=True)
class CodingShift(_Shift):
    """Findings are written otherwise, at all sites or at one. The patients and their vital signs stay as they are.

    None keeps the share of `nuisance.toml`.
    """

    kind: ClassVar[str] = "coding"

    exact: float | None = None
    """Share of findings written with the exact term."""
    coarser: float | None = None
    """Share written with the next coarser term."""
    snomed: float | None = None
    """Share coded in SNOMED CT, of the findings that have such a code."""
    site: str | None = None

    def __post_init__(self) -> None:
        _Shift.__post_init__(self)
        _habit_within(self.exact, self.coarser, self.snomed)
        if self.exact is None and self.coarser is None and self.snomed is None:
            raise SpecError("exact, coarser, snomed: give at least one, or the shift changes nothing")


UNITS = MappingProxyType({("temperature_c", "[degF]"): (1.8, 32.0, "°F")})
"""(field, UCUM code) -> factor, offset and name of a unit to send a field in; °F = 1.8 °C + 32 by definition."""


@dataclass(frozen=True, slots=True)
class UnitShift(_Shift):
    """A vital sign is sent in another unit. `labelled` says whether the unit's code is sent with it, or the old one."""

    kind: ClassVar[str] = "unit"

    labelled: bool
    field: Literal["temperature_c"] = "temperature_c"
    unit: Literal["[degF]"] = "[degF]"
    site: str | None = None

    def __post_init__(self) -> None:
        _Shift.__post_init__(self)
        if (self.field, self.unit) not in UNITS:
            raise SpecError(f"unit: {self.field} in {self.unit}, expected one of {sorted(UNITS)}")


@dataclass(frozen=True, slots=True)
class LostFieldShift(_Shift):
    """A field is never sent again, at all sites or at one."""

    kind: ClassVar[str] = "lost_field"

    field: Sent
    site: str | None = None


@dataclass(frozen=True, slots=True)
class NewSiteShift(_Shift):
    """A site opens and takes a share of all visits, with its own way of coding (as `CodingShift`) and forgetting."""

    kind: ClassVar[str] = "new_site"

    name: str
    share: float
    """Of the visits from `start` on; a later site takes its share of everybody's, the earlier new site's too."""
    exact: float | None = None
    coarser: float | None = None
    snomed: float | None = None
    extra_missing: float = 0.0
    """Share of each measured or asked value that other sites would have sent and this one does not."""

    def __post_init__(self) -> None:
        _Shift.__post_init__(self)
        _within("share", self.share, 0, 1)
        _within("extra_missing", self.extra_missing, 0, 1)
        _habit_within(self.exact, self.coarser, self.snomed)
        if not self.name.strip():
            raise SpecError("name: the new site needs one")


Shift = PrevalenceShift | SeasonShift | CodingShift | UnitShift | LostFieldShift | NewSiteShift

_KINDS: MappingProxyType[str, TypeAdapter[Shift]] = MappingProxyType(
    {
        kind.kind: TypeAdapter(kind)
        for kind in (PrevalenceShift, SeasonShift, CodingShift, UnitShift, LostFieldShift, NewSiteShift)
    }
)


def load_shifts(text: str) -> tuple[Shift, ...]:
    """Read the shifts of a TOML file, in the order of the module's table and then of the file.

    >>> load_shifts('[[lost_field]]\\nstart = "2024Q2"\\nfield = "spo2"')
    (LostFieldShift(start='2024Q2', field='spo2', site=None),)

    Raises:
        SpecError: no TOML, an unknown table, an unknown or missing field, a value of another type or out of its range;
            the message names the table, its number and the field.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"shifts: no TOML: {error}") from error
    for name, rows in tables.items():
        if name not in _KINDS:
            raise SpecError(f"shifts: [[{name}]], expected one of {', '.join(_KINDS)}")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SpecError(f"shifts: {name}: write it as [[{name}]], once for each shift")
    return tuple(
        _parsed(name, number, row) for name in _KINDS for number, row in enumerate(tables.get(name, []), start=1)
    )


def _parsed(name: str, number: int, row: dict[str, object]) -> Shift:
    place = f"shifts: [[{name}]] number {number}"
    try:
        # strict, so that "2" and true are no numbers; as JSON, so that a list may become a tuple
        return _KINDS[name].validate_json(orjson.dumps(row), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        raise SpecError(
            f"{place}: {field}{': ' if field else ''}{first['msg'].removeprefix('Value error, ')}"
        ) from None
    except TypeError as error:
        raise SpecError(f"{place}: {error}") from error


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise SpecError(f"{name}: {value:g}, expected {low:g} to {high:g}")


def _habit_within(exact: float | None, coarser: float | None, snomed: float | None) -> None:
    for name, share in (("exact", exact), ("coarser", coarser), ("snomed", snomed)):
        if share is not None:
            _within(name, share, 0, 1)
