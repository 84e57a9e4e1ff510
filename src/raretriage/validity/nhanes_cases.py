"""Adults of NHANES 2009-2012 (public domain): pulse and pressure of people who are not seeking care.

They have no findings, no temperature and no complaint on record. `DaysPhysHlthBad` counts bad days of the last
thirty, which is not how long a complaint has lasted, so `days` stays missing, as does comorbidity: of it only
diabetes is known.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping

from pydantic import ValidationError

from raretriage.domain import RANGES, Presentation
from raretriage.validity.cases import Case, CaseSet, Group, Source

COLUMNS = frozenset({"ID", "Gender", "Age", "Pulse", "BPSysAve", "BPDiaAve", "HealthGen"})
WELL = frozenset({"Good", "Vgood", "Excellent"})
UNWELL = frozenset({"Fair", "Poor"})
_VITALS = {"heart_rate": "Pulse", "systolic_bp": "BPSysAve", "diastolic_bp": "BPDiaAve"}


def read_nhanes(rows: Iterable[Mapping[str, str]]) -> CaseSet:
    """People with good or better health by their own word, each once."""
    people: set[str] = set()
    cases: list[Case] = []
    unused: Counter[str] = Counter()
    notes: Counter[str] = Counter()
    for row in rows:
        made = "the same person again" if row["ID"] in people else _case(row, notes)
        people.add(row["ID"])
        if isinstance(made, Case):
            cases.append(made)
        else:
            unused[made] += 1
    return CaseSet(
        source=Source.NHANES,
        cases=tuple(cases),
        read=len(cases) + unused.total(),
        unused=dict(unused),
        notes=dict(notes),
    )


def nhanes_rows(text: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(text.splitlines())


def _case(row: Mapping[str, str], notes: Counter[str]) -> Case | str:
    if row["HealthGen"] in UNWELL:
        return "health fair or poor by their own word"
    if row["HealthGen"] not in WELL:
        return "health not stated"
    vitals = {field: _reading(field, row[column], notes) for field, column in _VITALS.items()}
    if all(value is None for value in vitals.values()):
        return "no vital sign that can be used"
    try:
        presentation = Presentation.model_validate({"age_years": float(row["Age"]), "sex": row["Gender"], **vitals})
    except (ValidationError, ValueError):
        return "an impossible value"
    return Case(cluster=row["ID"], group=Group.HEALTHY, presentation=presentation)


def _reading(field: str, text: str, notes: Counter[str]) -> float | None:
    """The value; None where there is none. A diastolic pressure of 0 was not heard."""
    try:
        value = float(text)
    except ValueError:
        notes[f"{field} not measured"] += 1
        return None
    if not RANGES[field].holds(value):
        notes[f"{field} that cannot be"] += 1
        return None
    return value
