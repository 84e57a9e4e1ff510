"""What is a drawn patient? The shapes that the sampler fills and the export writes: people, visits, chunks of both."""

from dataclasses import dataclass

from raretriage.cohort.catalogue import Bools, Floats, Ints
from raretriage.cohort.recorded import Recorded
from raretriage.cohort.vitals import Measured

CHUNK = 500
"""Patients drawn at once. Part of what makes a seed's bytes: changing it changes the cohort."""

DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Patients:
    """n patients; arrays have shape (n,) unless said otherwise."""

    disease: Ints
    """What brings them the first time: row of the catalogue, -1 for nothing."""
    is_male: Ints
    age_years: Floats
    """At the first visit."""
    region: Ints
    comorbid: Ints
    """Rows of the catalogue, -1 pads, shape (n, 5)."""


@dataclass(frozen=True, slots=True)
class Visits:
    """m visits, sorted by patient and day; arrays have shape (m,) unless said otherwise."""

    patient: Ints
    day: Ints
    """Days after the specification's first day."""
    minute: Ints
    """Of the day."""
    disease: Ints
    age_years: Floats
    site: Ints
    is_emergency: Ints
    severity: Floats
    days: Floats
    """How long the complaint has lasted; NaN where nobody asked or nothing began on a day."""
    pregnant: Ints
    """1 yes, 0 no, -1 not asked or not applicable."""
    recorded: Recorded
    finding_onset: Floats
    """Days before the visit for each observed finding, NaN where unknown; shape of `recorded.observed`."""
    measured: Measured
    state: Ints
    rare: Bools
    is_labelled: Bools
    label_delay: Ints
    """Days after the visit."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some patients with all their visits."""

    first_patient: int
    patients: Patients
    visits: Visits

    @property
    def number(self) -> int:
        """The chunk's place in the cohort."""
        return self.first_patient // CHUNK
