"""Published cases (GA4GH phenopackets): whose disease is rare, and whether the knowledge has read their paper."""

from collections import Counter
from collections.abc import Iterable, Mapping

import orjson
from pydantic import ValidationError

from raretriage.domain import Phenotype, Presentation
from raretriage.fhir import Issue, Packet, is_packet, parse_packet
from raretriage.fhir.nodes import items_at, text_at
from raretriage.knowledge import Knowledge, papers_of
from raretriage.validity.cases import Case, CaseSet, Group, Source

NOT_IN_KNOWLEDGE = "disease not in the knowledge (no annotation)"
NO_VERDICT = "no verdict by the rarity rule"
NOT_RARE = "not rare by the rarity rule"
NO_FINDING = "no observed finding left"
CITED_ELSEWHERE = "unseen cases whose paper is cited under another disease"


class _PublishedReader:
    """Sorts packets into used and unused."""

    def __init__(self, knowledge: Knowledge, judge: Knowledge) -> None:
        self._knowledge = knowledge
        self._judge = judge
        self._readers = _diseases_by_paper(knowledge)
        self._ids: set[str] = set()
        self.notes: Counter[str] = Counter()

    def case(self, line: bytes) -> Case | str:
        """The case, or why it is not used."""
        document = _document(line)
        if isinstance(document, str):
            return document
        packet = parse_packet(document, self._knowledge)
        if isinstance(packet, Issue):
            return "no id"
        if packet.packet_id in self._ids:
            return "the same id again"
        self._ids.add(packet.packet_id)
        named = packet.diagnosis
        if not named:
            return "no solved diagnosis in OMIM or ORPHA"
        if (reason := self._not_usable(named)) is not None:
            return reason
        try:
            presentation = _presentation(packet, _order(document, self._knowledge))
        except ValidationError:
            return "an impossible value"
        if not any(finding.status == "observed" for finding in packet.findings):
            return NO_FINDING
        self._note(document, packet)
        papers = packet_papers(document)
        group = Group.SEEN if self._has_read(named, papers) else Group.UNSEEN
        if group is Group.UNSEEN and any(self._readers.get(paper) for paper in papers):
            self.notes[CITED_ELSEWHERE] += 1
        return Case(cluster=named, group=group, presentation=presentation)

    def _twins(self, disease: str) -> frozenset[str]:
        """The disease under every vocabulary, as either knowledge groups it."""
        return frozenset(
            {
                disease,
                *self._knowledge.members(self._knowledge.group(disease)),
                *self._judge.members(self._judge.group(disease)),
            }
        )

    def _not_usable(self, disease: str) -> str | None:
        if not any(True for twin in self._twins(disease) for _ in self._knowledge.annotations(twin)):
            return NOT_IN_KNOWLEDGE
        match self._judge.is_rare(disease):
            case None:
                return NO_VERDICT
            case False:
                return NOT_RARE
            case True:
                return None

    def _has_read(self, disease: str, papers: frozenset[str]) -> bool:
        return any(self._readers.get(paper, frozenset()) & self._twins(disease) for paper in papers)

    def _note(self, document: Mapping[str, object], packet: Packet) -> None:
        for item in items_at(document, "phenotypicFeatures"):
            stated = text_at(item, "type", "id")
            self.notes["findings stated"] += 1
            if stated is not None and self._knowledge.find(stated) not in (None, stated):
                self.notes["findings followed from an old id"] += 1
        for issue in packet.issues:
            self.notes[f"dropped: {issue.rule}"] += 1


def read_published(lines: Iterable[bytes], *, knowledge: Knowledge, judge: Knowledge) -> CaseSet:
    """Cases with a rare disease and at least one observed finding.

    Args:
        lines: one phenopacket each.
        knowledge: of the model; resolves findings, and says which papers were read.
        judge: decides what is rare. The same, or one with Orphanet's tables where the model was made without.
    """
    reader = _PublishedReader(knowledge, judge)
    cases: list[Case] = []
    unused: Counter[str] = Counter()
    for line in lines:
        made = reader.case(line)
        if isinstance(made, Case):
            cases.append(made)
        else:
            unused[made] += 1
    return CaseSet(
        source=Source.PUBLISHED,
        cases=tuple(cases),
        read=len(cases) + unused.total(),
        unused=dict(unused),
        notes=dict(reader.notes),
    )


def _document(line: bytes) -> Mapping[str, object] | str:
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        return "not JSON"
    return document if is_packet(document) else "no phenopacket"


def _diseases_by_paper(knowledge: Knowledge) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for disease in knowledge.diseases:
        for annotation in knowledge.annotations(disease.id):
            for paper in papers_of(annotation.reference):
                found.setdefault(paper, set()).add(disease.id)
    return {paper: frozenset(diseases) for paper, diseases in found.items()}


def packet_papers(document: Mapping[str, object]) -> frozenset[str]:
    """The numbers of all papers that the packet names, in its id or its references."""
    named = [text_at(document, "id"), *(text_at(x, "id") for x in items_at(document, "metaData", "externalReferences"))]
    return frozenset(paper for text in named for paper in papers_of(text or ""))


def _order(document: Mapping[str, object], knowledge: Knowledge) -> dict[str, int]:
    """Current id to its first place in the packet: `parse_packet` sorts by id, and a story has an order of its own."""
    order: dict[str, int] = {}
    for place, item in enumerate(items_at(document, "phenotypicFeatures")):
        if (found := knowledge.find(text_at(item, "type", "id") or "")) is not None:
            order.setdefault(found, place)
    return order


def _presentation(packet: Packet, order: Mapping[str, int]) -> Presentation:
    """As ingest makes an encounter of a packet: days since the earliest dated finding, and no other basics."""
    onsets = [finding.onset_days for finding in packet.findings if finding.onset_days is not None]
    told = sorted(packet.findings, key=lambda finding: order[finding.hpo_id])
    return Presentation.model_validate(
        {
            "age_years": packet.age_years,
            "sex": packet.sex,
            "days": max(onsets, default=None),
            "phenotypes": [Phenotype.model_validate({"hpo_id": f.hpo_id, "status": f.status}) for f in told],
        }
    )
