"""How would a hospital export them? FHIR R4 resources of one chunk, identifiers and all.

https://hl7.org/fhir/R4/ (Patient, Encounter, Condition, Observation, Organization, Practitioner).
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from raretriage.cohort.catalogue import STATES, Catalogue
from raretriage.cohort.people import Identities, Person, draw_id
from raretriage.cohort.profiles import ICD_10, Code
from raretriage.cohort.sampler import Chunk
from raretriage.cohort.spec import CohortSpec

Resource = dict[str, object]

BOGOTA = timezone(timedelta(hours=-5))
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
HPO = "http://human-phenotype-ontology.org"
UCUM = "http://unitsofmeasure.org"
TRIAGE = "urn:raretriage:triage"
TRIAGE_STATE = "urn:raretriage:state"
_CONDITION_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
_OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_XHTML = "http://www.w3.org/1999/xhtml"

# LOINC, display, unit, UCUM code
_SINGLE_VITALS = {
    "temperature_c": ("8310-5", "Body temperature", "°C", "Cel"),
    "heart_rate": ("8867-4", "Heart rate", "/min", "/min"),
    "respiratory_rate": ("9279-1", "Respiratory rate", "/min", "/min"),
    "pain": ("72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported", "{score}", "{score}"),
}
_SPO2_CODES = (("2708-6", "Oxygen saturation in Arterial blood"), ("59408-5", "Oxygen saturation by Pulse oximetry"))
_SPO2_ARTERIAL_SHARE = 0.3
_PRESENT: Resource = {"coding": [{"system": SNOMED, "code": "52101004", "display": "Present"}]}
_ABSENT: Resource = {"coding": [{"system": SNOMED, "code": "2667000", "display": "Absent"}]}
_VITAL_SIGNS: list[Resource] = [{"coding": [{"system": _OBSERVATION_CATEGORY, "code": "vital-signs"}]}]
_EXAM: list[Resource] = [{"coding": [{"system": _OBSERVATION_CATEGORY, "code": "exam"}]}]
_SURVEY: list[Resource] = [{"coding": [{"system": _OBSERVATION_CATEGORY, "code": "survey"}]}]
_CHECK_UP = Code(ICD_10, "Z00.0")
_NOTE_SHARE = 0.05


class _Visit(NamedTuple):
    """What the parts of one visit share."""

    row: int
    id: str
    person: Person
    start: datetime

    @property
    def subject(self) -> Resource:
        return {"reference": f"Patient/{self.person.id}", "display": self.person.full_name}

    @property
    def reference(self) -> Resource:
        return {"reference": f"Encounter/{self.id}"}


def organizations(spec: CohortSpec) -> list[Resource]:
    """The sites, as a resource type that the pipeline does not use (it must be counted, not tripped over)."""
    return [
        {
            "resourceType": "Organization",
            "id": f"site-{i + 1}",
            "name": name,
            "telecom": [{"system": "phone", "value": "+57 601 555 0100"}],
        }
        for i, name in enumerate(spec.sites)
    ]


class Exporter:
    """Turns chunks into resources. Free of state but for its tables."""

    def __init__(self, spec: CohortSpec, catalogue: Catalogue) -> None:
        self._spec = spec
        self._catalogue = catalogue
        self._identities = Identities()

    def resources(self, chunk: Chunk) -> Iterator[Resource]:
        """Every resource of the chunk, patient by patient."""
        patients, visits, rng = chunk.patients, chunk.visits, chunk.rng
        edges = np.searchsorted(visits.patient, np.arange(len(patients.disease) + 1)).tolist()
        regions, males = patients.region.tolist(), patients.is_male.tolist()
        for row, (start, end) in enumerate(pairwise(edges)):
            person = self._identities.person(rng, is_male=bool(males[row]), region=self._spec.regions[regions[row]])
            first = self._moment(chunk, start)
            birth = first.date() - timedelta(days=int(patients.age_years[row] * 365.25))
            yield _patient(person, is_male=bool(males[row]), birth=birth)
            yield from self._problems(chunk, row, person, birth, first.date())
            for i in range(start, end):
                yield from self._visit(chunk, _Visit(i, draw_id(rng), person, self._moment(chunk, i)))

    def _moment(self, chunk: Chunk, row: int) -> datetime:
        day = self._spec.first_day + timedelta(days=int(chunk.visits.day[row]))
        minutes = int(chunk.visits.minute[row])
        return datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=BOGOTA)

    def _problems(self, chunk: Chunk, row: int, person: Person, birth: date, first: date) -> Iterator[Resource]:
        """Chronic diseases that were there before: the problem list, from which comorbidity is counted."""
        for n, disease in enumerate(chunk.patients.comorbid[row].tolist()):
            if disease >= 0:
                profile = self._catalogue.profiles[disease]
                since = max(birth, first - timedelta(days=30 + int(chunk.rng.random() * 3000)))
                yield {
                    "resourceType": "Condition",
                    "id": f"{person.id}-p{n}",
                    "clinicalStatus": _coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
                    "verificationStatus": _coded(
                        "http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"
                    ),
                    "category": [_coded(_CONDITION_CATEGORY, "problem-list-item")],
                    "code": _diagnosis(profile.codes, profile.name),
                    "subject": {"reference": f"Patient/{person.id}"},
                    "onsetDateTime": since.isoformat(),
                    "recordedDate": since.isoformat(),
                }

    def _visit(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        yield self._encounter(chunk, visit)
        yield from self._vitals(chunk, visit)
        yield from self._onset(chunk, visit)
        yield from self._pregnancy(chunk, visit)
        yield from self._findings(chunk, visit)
        if chunk.visits.is_labelled[visit.row]:
            yield from self._labels(chunk, visit)

    def _encounter(self, chunk: Chunk, visit: _Visit) -> Resource:
        visits, rng = chunk.visits, chunk.rng
        emergency = bool(visits.is_emergency[visit.row])
        site = int(visits.site[visit.row])
        finding = int(visits.recorded.observed[visit.row, 0])
        label = self._catalogue.terms.labels[finding] if finding >= 0 else ""
        complaint = self._identities.complaint(rng, visit.person, label, visit.start.date() - timedelta(days=2))
        clinician = self._identities.clinician(rng)
        return {
            "resourceType": "Encounter",
            "id": visit.id,
            "text": _narrative(f"{visit.person.full_name}, {visit.start:%d/%m/%Y}: {complaint}"),
            "status": "finished",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "EMER" if emergency else "AMB",
            },
            "subject": visit.subject,
            "participant": [{"individual": {"display": clinician}}],
            "period": {
                "start": visit.start.isoformat(),
                "end": (visit.start + timedelta(minutes=240 if emergency else 30)).isoformat(),
            },
            "reasonCode": [{"text": complaint}],
            "serviceProvider": {"reference": f"Organization/site-{site + 1}", "display": self._spec.sites[site]},
        }

    def _vitals(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        measured, row = chunk.visits.measured, visit.row
        at = (visit.start + timedelta(minutes=6)).isoformat()
        for channel, (code, display, unit, ucum) in _SINGLE_VITALS.items():
            value = float(getattr(measured, channel)[row])
            if not np.isnan(value):
                extra: Resource = {"valueQuantity": _quantity(value, unit, ucum)}
                yield _observation(visit, code, _VITAL_SIGNS, _loinc(code, display), at, extra)
        systolic, diastolic = float(measured.systolic_bp[row]), float(measured.diastolic_bp[row])
        if not np.isnan(systolic):
            component = [
                {
                    "code": _loinc("8480-6", "Systolic blood pressure"),
                    "valueQuantity": _quantity(systolic, "mmHg", "mm[Hg]"),
                },
                {
                    "code": _loinc("8462-4", "Diastolic blood pressure"),
                    "valueQuantity": _quantity(diastolic, "mmHg", "mm[Hg]"),
                },
            ]
            yield _observation(
                visit, "bp", _VITAL_SIGNS, _loinc("85354-9", "Blood pressure panel"), at, {"component": component}
            )
        spo2 = float(measured.spo2[row])
        if not np.isnan(spo2):
            code, display = _SPO2_CODES[int(chunk.rng.random() >= _SPO2_ARTERIAL_SHARE)]
            extra = {"valueQuantity": _quantity(spo2, "%", "%")}
            yield _observation(visit, "spo2", _VITAL_SIGNS, _loinc(code, display), at, extra)

    def _onset(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        days = float(chunk.visits.days[visit.row])
        if not np.isnan(days):
            value = (visit.start.date() - timedelta(days=int(days))).isoformat()
            code = _loinc("11368-8", "Illness or injury onset date and time")
            yield _observation(visit, "onset", _SURVEY, code, visit.start.isoformat(), {"valueDateTime": value})

    def _pregnancy(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        pregnant = int(chunk.visits.pregnant[visit.row])
        if pregnant >= 0:
            code, display = ("77386006", "Pregnant") if pregnant else ("60001007", "Not pregnant")
            value = {"coding": [{"system": SNOMED, "code": code, "display": display}]}
            yield _observation(
                visit,
                "pregnancy",
                _SURVEY,
                _loinc("82810-3", "Pregnancy status"),
                visit.start.isoformat(),
                {"valueCodeableConcept": value},
            )

    def _findings(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        visits, row = chunk.visits, visit.row
        onsets = visits.finding_onset[row].tolist()
        for n, term in enumerate(visits.recorded.observed[row].tolist()):
            if term >= 0:
                yield self._finding(chunk, visit, f"f{n}", term, _PRESENT, onsets[n])
        for n, term in enumerate(visits.recorded.excluded[row].tolist()):
            if term >= 0:
                yield self._finding(chunk, visit, f"x{n}", term, _ABSENT, float("nan"))

    def _finding(
        self, chunk: Chunk, visit: _Visit, part: str, term: int, value: Resource, onset_days: float
    ) -> Resource:
        terms, rng = self._catalogue.terms, chunk.rng
        is_snomed = terms.snomed[term] and rng.random() < self._catalogue.nuisance.findings.snomed
        system, code = (SNOMED, terms.snomed[term]) if is_snomed else (HPO, terms.ids[term])
        extra: Resource = {"valueCodeableConcept": value}
        if rng.random() < _NOTE_SHARE:
            extra["note"] = [{"text": self._identities.note(rng, visit.person, visit.start.date())}]
        at: str | Resource = (visit.start + timedelta(minutes=12)).isoformat()
        if not np.isnan(onset_days):
            at = {"start": (visit.start.date() - timedelta(days=int(onset_days))).isoformat()}
        coded: Resource = {"coding": [{"system": system, "code": code, "display": terms.labels[term]}]}
        return _observation(visit, part, _EXAM, coded, at, extra)

    def _labels(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        visits, row = chunk.visits, visit.row
        disease = int(visits.disease[row])
        decided = visit.start + timedelta(days=int(visits.label_delay[row]))
        profile = self._catalogue.profiles[disease] if disease >= 0 else None
        codes, name = (profile.codes, profile.name) if profile else ((_CHECK_UP,), "General medical examination")
        yield {
            "resourceType": "Condition",
            "id": f"{visit.id}-dx",
            "text": _narrative(f"{visit.person.full_name} ({visit.person.national_id}): {name}"),
            "clinicalStatus": _coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
            "verificationStatus": _coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
            "category": [_coded(_CONDITION_CATEGORY, "encounter-diagnosis")],
            "code": _diagnosis(codes, name),
            "subject": visit.subject,
            "encounter": visit.reference,
            "recordedDate": decided.date().isoformat(),
            "recorder": {"display": self._identities.clinician(chunk.rng)},
        }
        state = {"coding": [{"system": TRIAGE_STATE, "code": STATES[int(visits.state[row])].value}]}
        for code, value in (
            ("state", {"valueCodeableConcept": state}),
            ("rare", {"valueBoolean": bool(visits.rare[row])}),
        ):
            adjudicated: Resource = {**value, "issued": decided.isoformat()}
            yield _observation(visit, code, _SURVEY, _coded(TRIAGE, code), visit.start.isoformat(), adjudicated)


def _patient(person: Person, *, is_male: bool, birth: date) -> Resource:
    return {
        "resourceType": "Patient",
        "id": person.id,
        "text": _narrative(f"{person.full_name}, CC {person.national_id}, {birth:%d/%m/%Y}"),
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName",
                "valueString": person.family.split()[-1],
            }
        ],
        "identifier": [
            {"system": "urn:oid:2.16.170.1", "value": person.national_id},
            {"system": "urn:raretriage:simulated:mrn", "value": person.record_number},
        ],
        "name": [{"use": "official", "family": person.family, "given": person.given.split()}],
        "telecom": [{"system": "phone", "value": person.phone}, {"system": "email", "value": person.email}],
        "gender": "male" if is_male else "female",
        "birthDate": birth.isoformat(),
        "address": [
            {
                "line": [person.street],
                "city": person.region.city,
                "state": person.region.name,
                "postalCode": person.postcode,
                "country": "CO",
            }
        ],
        "contact": [{"name": {"text": person.relative}, "telecom": [{"system": "phone", "value": person.phone}]}],
    }


def _observation(
    visit: _Visit, part: str, category: list[Resource], code: Resource, at: str | Resource, extra: Resource
) -> Resource:
    when: Resource = {"effectiveDateTime": at} if isinstance(at, str) else {"effectivePeriod": at}
    return {
        "resourceType": "Observation",
        "id": f"{visit.id}-{part}",
        "status": "final",
        "category": category,
        "code": code,
        "subject": {"reference": f"Patient/{visit.person.id}"},
        "encounter": visit.reference,
        **when,
        **extra,
    }


def _loinc(code: str, display: str) -> Resource:
    return {"coding": [{"system": LOINC, "code": code, "display": display}]}


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _diagnosis(codes: tuple[Code, ...], name: str) -> Resource:
    return {"coding": [{"system": c.system, "code": c.code, "display": name} for c in codes], "text": name}


def _quantity(value: float, unit: str, ucum: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": ucum}


def _narrative(text: str) -> Resource:
    safe = text.replace("&", "&amp;").replace("<", "&lt;")
    return {"status": "generated", "div": f'<div xmlns="{_XHTML}">{safe}</div>'}
