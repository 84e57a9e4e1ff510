"""What does one catalogue say of one disease? Its findings with how often they occur."""

from collections.abc import Mapping
from dataclasses import dataclass

from raretriage.knowledge import Annotation, Knowledge

UNSTATED_FREQUENCY = 0.5
"""Of a finding without a stated frequency. It was thought worth writing down, so it is neither rare nor certain."""


@dataclass(frozen=True, slots=True)
class View:
    """One annotated entry of OMIM, Orphanet or DECIPHER."""

    disease_id: str
    name: str
    findings: Mapping[str, float]
    """HPO id -> share of patients who have it, in (0, 1]."""

    @property
    def is_orphanet(self) -> bool:
        return self.disease_id.startswith("ORPHA:")


def stated_frequency(annotation: Annotation) -> float | None:
    """The share of patients as one number: the middle of the annotated interval (for n/m, of Wilson's); else None."""
    interval = annotation.interval
    return None if interval is None else (interval.low + interval.high) / 2


def frequency(annotation: Annotation) -> float:
    """As `stated_frequency`, with `UNSTATED_FREQUENCY` where nobody said."""
    stated = stated_frequency(annotation)
    return UNSTATED_FREQUENCY if stated is None else stated


def views_of(knowledge: Knowledge) -> tuple[View, ...]:
    """Every entry with at least one observed finding, in the knowledge's order.

    Of several rows on one finding the highest frequency counts; rows that exclude it, and modes of inheritance or
    onsets, are no findings.
    """
    views = []
    for disease in knowledge.diseases:
        findings: dict[str, float] = {}
        for row in knowledge.annotations(disease.id):
            if not row.excluded and knowledge.is_finding(row.hpo_id):
                findings[row.hpo_id] = max(findings.get(row.hpo_id, 0.0), frequency(row))
        if findings:
            views.append(View(disease.id, disease.name, findings))
    return tuple(views)
