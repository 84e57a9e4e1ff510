"""Which findings would make an assessment of rare possible? Those that told most about it in training."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from raretriage.bucket import EVERYBODY, Manifest
from raretriage.domain import Certificate, Decision, FindingStatus, InputTier, Presentation, RareFlag
from raretriage.features import age_bands
from raretriage.knowledge import Knowledge
from raretriage.serving.labels import finding_label
from raretriage.serving.texts import Texts

MOST_ASKED = 5
"""More than a clinician asks for at once are not asked for."""


class Asking(Protocol):
    """What of a loaded model is needed here."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def knowledge(self) -> Knowledge: ...


def findings_would_help(decision: Decision, manifest: Manifest) -> bool:
    """Whether rare was not assessed for want of findings alone, and with them there is a promise to give."""
    return (
        decision.rare is RareFlag.NOT_ASSESSED
        and not decision.outside
        and isinstance(manifest.certificates.get(InputTier.FINDINGS), Certificate)
    )


def helpful_findings(decision: Decision, presentation: Presentation, scorer: Asking) -> tuple[str, ...]:
    """HPO ids to ask for, the most telling first; none where findings would not help.

    Those of the patient's age band; everybody's where the age is unknown or the band has no list. What is settled by
    what was told is passed over.
    """
    manifest = scorer.manifest
    if not findings_would_help(decision, manifest):
        return ()
    age = np.nan if presentation.age_years is None else presentation.age_years
    [band] = age_bands(np.array([age]))
    lists = manifest.helpful_findings
    ranked = lists.get(band) or lists.get(EVERYBODY, ())
    return tuple(_open_ones((one.hpo_id for one in ranked), presentation, scorer.knowledge))[:MOST_ASKED]


def _open_ones(findings: Iterable[str], presentation: Presentation, knowledge: Knowledge) -> Iterable[str]:
    """Those that no observed finding implies and no excluded one rules out."""
    told = presentation.phenotypes
    observed = [one.hpo_id for one in told if one.status is FindingStatus.OBSERVED]
    excluded = {one.hpo_id for one in told if one.status is FindingStatus.EXCLUDED}
    implied = frozenset[str]().union(*map(knowledge.ancestors, observed))
    return (one for one in findings if one not in implied and excluded.isdisjoint(knowledge.ancestors(one)))


@dataclass(frozen=True, slots=True)
class AskedFinding:
    """A finding that the page asks for."""

    label: str
    value: str
    """What a row of the form would hold."""


def asked_findings(hpo_ids: Iterable[str], knowledge: Knowledge, t: Texts) -> tuple[AskedFinding, ...]:
    """The findings by their names; one that a knowledge loaded meanwhile does not have is left out."""
    labels = {hpo_id: t.of(finding_label(hpo_id, knowledge)) for hpo_id in hpo_ids if knowledge.find(hpo_id)}
    return tuple(AskedFinding(label, f"{label} ({hpo_id})") for hpo_id, label in labels.items())
