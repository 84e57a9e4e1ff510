"""A GA4GH phenopacket (v2, phenopacket-schema.readthedocs.io) as one encounter.

Taken: sex, age at the last encounter, observed and excluded HPO findings with the age at which they began, and the
solved diagnosis. A phenopacket has no vital signs, no dates and no state; those stay missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from raretriage.domain import RANGES
from raretriage.fhir.durations import age_in_years, find_days
from raretriage.fhir.nodes import at, items_at, text_at
from raretriage.fhir.systems import OMIM, ORPHA, disease_id
from raretriage.fhir.vocabulary import Terms

_SEX = {"FEMALE": "female", "MALE": "male", "OTHER_SEX": "other", "UNKNOWN_SEX": None}
_DISEASE_SYSTEMS = {"OMIM": OMIM, "ORPHA": ORPHA, "MONDO": "http://purl.obolibrary.org/obo/mondo.owl"}


@dataclass(frozen=True, slots=True)
class Issue:
    """A part that could not be used: where, why, and the value as it stood (not yet safe to store)."""

    field: str
    rule: str
    value: str


@dataclass(frozen=True, slots=True)
class Finding:
    hpo_id: str
    status: str
    onset_days: float | None


@dataclass(frozen=True, slots=True)
class DiseaseOnset:
    """When the disease began, as the packet says: at most one of the three."""

    hpo_id: str | None = None
    """A term of HPO's onset branch."""
    age_years: float | None = None
    is_before_birth: bool = False
    """Given as a gestational age."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What a phenopacket says of one patient. The ids are raw."""

    packet_id: str
    patient_id: str
    sex: str | None
    age_years: float | None
    findings: tuple[Finding, ...]
    disease_system: str | None
    disease_code: str | None
    issues: tuple[Issue, ...]
    onset: DiseaseOnset = DiseaseOnset()

    @property
    def diagnosis(self) -> str | None:
        """The solved diagnosis as the knowledge names it, such as `OMIM:154700`; None where it is in no such system."""
        if not (self.disease_system and self.disease_code):
            return None
        return disease_id(self.disease_system, self.disease_code)


def is_packet(document: object) -> bool:
    """True for an object shaped like a phenopacket; FHIR resources name their `resourceType` instead."""
    return (
        isinstance(document, Mapping)
        and "resourceType" not in document
        and "subject" in document
        and ("phenotypicFeatures" in document or "metaData" in document)
    )


def parse_packet(packet: Mapping[str, object], terms: Terms) -> Packet | Issue:
    """One phenopacket, or the issue for which nothing of it can be used (it has no id).

    Individuals are named within their publication (`II-1` occurs in many), so the patient is the publication and
    the individual together; where no publication is named, the packet itself.
    """
    packet_id = text_at(packet, "id")
    if packet_id is None:
        return Issue("id", "missing_id", "")
    subject_id = text_at(packet, "subject", "id")
    paper = next((text_at(item, "id") for item in items_at(packet, "metaData", "externalReferences")), None)
    issues: list[Issue] = []
    age_text = text_at(packet, "subject", "timeAtLastEncounter", "age", "iso8601duration")
    age_days = _days(age_text, "subject.timeAtLastEncounter.age", issues)
    findings = _findings(packet, age_days, terms, issues)
    system, code = _disease(packet)
    return Packet(
        packet_id=packet_id,
        patient_id=f"{paper}/{subject_id}" if paper and subject_id else packet_id,
        sex=_sex(packet, issues),
        age_years=None if age_text is None else age_in_years(age_text),
        findings=findings,
        disease_system=system,
        disease_code=code,
        issues=tuple(issues),
        onset=_disease_onset(packet),
    )


def _sex(packet: Mapping[str, object], issues: list[Issue]) -> str | None:
    stated = text_at(packet, "subject", "sex")
    if stated is None:
        return None
    if stated not in _SEX:
        issues.append(Issue("subject.sex", "unknown_code", stated))
        return None
    return _SEX[stated]


def _days(duration: str | None, field: str, issues: list[Issue]) -> float | None:
    if duration is None:
        return None
    days = find_days(duration)
    if days is None:
        issues.append(Issue(field, "not_a_duration", duration))
    return days


def _disease_onset(packet: Mapping[str, object]) -> DiseaseOnset:
    """Of the first disease with one; a duration that cannot be read is none."""
    for disease in items_at(packet, "diseases"):
        if (term := text_at(disease, "onset", "ontologyClass", "id")) is not None:
            return DiseaseOnset(hpo_id=term)
        if (duration := text_at(disease, "onset", "age", "iso8601duration")) is not None:
            return DiseaseOnset(age_years=age_in_years(duration))
        if at(disease, "onset", "gestationalAge") is not None:
            return DiseaseOnset(is_before_birth=True)
    return DiseaseOnset()


def _findings(
    packet: Mapping[str, object], age_days: float | None, terms: Terms, issues: list[Issue]
) -> tuple[Finding, ...]:
    """The findings by id, sorted. A finding both observed and excluded (over time) was observed."""
    found: dict[str, Finding] = {}
    for number, item in enumerate(items_at(packet, "phenotypicFeatures")):
        field = f"phenotypicFeatures[{number}]"
        stated = text_at(item, "type", "id")
        if stated is None:
            issues.append(Issue(f"{field}.type.id", "missing_id", ""))
            continue
        hpo_id = terms.find(stated)
        if hpo_id is None:
            issues.append(Issue(f"{field}.type.id", "unknown_hpo_id", stated))
            continue
        if not terms.is_finding(hpo_id):
            issues.append(Issue(f"{field}.type.id", "not_a_finding", stated))
            continue
        excluded = at(item, "excluded") is True
        onset = None if excluded else _onset_days(item, age_days, f"{field}.onset", issues)
        finding = Finding(hpo_id, "excluded" if excluded else "observed", onset)
        found[hpo_id] = _stronger(found.get(hpo_id), finding)
    return tuple(found[hpo_id] for hpo_id in sorted(found))


def _onset_days(item: object, age_days: float | None, field: str, issues: list[Issue]) -> float | None:
    began = _days(text_at(item, "onset", "age", "iso8601duration"), f"{field}.age", issues)
    if began is None or age_days is None:
        return None
    ago = age_days - began
    if not RANGES["days"].holds(ago):
        issues.append(
            Issue(f"{field}.age", "onset_after_encounter", text_at(item, "onset", "age", "iso8601duration") or "")
        )
        return None
    return float(round(ago))


def _stronger(known: Finding | None, new: Finding) -> Finding:
    """The one to keep of two statements on a finding: observed before excluded, then the earlier onset."""
    if known is None:
        return new
    return max(known, new, key=lambda finding: (finding.status == "observed", finding.onset_days or -1.0))


def _disease(packet: Mapping[str, object]) -> tuple[str | None, str | None]:
    """The diagnosis: that of a solved interpretation, else the first disease that is not excluded."""
    stated = [
        text_at(item, "diagnosis", "disease", "id")
        for item in items_at(packet, "interpretations")
        if text_at(item, "progressStatus") == "SOLVED"
    ]
    stated += [text_at(item, "term", "id") for item in items_at(packet, "diseases") if at(item, "excluded") is not True]
    for curie in stated:
        prefix, colon, code = (curie or "").partition(":")
        if colon and code and prefix in _DISEASE_SYSTEMS:
            return _DISEASE_SYSTEMS[prefix], code
    return None, None
