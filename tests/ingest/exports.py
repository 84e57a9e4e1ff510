"""Small made-up exports, a knowledge of ten terms, and a sink that is a dictionary."""

import gzip
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from raretriage.ingest import IngestReport, IngestSettings, ingest, open_source
from raretriage.privacy import Keyring, Kind

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
HPO = "http://human-phenotype-ontology.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ORPHA = "http://www.orpha.net"
TRIAGE = "urn:raretriage:triage"

KEYRING = Keyring.from_keys([bytes(range(32))])
NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)

Resource = dict[str, object]


class Terms:
    """Ten findings, one retired id, one term that is no finding, one rare and one common disease."""

    snomed_to_hpo: Mapping[str, str] = {"386661006": "HP:0001945"}

    def find(self, hpo_id: str) -> str | None:
        if hpo_id == "HP:0002279":
            return "HP:0000001"
        known = {f"HP:{number:07d}" for number in range(10)} | {"HP:0001945", "HP:0003577"}
        return hpo_id if hpo_id in known else None

    def find_icd10(self, code: str) -> str | None:
        return {"R50.9": "HP:0001945"}.get(code)

    def is_finding(self, hpo_id: str) -> bool:
        return hpo_id != "HP:0003577"

    def is_rare(self, disease_id: str) -> bool | None:
        return {"ORPHA:558": True, "ORPHA:555": False, "OMIM:154700": True}.get(disease_id)


@dataclass
class MemorySink:
    """Keeps what lands, as the lake does: encounters by id, quarantine by id, and the order of the calls."""

    encounters: dict[str, dict[str, object]] = field(default_factory=dict)
    quarantined: dict[str, dict[str, object]] = field(default_factory=dict)
    reports: list[Mapping[str, object]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    version: int = -1

    def known_hashes(self, encounter_ids: pa.Array) -> pa.Array:
        rows = [self.encounters.get(found) for found in encounter_ids.to_pylist()]
        return pa.array([None if row is None else row["row_hash"] for row in rows], pa.string())

    def land(self, encounters: pa.RecordBatchReader) -> int:
        self.calls.append("land")
        for row in encounters.read_all().to_pylist():
            self.encounters[row["encounter_id"]] = row
        self.version += 1
        return self.version

    def quarantine(self, rows: pa.RecordBatchReader) -> None:
        self.calls.append("quarantine")
        for row in rows.read_all().to_pylist():
            self.quarantined.setdefault(row["quarantine_id"], row)

    def record_ingest(self, report: Mapping[str, object]) -> None:
        self.calls.append("record")
        self.reports.append(report)

    @property
    def row(self) -> dict[str, object]:
        """The only encounter."""
        (found,) = self.encounters.values()
        return found

    def faults(self) -> list[tuple[object, object, object]]:
        """(line, rule, field) of everything in quarantine."""
        return sorted(((row["source_line"], row["rule"], row["field"]) for row in self.quarantined.values()), key=str)


def run(
    path: Path | str, sink: MemorySink | None = None, *, kind: str | None = None, **settings: object
) -> IngestReport:
    """Ingest with the small knowledge; every report has added up, or there would be an exception."""
    return ingest(
        open_source(path, kind=kind),
        sink=sink if sink is not None else MemorySink(),
        keyring=KEYRING,
        knowledge=Terms(),
        now=NOW,
        settings=IngestSettings(**{"memory_limit": "200MB", **settings}),  # type: ignore[arg-type]
    )


def ingested(folder: Path, *resources: object, **settings: object) -> tuple[IngestReport, MemorySink]:
    """Write resources as one NDJSON file and ingest it."""
    sink = MemorySink()
    return run(ndjson(folder / "export.ndjson", resources), sink, **settings), sink


def ndjson(path: Path, resources: Iterable[object]) -> Path:
    """One resource a line; a text or bytes goes in as it is. `.gz` is compressed."""
    lines = [
        item if isinstance(item, bytes) else (item if isinstance(item, str) else json.dumps(item)).encode()
        for item in resources
    ]
    content = b"".join(line + b"\n" for line in lines)
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    return path


def coded(system: str, code: str) -> dict[str, object]:
    return {"coding": [{"system": system, "code": code, "display": "a display with Ana Pérez"}]}


def patient(id_: str | None = "p1", **more: object) -> Resource:
    found = {
        "resourceType": "Patient",
        "id": id_,
        "gender": "female",
        "birthDate": "1980-05-20",
        "name": [{"family": "Pérez", "given": ["Ana"]}],
        "address": [{"line": ["Calle 1"], "city": "Medellín", "state": "Antioquia", "country": "CO"}],
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


def encounter(
    id_: str | None = "e1", subject: str | None = "Patient/p1", start: str = "2024-03-10T08:00:00-05:00", **more: object
) -> Resource:
    found = {
        "resourceType": "Encounter",
        "id": id_,
        "status": "finished",
        "class": {"code": "EMER"},
        "subject": None if subject is None else {"reference": subject},
        "period": {"start": start},
        "serviceProvider": {"reference": "Organization/hospital-1"},
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


def observation(
    id_: str,
    code: dict[str, object],
    encounter: str | None = "Encounter/e1",
    subject: str = "Patient/p1",
    **more: object,
) -> Resource:
    found = {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": code,
        "subject": {"reference": subject},
        "encounter": None if encounter is None else {"reference": encounter},
        "effectiveDateTime": "2024-03-10T08:05:00-05:00",
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


def quantity(value: object, unit: str | None) -> dict[str, object]:
    return {"value": value} if unit is None else {"value": value, "unit": unit, "code": unit}


def vital(id_: str, code: str, value: object, unit: str | None, **more: object) -> Resource:
    return observation(id_, coded(LOINC, code), valueQuantity=quantity(value, unit), **more)  # type: ignore[arg-type]


def pressure(id_: str, systolic: object, diastolic: object, **more: object) -> Resource:
    parts = [("8480-6", systolic), ("8462-4", diastolic)]
    component = [
        {"code": coded(LOINC, code), "valueQuantity": quantity(value, "mm[Hg]")}
        for code, value in parts
        if value is not None
    ]
    return observation(id_, coded(LOINC, "85354-9"), component=component, **more)  # type: ignore[arg-type]


def finding(id_: str, hpo_id: str, *, present: bool = True, **more: object) -> Resource:
    answer = coded(SNOMED, "52101004" if present else "2667000")
    return observation(id_, coded(HPO, hpo_id), valueCodeableConcept=answer, **more)  # type: ignore[arg-type]


def condition(id_: str, code: dict[str, object], *, encounter: str | None = "Encounter/e1", **more: object) -> Resource:
    found = {
        "resourceType": "Condition",
        "id": id_,
        "clinicalStatus": coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "category": [coded("", "encounter-diagnosis" if encounter else "problem-list-item")],
        "code": code,
        "subject": {"reference": "Patient/p1"},
        "encounter": None if encounter is None else {"reference": encounter},
        **more,
    }
    return {name: value for name, value in found.items() if value is not None}


def label(id_: str, code: str, **more: object) -> Resource:
    return observation(id_, coded(TRIAGE, code), **{"issued": "2024-04-01T09:00:00Z", **more})  # type: ignore[arg-type]


def state(id_: str, name: str, **more: object) -> Resource:
    return label(id_, "state", valueCodeableConcept=coded("urn:raretriage:state", name), **more)


@dataclass(frozen=True)
class Ward:
    """Many small stories ingested at once, each with a patient and an encounter of its own.

    A story is written about `Patient/p1` and `Encounter/e1`; ids are made its own when it is written to the export.
    """

    report: IngestReport
    sink: MemorySink
    spans: Mapping[str, range]

    @classmethod
    def of(cls, folder: Path, stories: Mapping[str, Iterable[object]]) -> "Ward":
        lines: list[object] = []
        spans = {}
        for name, story in stories.items():
            own = [_made_own(item, name) for item in story]
            spans[name] = range(len(lines) + 1, len(lines) + len(own) + 1)
            lines += own
        report, sink = ingested(folder, *lines)
        return cls(report, sink, spans)

    def find_row(self, name: str) -> dict[str, object] | None:
        """The encounter `e1` of a story, None where it did not land."""
        return self.sink.encounters.get(KEYRING.pseudonym(Kind.ENCOUNTER, f"{name}-e1"))

    def row(self, name: str) -> dict[str, object]:
        found = self.find_row(name)
        assert found is not None, f"the encounter of {name} did not land"
        return found

    def faults(self, name: str) -> list[dict[str, object]]:
        """The quarantine rows of a story, by line, rule and field; lines count within the story, from 1."""
        span = self.spans[name]
        rows = [
            {**row, "source_line": int(str(row["source_line"])) - span.start + 1}
            for row in self.sink.quarantined.values()
            if row["source_line"] in span
        ]
        return sorted(rows, key=lambda row: (row["source_line"], str(row["rule"]), str(row["field"])))


_REFERENCE = re.compile(rb'"(Patient|Encounter)/(p1|p2|e1)')


def _made_own(item: object, name: str) -> bytes:
    """The resource as a line, its id and its references made those of the story `name`."""
    if isinstance(item, bytes):
        return item
    if isinstance(item, str):
        return item.encode()
    if isinstance(item, dict) and item.get("id"):
        item = {**item, "id": f"{name}-{item['id']}"}
    return _REFERENCE.sub(rb'"\1/' + name.encode() + rb"-\2", json.dumps(item).encode())
