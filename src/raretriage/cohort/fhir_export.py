"""How would a hospital export them? FHIR R4 resources of one chunk, identifiers and all.

https://hl7.org/fhir/R4/ (Patient, Encounter, Condition, Observation, Organization, Practitioner).
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from random import Random

import numpy as np

from raretriage.cohort.catalogue import STATES, Catalogue
from raretriage.cohort.defects import Line, Resource, line_of, spoil
from raretriage.cohort.people import Identities, Person, draw_id
from raretriage.cohort.profiles import ICD_10, Code
from raretriage.cohort.sampler import Stream, stream
from raretriage.cohort.shifting import habits, unit_shifts, visit_quarters
from raretriage.cohort.shifts import UNITS, UnitShift
from raretriage.cohort.spec import CohortSpec
from raretriage.cohort.visits import Chunk

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


def _loinc(code: str, display: str) -> Resource:
    return {"coding": [{"system": LOINC, "code": code, "display": display}]}


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _diagnosis(codes: tuple[Code, ...], name: str) -> Resource:
    return {"coding": [{"system": c.system, "code": c.code, "display": name} for c in codes], "text": name}


# channel -> LOINC, what is sent as the code, unit, UCUM code
_SINGLE_VITALS = {
    "temperature_c": ("8310-5", _loinc("8310-5", "Body temperature"), "°C", "Cel"),
    "heart_rate": ("8867-4", _loinc("8867-4", "Heart rate"), "/min", "/min"),
    "respiratory_rate": ("9279-1", _loinc("9279-1", "Respiratory rate"), "/min", "/min"),
    "pain": (
        "72514-3",
        _loinc("72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported"),
        "{score}",
        "{score}",
    ),
}
_PRESSURES = {
    "systolic_bp": _loinc("8480-6", "Systolic blood pressure"),
    "diastolic_bp": _loinc("8462-4", "Diastolic blood pressure"),
}
_PANEL = _loinc("85354-9", "Blood pressure panel")
_SPO2_CODES = (
    _loinc("2708-6", "Oxygen saturation in Arterial blood"),
    _loinc("59408-5", "Oxygen saturation by Pulse oximetry"),
)
_SPO2_ARTERIAL_SHARE = 0.3
_ONSET = _loinc("11368-8", "Illness or injury onset date and time")
_PREGNANCY = _loinc("82810-3", "Pregnancy status")
_PREGNANT: Resource = {"coding": [{"system": SNOMED, "code": "77386006", "display": "Pregnant"}]}
_NOT_PREGNANT: Resource = {"coding": [{"system": SNOMED, "code": "60001007", "display": "Not pregnant"}]}
_PRESENT: Resource = {"coding": [{"system": SNOMED, "code": "52101004", "display": "Present"}]}
_ABSENT: Resource = {"coding": [{"system": SNOMED, "code": "2667000", "display": "Absent"}]}
_VITAL_SIGNS = [_coded(_OBSERVATION_CATEGORY, "vital-signs")]
_EXAM = [_coded(_OBSERVATION_CATEGORY, "exam")]
_SURVEY = [_coded(_OBSERVATION_CATEGORY, "survey")]
_ACTIVE = _coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")
_CONFIRMED = _coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed")
_PROBLEM_LIST = [_coded(_CONDITION_CATEGORY, "problem-list-item")]
_ENCOUNTER_DIAGNOSIS = [_coded(_CONDITION_CATEGORY, "encounter-diagnosis")]
_STATE, _RARE = _coded(TRIAGE, "state"), _coded(TRIAGE, "rare")
_CHECK_UP = Code(ICD_10, "Z00.0")
_NOTE_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class _Visit:
    """What the parts of one visit share. Texts and references are made once: a visit has about fifteen parts."""

    row: int
    id: str
    person: Person
    rng: Random
    """The patient's."""
    start: datetime
    start_text: str
    patient: Resource
    """A reference; so is `encounter`."""
    encounter: Resource
    snomed: float
    """Share of findings with a SNOMED CT code that are coded in it."""
    unit: UnitShift | None


def organizations(spec: CohortSpec) -> list[Resource]:
    """The sites, as a resource type that the pipeline does not use (it must be counted, not tripped over)."""
    return [
        {
            "resourceType": "Organization",
            "id": f"site-{i + 1}",
            "name": name,
            "telecom": [{"system": "phone", "value": "+57 601 555 0100"}],
        }
        for i, name in enumerate(spec.all_sites)
    ]


class Exporter:
    """Turns chunks into resources. Free of state but for its tables."""

    def __init__(self, spec: CohortSpec, catalogue: Catalogue) -> None:
        self._spec = spec
        self._catalogue = catalogue
        self._identities = Identities()
        self._diagnoses = [_diagnosis(profile.codes, profile.name) for profile in catalogue.profiles]
        self._diagnoses.append(_diagnosis((_CHECK_UP,), "General medical examination"))

    def resources(self, chunk: Chunk) -> Iterator[Resource]:
        """Every resource of the chunk, patient by patient, none of them bad."""
        for _row, together in self._visits_and_patients(chunk):
            yield from together

    def lines(self, chunk: Chunk, spoiled: Counter[str]) -> Iterator[Line]:
        """The same as lines of NDJSON, some of them bad as the specification wants it.

        Args:
            chunk: from `sample_chunk`.
            spoiled: counts the defects by kind.
        """
        rng, size = stream(self._spec, chunk.number, Stream.DEFECTS), len(chunk.visits.patient)
        is_bad, seeds = rng.random(size) < self._spec.bad_share, rng.integers(0, 2**63, size)
        bad = {row: int(seeds[row]) for row in np.flatnonzero(is_bad).tolist()}
        for row, together in self._visits_and_patients(chunk):
            if row in bad:
                kind, lines = spoil(together, _random(bad[row]))
                spoiled[kind] += 1
                yield from lines
            else:
                yield from map(line_of, together)

    def _visits_and_patients(self, chunk: Chunk) -> Iterator[tuple[int, list[Resource]]]:
        """Resources that belong together: a patient with the problem list (row -1), or one visit and its row."""
        spec, patients, visits = self._spec, chunk.patients, chunk.visits
        edges = np.searchsorted(visits.patient, np.arange(len(patients.disease) + 1)).tolist()
        regions, males, ages = patients.region.tolist(), patients.is_male.tolist(), patients.age_years.tolist()
        # a generator for each patient: what one visit draws moves nobody else, and no earlier visit
        seeds = stream(spec, chunk.number, Stream.DRESSING).integers(0, 2**63, len(regions)).tolist()
        quarters = visit_quarters(spec, visits.day)
        snomed = habits(spec, self._catalogue, visits.site, quarters).snomed.tolist()
        units = unit_shifts(spec, visits.site, quarters)
        for row, (start, end) in enumerate(pairwise(edges)):
            rng, is_male = _random(seeds[row]), bool(males[row])
            person = self._identities.person(rng, is_male=is_male, region=spec.regions[regions[row]])
            first = self._moment(chunk, start).date()
            birth = first - timedelta(days=int(ages[row] * 365.25))
            problems = self._problems(chunk.patients.comorbid[row].tolist(), rng, person, birth, first)
            yield -1, [_patient(person, is_male=is_male, birth=birth), *problems]
            subject: Resource = {"reference": f"Patient/{person.id}"}
            for i in range(start, end):
                name, moment = draw_id(rng), self._moment(chunk, i)
                visit = _Visit(
                    i, name, person, rng, moment, moment.isoformat(), subject, {"reference": f"Encounter/{name}"},
                    snomed[i], units[i],
                )  # fmt: skip
                yield i, list(self._visit(chunk, visit))

    def _moment(self, chunk: Chunk, row: int) -> datetime:
        day = self._spec.first_day + timedelta(days=int(chunk.visits.day[row]))
        minutes = int(chunk.visits.minute[row])
        return datetime(day.year, day.month, day.day, minutes // 60, minutes % 60, tzinfo=BOGOTA)

    def _problems(
        self, comorbid: list[int], rng: Random, person: Person, birth: date, first: date
    ) -> Iterator[Resource]:
        """Chronic diseases that were there before: the problem list, from which comorbidity is counted."""
        for n, disease in enumerate(comorbid):
            if disease >= 0:
                since = max(birth, first - timedelta(days=30 + int(rng.random() * 3000))).isoformat()
                yield {
                    "resourceType": "Condition",
                    "id": f"{person.id}-p{n}",
                    "clinicalStatus": _ACTIVE,
                    "verificationStatus": _CONFIRMED,
                    "category": _PROBLEM_LIST,
                    "code": self._diagnoses[disease],
                    "subject": {"reference": f"Patient/{person.id}"},
                    "onsetDateTime": since,
                    "recordedDate": since,
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
        visits, rng = chunk.visits, visit.rng
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
            "subject": {**visit.patient, "display": visit.person.full_name},
            "participant": [{"individual": {"display": clinician}}],
            "period": {
                "start": visit.start_text,
                "end": (visit.start + timedelta(minutes=240 if emergency else 30)).isoformat(),
            },
            "reasonCode": [{"text": complaint}],
            "serviceProvider": {"reference": f"Organization/site-{site + 1}", "display": self._spec.all_sites[site]},
        }

    def _vitals(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        measured, row = chunk.visits.measured, visit.row
        at = _at(visit, 6)
        for channel, (code, sent, unit, ucum) in _SINGLE_VITALS.items():
            value = float(getattr(measured, channel)[row])
            if not math.isnan(value):
                quantity = _quantity(value, unit, ucum)
                if visit.unit is not None and visit.unit.field == channel:
                    quantity = _in_unit(quantity, visit.unit)
                yield _observation(visit, code, _VITAL_SIGNS, sent, at, {"valueQuantity": quantity})
        component: list[Resource] = []
        for channel, sent in _PRESSURES.items():
            value = float(getattr(measured, channel)[row])
            if not math.isnan(value):
                component.append({"code": sent, "valueQuantity": _quantity(value, "mmHg", "mm[Hg]")})
        if component:
            yield _observation(visit, "bp", _VITAL_SIGNS, _PANEL, at, {"component": component})
        spo2 = float(measured.spo2[row])
        if not math.isnan(spo2):
            sent = _SPO2_CODES[int(visit.rng.random() >= _SPO2_ARTERIAL_SHARE)]
            yield _observation(visit, "spo2", _VITAL_SIGNS, sent, at, {"valueQuantity": _quantity(spo2, "%", "%")})

    def _onset(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        days = float(chunk.visits.days[visit.row])
        if not math.isnan(days):
            value = (visit.start.date() - timedelta(days=int(days))).isoformat()
            yield _observation(visit, "onset", _SURVEY, _ONSET, visit.start_text, {"valueDateTime": value})

    def _pregnancy(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        pregnant = int(chunk.visits.pregnant[visit.row])
        if pregnant >= 0:
            value: Resource = {"valueCodeableConcept": _PREGNANT if pregnant else _NOT_PREGNANT}
            yield _observation(visit, "pregnancy", _SURVEY, _PREGNANCY, visit.start_text, value)

    def _findings(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        visits, row, at = chunk.visits, visit.row, _at(visit, 12)
        onsets = visits.finding_onset[row].tolist()
        for n, term in enumerate(visits.recorded.observed[row].tolist()):
            if term >= 0:
                yield self._finding(visit, f"f{n}", term, _PRESENT, at, onsets[n])
        for n, term in enumerate(visits.recorded.excluded[row].tolist()):
            if term >= 0:
                yield self._finding(visit, f"x{n}", term, _ABSENT, at, math.nan)

    def _finding(self, visit: _Visit, part: str, term: int, value: Resource, at: str, onset_days: float) -> Resource:
        terms, rng = self._catalogue.terms, visit.rng
        is_snomed = terms.snomed[term] and rng.random() < visit.snomed
        system, code = (SNOMED, terms.snomed[term]) if is_snomed else (HPO, terms.ids[term])
        extra: Resource = {"valueCodeableConcept": value}
        if rng.random() < _NOTE_SHARE:
            extra["note"] = [{"text": self._identities.note(rng, visit.person, visit.start.date())}]
        coded: Resource = {"coding": [{"system": system, "code": code, "display": terms.labels[term]}]}
        if math.isnan(onset_days):
            return _observation(visit, part, _EXAM, coded, at, extra)
        since: Resource = {"start": (visit.start.date() - timedelta(days=int(onset_days))).isoformat()}
        return _observation(visit, part, _EXAM, coded, since, extra)

    def _labels(self, chunk: Chunk, visit: _Visit) -> Iterator[Resource]:
        visits, row = chunk.visits, visit.row
        # who is not ill has the last one
        diagnosis = self._diagnoses[int(visits.disease[row])]
        decided = visit.start + timedelta(days=int(visits.label_delay[row]))
        yield {
            "resourceType": "Condition",
            "id": f"{visit.id}-dx",
            "text": _narrative(f"{visit.person.full_name} ({visit.person.national_id}): {diagnosis['text']}"),
            "clinicalStatus": _ACTIVE,
            "verificationStatus": _CONFIRMED,
            "category": _ENCOUNTER_DIAGNOSIS,
            "code": diagnosis,
            "subject": {**visit.patient, "display": visit.person.full_name},
            "encounter": visit.encounter,
            "recordedDate": decided.date().isoformat(),
            "recorder": {"display": self._identities.clinician(visit.rng)},
        }
        issued = decided.isoformat()
        state = {"coding": [{"system": TRIAGE_STATE, "code": STATES[int(visits.state[row])].value}]}
        for code, sent, value in (
            ("state", _STATE, {"valueCodeableConcept": state}),
            ("rare", _RARE, {"valueBoolean": bool(visits.rare[row])}),
        ):
            yield _observation(visit, code, _SURVEY, sent, visit.start_text, {**value, "issued": issued})


def _random(seed: int) -> Random:
    """Faster for single numbers than numpy's, and as reproducible. Nothing here is a secret."""
    return Random(seed)  # noqa: S311


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
        "subject": visit.patient,
        "encounter": visit.encounter,
        **when,
        **extra,
    }


def _quantity(value: float, unit: str, ucum: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": ucum}


def _in_unit(quantity: Resource, shift: UnitShift) -> Resource:
    """The same measurement in the shift's unit, under its code or, unlabelled, under the old one."""
    factor, offset, name = UNITS[shift.field, shift.unit]
    number = round(float(str(quantity["value"])) * factor + offset, 1)
    label: Resource = {"unit": name, "code": shift.unit} if shift.labelled else {}
    return {**quantity, "value": number, **label}


def _at(visit: _Visit, minutes: int) -> str:
    return (visit.start + timedelta(minutes=minutes)).isoformat()


def _narrative(text: str) -> Resource:
    safe = text.replace("&", "&amp;").replace("<", "&lt;")
    return {"status": "generated", "div": f'<div xmlns="{_XHTML}">{safe}</div>'}
