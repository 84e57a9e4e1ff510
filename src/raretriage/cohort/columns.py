"""What would a model see of these visits? The columns that export, ingest and lake make of a chunk, without the files.

Kept equal to that path by a test: ages are completed years or months on the day of the visit, fever comes from the
temperature, days from the oldest finding where nobody gave an onset, comorbidity from the conditions known before.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from raretriage.cohort.catalogue import Catalogue, Floats, Ints
from raretriage.cohort.profiles import ICD_10, Code
from raretriage.cohort.spec import CohortSpec
from raretriage.cohort.visits import DAYS_A_YEAR, Chunk
from raretriage.domain import RANGES, VITALS, Pregnancy, Sex, VisitType, fever_from_temperature
from raretriage.features import Columns, Findings
from raretriage.fhir import DIAGNOSIS_SYSTEMS
from raretriage.privacy import code_may_pass
from raretriage.privacy.dates import ages_between

_CHECK_UP = Code(ICD_10, "Z00.0")
"""What the export writes as the diagnosis of who is not ill."""
FIRST_DAY = CohortSpec().first_day
_PREGNANT = {1: Pregnancy.YES.value, 0: Pregnancy.NO.value, -1: Pregnancy.UNKNOWN.value}


def columns_of(chunk: Chunk, catalogue: Catalogue, *, first_day: date = FIRST_DAY) -> Columns:
    """The visits of a chunk as the lake would hold them, in the chunk's order.

    Args:
        chunk: from `sample_chunk`.
        catalogue: what it was drawn from.
        first_day: the specification's; ages in completed months depend on the calendar.
    """
    patients, visits = chunk.patients, chunk.visits
    first_visit = np.searchsorted(visits.patient, visits.patient)
    epoch = np.array([first_day], dtype="datetime64[D]").astype(np.int64)[0]
    born = visits.day[first_visit] - np.floor(patients.age_years[visits.patient] * DAYS_A_YEAR).astype(np.int64)
    temperature = visits.measured.temperature_c
    numbers = {
        "age_years": ages_between(epoch + born, epoch + visits.day),
        "fever": np.array([np.nan if np.isnan(t) else fever_from_temperature(t) for t in temperature]),
        "pain": visits.measured.pain,
        "days": _days(visits.days, np.where(visits.recorded.observed >= 0, visits.finding_onset, np.nan)),
        "comorbidity": _comorbidity(chunk, catalogue, born),
        **{vital: getattr(visits.measured, vital) for vital in VITALS},
    }
    male = patients.is_male[visits.patient] == 1
    return Columns(
        count=len(visits.patient),
        numbers=numbers,
        categories={
            "sex": _objects(np.where(male, Sex.MALE.value, Sex.FEMALE.value).tolist()),
            "pregnant": _objects([_PREGNANT[answer] for answer in visits.pregnant.tolist()]),
            "visit_type": _objects(
                np.where(visits.is_emergency == 1, VisitType.EMERGENCY.value, VisitType.OUTPATIENT.value).tolist()
            ),
        },
        findings=_findings(catalogue, visits.recorded.observed, visits.recorded.excluded),
    )


def join_columns(parts: Sequence[Columns]) -> Columns:
    """The encounters of several `Columns`, one after the other."""
    starts = np.cumsum([0, *(part.count for part in parts)])
    found = [part.findings for part in parts]
    return Columns(
        count=int(starts[-1]),
        numbers={name: np.concatenate([part.numbers[name] for part in parts]) for name in parts[0].numbers},
        categories={name: np.concatenate([part.categories[name] for part in parts]) for name in parts[0].categories},
        findings=Findings(
            row=np.concatenate([some.row + start for some, start in zip(found, starts, strict=False)]),
            hpo_id=np.concatenate([some.hpo_id for some in found]),
            observed=np.concatenate([some.observed for some in found]),
        ),
    )


def _days(days: Floats, finding_onset: Floats) -> Floats:
    """The onset that was asked for, else that of the oldest dated finding."""
    oldest = np.fmax.reduce(finding_onset, axis=1, initial=np.nan)
    return np.asarray(np.where(np.isnan(days), oldest, days), dtype=np.float64)


def _findings(catalogue: Catalogue, observed: Ints, excluded: Ints) -> Findings:
    both = np.concatenate([observed, excluded], axis=1)
    row, slot = np.nonzero(both >= 0)
    ids = np.array(catalogue.terms.ids, dtype=object)
    return Findings(
        row=row.astype(np.int64), hpo_id=ids[both[row, slot]], observed=np.asarray(slot < observed.shape[1])
    )


def _comorbidity(chunk: Chunk, catalogue: Catalogue, born: Ints) -> Floats:
    """How many different conditions were on record before the visit's day, its own diagnosis apart."""
    visits = chunk.visits
    met = np.unique(np.concatenate([visits.disease, chunk.patients.comorbid.ravel()]))
    keys = {disease: _key(catalogue.profiles[disease].codes) for disease in met[met >= 0].tolist()}
    check_up = _key((_CHECK_UP,))
    own = [keys[disease] if disease >= 0 else check_up for disease in visits.disease.tolist()]
    counts = np.zeros(len(own))
    for row, known in enumerate(_known_before(chunk, keys, own, born)):
        if visits.is_labelled[row]:
            known.discard(own[row])
        counts[row] = min(len(known), RANGES["comorbidity"].high)
    return counts


def _known_before(chunk: Chunk, keys: Mapping[int, str], own: Sequence[str], born: Ints) -> Iterator[set[str]]:
    """For each visit, the problem list and the diagnoses of earlier visits that were written down by then."""
    patients, visits = chunk.patients, chunk.visits
    patient, day = visits.patient.tolist(), visits.day.tolist()
    decided = np.where(visits.is_labelled, visits.day + visits.label_delay, np.iinfo(np.int64).max).tolist()
    start = 0
    for row in range(len(day)):
        if patient[row] != patient[start]:
            start = row
        # Nothing on the problem list is younger than the birth, so a newborn's first day knows none of it.
        listed = patients.comorbid[patient[row]].tolist() if born[row] < day[row] else []
        yield {keys[disease] for disease in listed if disease >= 0} | {
            own[earlier] for earlier in range(start, row) if decided[earlier] < day[row]
        }


def _key(codes: Sequence[Code]) -> str:
    """The code by which a condition with several codings is known: the most specific vocabulary's."""

    def rank(code: Code) -> tuple[int, str]:
        may_be_label = code.system in DIAGNOSIS_SYSTEMS and code_may_pass(code.system, code.code)
        return (DIAGNOSIS_SYSTEMS.index(code.system) if may_be_label else len(DIAGNOSIS_SYSTEMS), code.code)

    best = min(codes, key=rank)
    return f"{best.system}|{best.code}"


def _objects(values: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
