"""Would a clinician believe these patients? Ten whole ones in plain words, with what the simulator knows apart.

The words are Spanish, as the clinicians' are; a finding without a label in the project's lexicon and the names of
diseases stay English and are marked as such.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from raretriage.cohort import Catalogue, Chunk, CohortSpec
from raretriage.cohort.catalogue import STATES
from raretriage.cohort.profiles import Profile
from raretriage.domain import State
from raretriage.knowledge.lexicon import spanish_labels

# State and rarity of the first disease of those who are shown; None where nothing is wrong.
_WANTED: tuple[tuple[State, bool] | None, ...] = (
    None,
    (State.MILD, False),
    (State.MILD, False),
    (State.MILD, True),
    (State.ACUTE, False),
    (State.ACUTE, False),
    (State.ACUTE, True),
    (State.CHRONIC, False),
    (State.CHRONIC, True),
    (State.CHRONIC, True),
)
_MONTHS = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)
_VITALS: Mapping[str, tuple[str, str, int]] = {
    "temperature_c": ("temperatura", " °C", 1),
    "heart_rate": ("pulso", "/min", 0),
    "respiratory_rate": ("respiración", "/min", 0),
    "systolic_bp": ("tensión", " mmHg", 0),
    "spo2": ("SpO₂", " %", 0),
}
_STATE_WORDS = {
    State.HEALTHY: "no enfermo",
    State.MILD: "enfermedad leve",
    State.ACUTE: "enfermedad aguda",
    State.CHRONIC: "enfermedad crónica",
}
_DAYS_A_MONTH, _DAYS_A_YEAR = 30.44, 365.25


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of text and its language."""

    text: str
    language: str = "es"


@dataclass(frozen=True, slots=True)
class Truth:
    """What only the simulator knows of a visit."""

    disease: Words
    codes: tuple[str, ...]
    link: str
    """Orphanet's or OMIM's page of a rare disease, or ''."""
    state: str
    is_rare: bool
    severity: str


@dataclass(frozen=True, slots=True)
class VisitStory:
    """One visit as it was written down."""

    heading: str
    complaint: str
    """How long it has lasted, in words."""
    observed: tuple[Words, ...]
    excluded: tuple[Words, ...]
    measured: tuple[str, ...]
    unmeasured: tuple[str, ...]
    pain: str
    pregnancy: str
    """Empty where it was not asked or does not apply."""
    truth: Truth


@dataclass(frozen=True, slots=True)
class Story:
    """One patient with every visit."""

    number: int
    """In the cohort, from 1."""
    who: str
    comorbid: tuple[Words, ...]
    visits: tuple[VisitStory, ...]


def tell_stories(spec: CohortSpec, catalogue: Catalogue, chunks: Iterable[Chunk]) -> tuple[Story, ...]:
    """The first patients of the cohort that fill the wanted kinds, in the cohort's own order.

    Fewer than ten where the chunks hold no patient of a kind.
    """
    open_kinds = list(_WANTED)
    stories: list[Story] = []
    for chunk in chunks:
        for row, disease in enumerate(chunk.patients.disease.tolist()):
            kind = None if disease < 0 else (catalogue.profiles[disease].state, bool(catalogue.rare[disease]))
            if kind in open_kinds:
                open_kinds.remove(kind)
                stories.append(_story(spec, catalogue, chunk, row))
        if not open_kinds:
            break
    return tuple(stories)


def _story(spec: CohortSpec, catalogue: Catalogue, chunk: Chunk, row: int) -> Story:
    patients, rows = chunk.patients, np.flatnonzero(chunk.visits.patient == row)
    sex = "Hombre" if patients.is_male[row] else "Mujer"
    comorbid = [catalogue.profiles[d].name for d in patients.comorbid[row].tolist() if d >= 0]
    return Story(
        number=chunk.first_patient + row + 1,
        who=f"{sex}, {age_words(float(patients.age_years[row]))}",
        comorbid=tuple(Words(name, "en") for name in comorbid),
        visits=tuple(_visit(spec, catalogue, chunk, visit) for visit in rows.tolist()),
    )


def _visit(spec: CohortSpec, catalogue: Catalogue, chunk: Chunk, row: int) -> VisitStory:
    visits = chunk.visits
    day = spec.first_day + timedelta(days=int(visits.day[row]))
    where = "urgencias" if visits.is_emergency[row] else "consulta externa"
    onset = visits.finding_onset[row]
    observed = [
        _finding(catalogue, term, float(since))
        for term, since in zip(visits.recorded.observed[row].tolist(), onset.tolist(), strict=True)
        if term >= 0
    ]
    values = {name: float(getattr(visits.measured, name)[row]) for name in _VITALS}
    days, pain = float(visits.days[row]), float(visits.measured.pain[row])
    return VisitStory(
        heading=f"{date_words(day)}, {where}, {spec.all_sites[int(visits.site[row])]}",
        complaint="no consta desde cuándo" if np.isnan(days) else f"desde hace {duration_words(days)}",
        observed=tuple(observed),
        excluded=tuple(_finding(catalogue, t) for t in visits.recorded.excluded[row].tolist() if t >= 0),
        measured=tuple(
            _measured(name, value, float(visits.measured.diastolic_bp[row]))
            for name, value in values.items()
            if not np.isnan(value)
        ),
        unmeasured=tuple(_VITALS[name][0] for name, value in values.items() if np.isnan(value)),
        pain="no se preguntó" if np.isnan(pain) else f"{pain:.0f} de 10",
        pregnancy={1: "sí", 0: "no"}.get(int(visits.pregnant[row]), ""),
        truth=_truth(catalogue, chunk, row),
    )


def _finding(catalogue: Catalogue, term: int, since: float = float("nan")) -> Words:
    hpo_id = catalogue.terms.ids[term]
    spanish = spanish_labels().get(hpo_id)
    known = "" if np.isnan(since) else f" (desde hace {duration_words(since)})"
    return Words(spanish + known) if spanish else Words(catalogue.terms.labels[term] + known, "en")


def _measured(name: str, value: float, diastolic: float) -> str:
    words, unit, digits = _VITALS[name]
    under = f"/{diastolic:.0f}" if name == "systolic_bp" else ""
    return f"{words} {value:.{digits}f}".replace(".", ",") + under + unit


def _truth(catalogue: Catalogue, chunk: Chunk, row: int) -> Truth:
    visits, disease = chunk.visits, int(chunk.visits.disease[row])
    profile = catalogue.profiles[disease] if disease >= 0 else None
    return Truth(
        disease=Words(profile.name, "en") if profile else Words("nada: un control"),
        codes=tuple(code.code for code in profile.codes) if profile else (),
        link=link_of(profile) if profile else "",
        state=_STATE_WORDS[STATES[int(visits.state[row])]],
        is_rare=bool(visits.rare[row]),
        severity=f"{float(visits.severity[row]):.2f}".replace(".", ","),
    )


_PAGES = {"ORPHA": "https://www.orpha.net/en/disease/detail/", "OMIM": "https://omim.org/entry/"}


def link_of(profile: Profile) -> str:
    """The page of the disease at Orphanet or OMIM, by its own entry or else its group's; '' for one without."""
    for entry in (profile.disease, profile.group):
        system, _, number = entry.partition(":")
        if system in _PAGES and number.isdigit():
            return _PAGES[system] + number
    return ""


def age_words(years: float) -> str:
    """Age as clinicians say it: months up to two years, then years.

    >>> [age_words(a) for a in (0.02, 0.5, 1.0, 2.3, 34.9)]
    ['7 días', '6 meses', '12 meses', '2 años', '34 años']
    """
    if years < 1 / 12:
        return _counted(int(years * _DAYS_A_YEAR), "día", "días")
    if years < 2:
        return _counted(int(years * 12 + 1e-9), "mes", "meses")
    return _counted(int(years), "año", "años")


def duration_words(days: float) -> str:
    """How long, in the unit that people would use.

    >>> [duration_words(d) for d in (0, 1, 20, 75, 800)]
    ['menos de un día', '1 día', '20 días', '2 meses', '2 años']
    """
    if days < 1:
        return "menos de un día"
    if days < 2 * _DAYS_A_MONTH:
        return _counted(round(days), "día", "días")
    if days < 2 * _DAYS_A_YEAR:
        return _counted(round(days / _DAYS_A_MONTH), "mes", "meses")
    return _counted(round(days / _DAYS_A_YEAR), "año", "años")


def date_words(day: date) -> str:
    """A date as it is written in Spanish.

    >>> date_words(date(2023, 3, 9))
    '9 de marzo de 2023'
    """
    return f"{day.day} de {_MONTHS[day.month - 1]} de {day.year}"


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
