"""What is known of a disease's findings? Rows of phenotype.hpoa, with each frequency as an interval.

Format: HPO, "Phenotype annotation file" (phenotype.hpoa, 12 columns).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

from raretriage.knowledge.errors import MalformedSource

COLUMNS = (
    "database_id",
    "disease_name",
    "qualifier",
    "hpo_id",
    "reference",
    "evidence",
    "onset",
    "frequency",
    "sex",
    "modifier",
    "aspect",
    "biocuration",
)

EXCLUDED_TERM = "HP:0040285"
VERY_FREQUENT = 0.80
"""The lower end of HPO's "Very frequent" (HP:0040281)."""

# The definitions of these terms in hp.obo (children of HP:0040279 "Frequency").
FREQUENCY_TERMS: dict[str, tuple[float, float]] = {
    "HP:0040280": (1.0, 1.0),  # Obligate: always present
    "HP:0040281": (VERY_FREQUENT, 0.99),  # Very frequent
    "HP:0040282": (0.30, 0.79),  # Frequent
    "HP:0040283": (0.05, 0.29),  # Occasional
    "HP:0040284": (0.01, 0.04),  # Very rare
    EXCLUDED_TERM: (0.0, 0.0),  # Excluded
}

_RATIO = re.compile(r"(\d+)/(\d+)")
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)%")
_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """Share of patients with the finding, both ends in [0, 1]."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Annotation:
    """One row: this disease shows (or never shows) this finding."""

    disease_id: str
    hpo_id: str
    excluded: bool
    """True for a NOT row, for 0/m and for the frequency 'excluded': patients were looked at, none had it."""
    frequency: str
    """As written: an HPO frequency term, `n/m`, a percentage, or '' when nobody said."""
    onset: str
    """HPO onset term of the finding, or ''."""
    sex: str
    """`male`, `female`, or '' for both."""
    reference: str
    """Where the curator read it: PMID, OMIM or ORPHA entry."""

    @property
    def interval(self) -> Interval | None:
        """The frequency as an interval; None when the row states none."""
        return parse_frequency(self.frequency)


@dataclass(frozen=True, slots=True)
class HpoaDocument:
    release: str
    names: dict[str, str]
    """Disease id -> name, as the first row of the disease has it."""
    annotations: tuple[Annotation, ...]


@lru_cache(maxsize=8192)  # 260,000 rows hold some 3,000 different texts
def parse_frequency(text: str) -> Interval | None:
    """The share of patients that a frequency field stands for.

    A ratio n/m is a small sample, so it becomes its 95 % Wilson interval (Wilson 1927, J Am Stat Assoc 22:209):
    one patient of one does not mean everybody.

    Returns:
        The interval, or None for an empty field (unknown, which is not zero).

    Raises:
        MalformedSource: neither an HPO frequency term, nor n/m with n <= m, nor a percentage up to 100.

    >>> parse_frequency("HP:0040282")
    Interval(low=0.3, high=0.79)
    >>> parse_frequency("1/1")
    Interval(low=0.2065, high=1.0)
    """
    if not text:
        return None
    if text in FREQUENCY_TERMS:
        return Interval(*FREQUENCY_TERMS[text])
    if (ratio := _RATIO.fullmatch(text)) and 0 < int(ratio[2]) >= int(ratio[1]):
        return wilson_interval(int(ratio[1]), int(ratio[2]))
    if (percent := _PERCENT.fullmatch(text)) and float(percent[1]) <= 100:
        share = float(percent[1]) / 100
        return Interval(share, share)
    raise MalformedSource(f"frequency {text!r}: expected an HPO frequency term, n/m with n <= m, or a percentage")


def parse_hpoa(content: bytes) -> HpoaDocument:
    """Read phenotype.hpoa. Exact repetitions of a row are kept once.

    Raises:
        MalformedSource: not UTF-8, no version, other columns, or a row with an unreadable field (line named).
    """
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedSource(f"phenotype.hpoa: byte {error.start} is not UTF-8") from error
    release = next((x.split(":", 1)[1].strip() for x in lines[:20] if x.startswith(("#version:", "#date:"))), "")
    if not release:
        raise MalformedSource("phenotype.hpoa: the header has no '#version:' line, so the release would be unknown")
    names: dict[str, str] = {}
    unique: dict[Annotation, None] = {}
    for annotation, name in _rows(lines):
        names.setdefault(annotation.disease_id, name)
        unique.setdefault(annotation)
    return HpoaDocument(release=release, names=names, annotations=tuple(unique))


def _rows(lines: list[str]) -> Iterator[tuple[Annotation, str]]:
    is_header = True
    for number, line in enumerate(lines, start=1):
        if line.startswith("#") or not line.strip():
            continue
        fields = line.rstrip("\r").split("\t")
        if is_header:
            if tuple(fields) != COLUMNS:
                raise MalformedSource(f"phenotype.hpoa, line {number}: expected the columns {', '.join(COLUMNS)}")
            is_header = False
            continue
        if len(fields) != len(COLUMNS):
            raise MalformedSource(f"phenotype.hpoa, line {number}: {len(fields)} fields, expected {len(COLUMNS)}")
        yield _annotation(number, fields), fields[1]


def _annotation(number: int, fields: list[str]) -> Annotation:
    disease, _name, qualifier, hpo_id, reference, _evidence, onset, frequency, sex = fields[:9]
    try:
        interval = parse_frequency(frequency)
    except MalformedSource as error:
        raise MalformedSource(f"phenotype.hpoa, line {number}: {error}") from error
    if qualifier not in {"", "NOT"}:
        raise MalformedSource(f"phenotype.hpoa, line {number}: qualifier {qualifier!r}, expected NOT or nothing")
    return Annotation(
        disease_id=disease,
        hpo_id=hpo_id,
        excluded=qualifier == "NOT" or frequency.startswith("0/") or (interval is not None and interval.high == 0),
        frequency=frequency,
        onset=onset,
        sex=sex.lower(),
        reference=reference,
    )


def wilson_interval(hits: int, patients: int) -> Interval:
    share = hits / patients
    centre = share + _Z95**2 / (2 * patients)
    spread = _Z95 * sqrt(share * (1 - share) / patients + _Z95**2 / (4 * patients**2))
    scale = 1 + _Z95**2 / patients
    return Interval(round(max(0.0, (centre - spread) / scale), 4), round(min(1.0, (centre + spread) / scale), 4))
