"""Cases with a known disease, as the ranking is tried on: phenopackets, or a plain list of findings and diseases."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from raretriage.benchmark.errors import UnreadableCases
from raretriage.differential import Onset, Patient
from raretriage.differential.periods import OF_HPO
from raretriage.domain import Sex
from raretriage.fhir import DiseaseOnset, Issue, is_packet, parse_packet
from raretriage.knowledge import Knowledge
from raretriage.validity.packed import content, packets
from raretriage.validity.published_cases import packet_papers

_JSON = re.compile(r"\.(nd)?json(\.gz)?$")


@dataclass(frozen=True, slots=True)
class RankedCase:
    """One patient whose disease is known."""

    id: str
    diseases: tuple[str, ...]
    """Entries that count as right, such as `OMIM:154700`."""
    patient: Patient
    papers: frozenset[str]
    """PubMed numbers of the papers that describe the patient."""

    @property
    def cluster(self) -> str:
        """Cases of one disease are alike, so the bootstrap draws them together."""
        return min(self.diseases)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """What a file holds: read = cases + unused."""

    cases: tuple[RankedCase, ...]
    has_papers: bool
    """Phenopackets name their papers, so what the knowledge has read can be told; a plain list does not."""
    read: int
    unused: Mapping[str, int]


def read_ranked_cases(places: Sequence[Path], knowledge: Knowledge) -> CaseFile:
    """The cases of files and folders, in the order of their names; a repeated id counts once.

    Args:
        places: phenopackets (JSON, or one a line) or lists `[[[HPO ids], [disease ids]], ...]`, plain or gzip.

    Raises:
        UnreadableCases: a place is not there, is neither of the two, or mixes both.
    """
    files = [path for place in places for path in _files(place)]
    is_list = {path: _is_list(path) for path in files}
    if len(set(is_list.values())) > 1:
        raise UnreadableCases("phenopackets and plain lists cannot be pooled: give them one after the other")
    unused: Counter[str] = Counter()
    cases: dict[str, RankedCase] = {}
    read = 0
    for path in files:
        found = _of_list(path, knowledge) if is_list[path] else _of_packets(path, knowledge)
        for case in found:
            read += 1
            if isinstance(case, str):
                unused[case] += 1
            elif case.id in cases:
                unused["the same id again"] += 1
            else:
                cases[case.id] = case
    if not read:
        raise UnreadableCases(f"no case in {', '.join(map(str, places))}")
    return CaseFile(tuple(cases.values()), has_papers=not any(is_list.values()), read=read, unused=dict(unused))


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    if place.is_dir():
        return sorted(path for path in place.rglob("*") if path.is_file() and _JSON.search(path.name))
    raise UnreadableCases(f"{place} is neither a file nor a folder: check the path")


def _is_list(path: Path) -> bool:
    return content(path, 4096).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


def _of_packets(path: Path, knowledge: Knowledge) -> Iterable[RankedCase | str]:
    for line in packets(path):
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError:
            yield "not JSON"
            continue
        yield _packet(document, knowledge) if is_packet(document) else "no phenopacket"


def _packet(document: Mapping[str, object], knowledge: Knowledge) -> RankedCase | str:
    packet = parse_packet(document, knowledge)
    if isinstance(packet, Issue):
        return "no id"
    named = packet.diagnosis
    if not named:
        return "no solved diagnosis in OMIM or ORPHA"
    observed = tuple(f.hpo_id for f in packet.findings if f.status == "observed")
    if not observed:
        return "no observed finding"
    return RankedCase(
        id=packet.packet_id,
        diseases=(named,),
        patient=Patient(
            observed=observed,
            excluded=tuple(f.hpo_id for f in packet.findings if f.status == "excluded"),
            age_years=packet.age_years,
            onset=_onset(packet.onset),
            sex=None if packet.sex is None else Sex(packet.sex),
        ),
        papers=packet_papers(document),
    )


def _onset(stated: DiseaseOnset) -> Onset | None:
    """The period of an onset; a term that spans several is its earliest."""
    if stated.is_before_birth:
        return Onset.ANTENATAL
    if stated.hpo_id is not None:
        return next(iter(OF_HPO.get(stated.hpo_id, ())), None)
    return None if stated.age_years is None else Onset.at(stated.age_years)


def _of_list(path: Path, knowledge: Knowledge) -> Iterable[RankedCase | str]:
    try:
        rows = orjson.loads(content(path).removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise UnreadableCases(f"{path} is not JSON: {error}") from error
    for number, row in enumerate(rows, start=1):
        if not (isinstance(row, list) and len(row) == 2 and all(_are_texts(part) for part in row)):
            raise UnreadableCases(f"{path}, case {number}: expected [[HPO ids], [disease ids]]")
        findings, diseases = row
        current = dict.fromkeys(c for f in findings if (c := knowledge.find(f)) is not None and knowledge.is_finding(c))
        if not current:
            yield "no observed finding"
        elif not diseases:
            yield "no disease"
        else:
            yield RankedCase(f"{path.name}:{number}", tuple(diseases), Patient(tuple(current)), frozenset())


def _are_texts(part: object) -> bool:
    return isinstance(part, list) and all(isinstance(x, str) for x in part)
