"""The knowledge as if something had never been read: for a fair test on cases whose papers it has read."""

import re
from collections.abc import Callable

from raretriage.knowledge.annotations import Annotation
from raretriage.knowledge.artefact import assemble
from raretriage.knowledge.knowledge import Knowledge

_PAPER = re.compile(r"PMID[:_ ]?(\d+)")
_SUMMARY = re.compile(r"OMIM:\d+(?:\s*;\s*OMIM:\d+)*")


def papers_of(text: str) -> frozenset[str]:
    """The PubMed numbers in a reference or an identifier, such as `PMID:21441262;PMID:28851325`."""
    return frozenset(_PAPER.findall(text))


def rests_on_summary(annotation: Annotation) -> bool:
    """True for a row whose only reference is an entry of OMIM: somebody's summary of papers that are not named."""
    return _SUMMARY.fullmatch(annotation.reference.strip()) is not None


def withhold(knowledge: Knowledge, is_withheld: Callable[[Annotation], bool]) -> Knowledge:
    """The same knowledge without some annotations; diseases that lose all of them stay, with none."""
    return assemble(
        knowledge.release,
        knowledge.sources,
        knowledge.rarity_rule,
        knowledge.ontology,
        knowledge.diseases,
        {d.id: [row for row in knowledge.annotations(d.id) if not is_withheld(row)] for d in knowledge.diseases},
        knowledge.spanish,
    )
