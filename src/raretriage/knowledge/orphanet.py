"""What do Orphanet's tables say? Disorders with their type and onset, prevalence, the OMIM entries, and is-a.

Format "Orphanet tables": tab-separated UTF-8, gzip or not, a header line with the names in `COLUMNS`, several values
in one field joined by `|`. They are read where they lie, by path or URL; nothing of them is part of this program.

Orphanet's products (Orphadata) are published under CC BY 4.0.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from html import unescape

from raretriage.knowledge.errors import MalformedSource, SourceNotFound
from raretriage.knowledge.prevalence import Class, Figure, Kind
from raretriage.knowledge.sources import NOT_STATED, Source

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "disorders.tsv": ("orpha", "label", "type", "onset", "inheritance", "synonyms", "definition"),
    "prevalence.tsv": ("orpha", "type", "qualification", "class", "mean_per_100000", "geography", "source"),
    "omim.tsv": ("orpha", "omim", "relation"),
    "parents.tsv": ("orpha", "parent"),
}

LICENCE = "CC BY 4.0; Orphadata: free access data from Orphanet, (c) INSERM"

# People in 100,000.
CLASSES: Mapping[str, Class] = {
    "<1 / 1 000 000": (0.0, 0.1),
    "1-9 / 1 000 000": (0.1, 0.9),
    "1-9 / 100 000": (1.0, 9.0),
    "1-5 / 10 000": (10.0, 50.0),
    "6-9 / 10 000": (60.0, 90.0),
    ">1 / 1000": (100.0, 100_000.0),
}
_WITHOUT_A_FIGURE = frozenset({"Unknown", "Not yet documented", "no data"})
_KINDS: Mapping[str, Kind | None] = {
    "Point prevalence": Kind.POINT,
    "Prevalence at birth": Kind.BIRTH,
    # other quantities, never a stand-in for a prevalence
    "Lifetime Prevalence": None,
    "Annual incidence": None,
    "Cases/families": None,
    "no data": None,
}
_RELATIONS = frozenset({"E", "NTBT", "BTNT", "ND"})
_NO_DATA = "No data available"
_MARKUP = re.compile(r"(?i)</?(?:i|b|em|sub|sup|p|br)\s*/?>")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_MAX_BYTES = 64 * 1024 * 1024  # the whole set has 6 MB; a hostile file must not fill the memory


class EntityType(StrEnum):
    """Orphanet's types of entity: groups of disorders, disorders, and subtypes of a disorder."""

    CATEGORY = "Category"
    CLINICAL_GROUP = "Clinical group"
    DISEASE = "Disease"
    MALFORMATION_SYNDROME = "Malformation syndrome"
    MORPHOLOGICAL_ANOMALY = "Morphological anomaly"
    BIOLOGICAL_ANOMALY = "Biological anomaly"
    CLINICAL_SYNDROME = "Clinical syndrome"
    CLINICAL_SITUATION = "Particular clinical situation in a disease or syndrome"
    CLINICAL_SUBTYPE = "Clinical subtype"
    ETIOLOGICAL_SUBTYPE = "Etiological subtype"
    HISTOPATHOLOGICAL_SUBTYPE = "Histopathological subtype"

    @property
    def is_subtype(self) -> bool:
        return self.value.endswith("subtype")

    @property
    def is_disorder(self) -> bool:
        """True for what one patient has and another has not, at the level at which Orphanet counts diseases."""
        return not self.is_subtype and self not in {EntityType.CATEGORY, EntityType.CLINICAL_GROUP}


@dataclass(frozen=True, slots=True)
class Entity:
    id: str
    """`ORPHA:558`."""
    name: str
    type: EntityType
    onset: tuple[str, ...]
    """Ages at onset in Orphanet's words; empty when unknown."""
    definition: str = ""
    """A sentence or more, in English; '' where there is none."""


@dataclass(frozen=True, slots=True)
class Orphanet:
    """The tables as read. Ids are `ORPHA:558` and `OMIM:154700`."""

    entities: Mapping[str, Entity]
    figures: Mapping[str, tuple[Figure, ...]]
    """Rows of point prevalence and prevalence at birth."""
    exact: Mapping[str, tuple[str, ...]]
    """OMIM entry -> the entities that mean exactly the same (relation E)."""
    children: Mapping[str, tuple[str, ...]]
    sources: tuple[Source, ...]

    def members(self, group: str) -> frozenset[str]:
        """The disorders of a clinical group, those of the groups inside it included."""
        return frozenset(x for x in self._below(group) if self.entities[x].type.is_disorder)

    def subtypes(self, disorder: str) -> frozenset[str]:
        """The subtypes of a disorder, those of its subtypes included."""
        return frozenset(x for x in self._below(disorder) if self.entities[x].type.is_subtype)

    def _below(self, entity: str) -> set[str]:
        found, waiting = set[str](), [entity]
        while waiting:
            fresh = set(self.children.get(waiting.pop(), ())) - found - {entity}
            found |= fresh
            waiting += fresh
        return found


def read_orphanet(read: Callable[[str], bytes | None], *, release: str = "") -> Orphanet:
    """Read and parse the tables.

    Args:
        read: gives the bytes of a file by its name (`disorders.tsv.gz`), None where there is none.
        release: Orphanet's, such as `2025-12`: the tables do not say it, so '' is "not stated in the file".

    Raises:
        SourceNotFound: a table is missing, both with and without `.gz`.
        MalformedSource: see `parse_orphanet`.
    """
    files = {}
    for name in COLUMNS:
        content = read(f"{name}.gz")
        content = read(name) if content is None else content
        if content is None:
            raise SourceNotFound(f"{name}.gz (or {name}) is missing; needed are {', '.join(COLUMNS)}")
        files[name] = content
    return parse_orphanet(files, release=release)


def parse_orphanet(files: Mapping[str, bytes], *, release: str = "") -> Orphanet:
    """The tables from their bytes, gzip or plain.

    Args:
        files: every name of `COLUMNS` -> the file.
        release: as for `read_orphanet`.

    Raises:
        MalformedSource: not UTF-8, damaged gzip, other columns, or a row that cannot be read; file and line named.
    """
    entities: dict[str, Entity] = {}
    for at, row in _rows("disorders.tsv", files):
        entity = _entity(at, row)
        if entity.id in entities:
            raise MalformedSource(f"{at}: {entity.id} is there twice")
        entities[entity.id] = entity
    figures: dict[str, list[Figure]] = {}
    for at, row in _rows("prevalence.tsv", files):
        owner, figure = _known(at, row[0], entities), _figure(at, row)
        if figure is not None:
            figures.setdefault(owner, []).append(figure)
    exact: dict[str, list[str]] = {}
    for at, row in _rows("omim.tsv", files):
        owner, omim = _known(at, row[0], entities), f"OMIM:{_number(at, 'omim', row[1])}"
        if _one_of(at, "relation", row[2], _RELATIONS) == "E":
            exact.setdefault(omim, []).append(owner)
    children: dict[str, list[str]] = {}
    for at, row in _rows("parents.tsv", files):
        # a parent may be a chapter of the classification that has no row of its own
        parent = f"ORPHA:{_number(at, 'parent', row[1])}"
        children.setdefault(parent, []).append(_known(at, row[0], entities))
    return Orphanet(
        entities=entities,
        figures={x: tuple(rows) for x, rows in figures.items()},
        exact={x: tuple(owners) for x, owners in exact.items()},
        children={x: tuple(below) for x, below in children.items()},
        sources=tuple(
            Source(f"Orphanet ({name})", release or NOT_STATED, LICENCE, hashlib.sha256(files[name]).hexdigest())
            for name in COLUMNS
        ),
    )


def _rows(name: str, files: Mapping[str, bytes]) -> Iterator[tuple[str, list[str]]]:
    """(file and line, fields) of every row; the header is checked."""
    try:
        lines = _unpacked(name, files[name]).decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedSource(f"{name}: byte {error.start} is not UTF-8") from error
    columns = COLUMNS[name]
    if tuple(lines[0].rstrip("\r").split("\t")) != columns:
        raise MalformedSource(f"{name}, line 1: expected the columns {', '.join(columns)}, tab-separated")
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        fields = line.rstrip("\r").split("\t")
        if len(fields) != len(columns):
            raise MalformedSource(f"{name}, line {number}: {len(fields)} fields, expected {len(columns)}")
        yield f"{name}, line {number}", fields


def _unpacked(name: str, content: bytes) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    stream = zlib.decompressobj(wbits=31)
    try:
        text = stream.decompress(content, _MAX_BYTES)
    except zlib.error as error:
        raise MalformedSource(f"{name}: damaged gzip ({error}); fetch it again") from error
    if not stream.eof:
        raise MalformedSource(f"{name}: the gzip file is truncated or too large; fetch it again")
    return text


def _entity(at: str, row: list[str]) -> Entity:
    number, label, kind, onset, _inheritance, _synonyms, definition = row
    if not label.strip():
        raise MalformedSource(f"{at}: no label")
    return Entity(
        id=f"ORPHA:{_number(at, 'orpha', number)}",
        name=label.strip(),
        type=EntityType(_one_of(at, "type", kind, frozenset(EntityType))),
        onset=tuple(word for word in onset.split("|") if word not in {"", _NO_DATA}),
        definition=_plain(definition),
    )


def _plain(text: str) -> str:
    """Without markup, entities, doubled blanks, and what stands for nothing.

    >>> _plain("Due to  <i>FBN1</i> &amp; others")
    'Due to FBN1 & others'
    """
    plain = " ".join(unescape(_MARKUP.sub("", text)).split())
    return "" if plain == _NO_DATA else plain


def _figure(at: str, row: list[str]) -> Figure | None:
    """The row's figure; None for a row that counts something else or gives no class."""
    _orpha, kind_text, qualification, class_text, mean_text, geography, _source = row
    kind = _KINDS[_one_of(at, "type", kind_text, frozenset(_KINDS))]
    named = _one_of(at, "class", class_text, CLASSES.keys() | _WITHOUT_A_FIGURE)
    if mean_text not in {"", "no data"} and _DECIMAL.fullmatch(mean_text) is None:
        raise MalformedSource(f"{at}: mean_per_100000 is {mean_text[:40]!r}, expected a number or 'no data'")
    if kind is None or named in _WITHOUT_A_FIGURE:
        return None
    return Figure(
        kind=kind,
        geography=geography,
        between=CLASSES[named],
        mean=_mean(named, mean_text),
        is_measured=qualification == "Value and class",
    )


def _mean(named: str, text: str) -> float | None:
    """The mean where it is one: 0.0 is written where none was given, and one outside its class contradicts the row."""
    mean = float(text) if _DECIMAL.fullmatch(text) else 0.0
    lows = [low for low, _high in CLASSES.values()]
    low = CLASSES[named][0]
    next_low = next((x for x in lows if x > low), CLASSES[named][1])
    return mean if mean > 0 and low <= mean < next_low else None


def _known(at: str, number: str, entities: Mapping[str, Entity]) -> str:
    entity = f"ORPHA:{_number(at, 'orpha', number)}"
    if entity not in entities:
        raise MalformedSource(f"{at}: {entity} is not in disorders.tsv; use tables of one release")
    return entity


def _number(at: str, field: str, text: str) -> str:
    if _NUMBER.fullmatch(text) is None:
        raise MalformedSource(f"{at}: {field} is {text[:40]!r}, expected a number such as 558")
    return text


def _one_of(at: str, field: str, text: str, allowed: frozenset[str] | set[str]) -> str:
    if text not in allowed:
        raise MalformedSource(f"{at}: {field} is {text[:40]!r}, expected one of {', '.join(sorted(allowed))}")
    return text
