"""Which kind of cases does a file hold? By its content, never by its name."""

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from raretriage.knowledge import Knowledge
from raretriage.validity import ddxplus_cases, nhanes_cases
from raretriage.validity.cases import CaseSet, Source
from raretriage.validity.ddxplus_cases import ddxplus_rows, read_ddxplus
from raretriage.validity.errors import UnknownCases
from raretriage.validity.nhanes_cases import nhanes_rows, read_nhanes
from raretriage.validity.packed import content, is_packet_text, packets, text
from raretriage.validity.published_cases import read_published

_HEAD = 1 << 20
"""As much of a file as it takes to recognise it: a phenopacket is a line, and the longest have some 100 kB."""
_TABLES = {Source.NHANES: nhanes_cases.COLUMNS, Source.DDXPLUS: ddxplus_cases.COLUMNS}
KINDS = (
    "phenopackets (JSON, or one a line), NHANES (CSV with ID, Gender, Age, Pulse, BPSysAve, BPDiaAve, HealthGen), "
    "DDXPlus (CSV with AGE, SEX, EVIDENCES, INITIAL_EVIDENCE, English Pathology); plain or .gz"
)


@dataclass(frozen=True, slots=True)
class CaseFiles:
    """Files by what they hold."""

    by_source: dict[Source, tuple[Path, ...]]
    unknown: tuple[Path, ...]
    """Files of a folder that hold no cases: not read, and said."""


def find_cases(places: Sequence[Path]) -> CaseFiles:
    """The files at these places; a folder is searched through.

    Raises:
        UnknownCases: a place is not there, a named file is of no known kind, or a folder has no file of a known kind.
    """
    by_source: dict[Source, list[Path]] = {}
    unknown: list[Path] = []
    for place in places:
        kinds = {path: recognise(path) for path in _files(place)}
        if not any(kinds.values()):
            raise UnknownCases(f"{place} holds no cases that can be read; expected {KINDS}")
        for path, kind in kinds.items():
            if kind is None:
                unknown.append(path)
            elif path not in by_source.setdefault(kind, []):
                by_source[kind].append(path)
    return CaseFiles({source: tuple(paths) for source, paths in by_source.items()}, tuple(unknown))


def read_cases(files: CaseFiles, *, knowledge: Knowledge, judge: Knowledge) -> tuple[CaseSet, ...]:
    """The cases of each source, in the order of `Source`; arguments as for `read_published`."""
    readers: dict[Source, Callable[[Iterable[Path]], CaseSet]] = {
        Source.PUBLISHED: lambda paths: read_published(
            (line for path in paths for line in packets(path)), knowledge=knowledge, judge=judge
        ),
        Source.NHANES: lambda paths: read_nhanes(row for path in paths for row in nhanes_rows(text(path))),
        Source.DDXPLUS: lambda paths: read_ddxplus(ddxplus_rows(map(text, paths)), judge=judge),
    }
    return tuple(read(files.by_source[source]) for source, read in readers.items() if source in files.by_source)


def recognise(path: Path) -> Source | None:
    """What a file holds; None where it is none of what can be read."""
    head = content(path, _HEAD)
    if is_packet_text(head.lstrip().split(b"\n", 1)[0]) or is_packet_text(head):
        return Source.PUBLISHED
    first_line = head.decode("utf-8-sig", "replace").splitlines()[:1]
    columns = set(next(csv.reader(first_line), []))
    return next((source for source, needed in _TABLES.items() if needed <= columns), None)


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if place.is_dir():
        return sorted(path for path in place.rglob("*") if path.is_file())
    raise UnknownCases(f"{place} is neither a file nor a folder: check the path")
