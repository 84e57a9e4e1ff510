"""Which cohort is wanted? Size, shares, time, and where the patients live and go."""

from dataclasses import asdict, dataclass
from datetime import date

from raretriage.cohort.errors import SpecError
from raretriage.cohort.shifts import NewSiteShift, Shift

SAMPLER_VERSION = "4"
"""Rises with every change that makes the same seed give other bytes."""


@dataclass(frozen=True, slots=True)
class Region:
    """A department of Colombia and the first two digits of its postcodes (the DANE department code)."""

    name: str
    postcode_prefix: str
    city: str


REGIONS: tuple[Region, ...] = (
    Region("Antioquia", "05", "Medellín"),
    Region("Atlántico", "08", "Barranquilla"),
    Region("Bogotá D.C.", "11", "Bogotá"),
    Region("Bolívar", "13", "Cartagena"),
    Region("Boyacá", "15", "Tunja"),
    Region("Caldas", "17", "Manizales"),
    Region("Nariño", "52", "Pasto"),
    Region("Santander", "68", "Bucaramanga"),
    Region("Valle del Cauca", "76", "Cali"),
)

SITES: tuple[str, ...] = (
    "Hospital Simulado del Norte",
    "Hospital Simulado del Sur",
    "Clínica Simulada Central",
    "Centro de Salud Simulado La Esperanza",
)


@dataclass(frozen=True, slots=True)
class CohortSpec:
    """A wish for a cohort. The same specification and seed give the same bytes.

    `rare_share` and `healthy_share` are shares of patients by what brings them the first time; the rest have a
    common disease. The rare share is far above life's on purpose: it is a design for training and calibration.
    """

    patients: int = 20_000
    seed: int = 20_261_202
    rare_share: float = 0.15
    healthy_share: float = 0.25
    first_day: date = date(2022, 1, 1)
    years: int = 3
    sites: tuple[str, ...] = SITES
    regions: tuple[Region, ...] = REGIONS
    bad_share: float = 0.001
    """Share of encounters with one bad record, as real exports have them: `raretriage.cohort.defects`. Estimate."""
    shifts: tuple[Shift, ...] = ()
    """What changes from some quarter on; a later one of the same kind goes before an earlier one."""

    def __post_init__(self) -> None:
        if not 1 <= self.patients <= 10_000_000:
            raise SpecError(f"patients: {self.patients}, expected 1 to 10,000,000")
        if self.seed < 0:
            raise SpecError(f"seed: {self.seed}, expected 0 or more")
        for name in ("rare_share", "healthy_share", "bad_share"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise SpecError(f"{name}: {share}, expected 0 to 1")
        if self.rare_share + self.healthy_share > 1:
            total = self.rare_share + self.healthy_share
            raise SpecError(f"rare_share and healthy_share add up to {total:g}, expected at most 1")
        if not 1 <= self.years <= 50:
            raise SpecError(f"years: {self.years}, expected 1 to 50")
        if not self.sites or not self.regions:
            raise SpecError("sites and regions: at least one of each is needed")
        if len(set(self.all_sites)) < len(self.all_sites):
            raise SpecError(f"sites: {', '.join(self.all_sites)}; each name may be there once, new sites included")
        for shift in self.shifts:
            site = getattr(shift, "site", None)
            if site is not None and site not in self.all_sites:
                raise SpecError(f"shifts: {shift.kind}: no site {site!r}, expected one of {', '.join(self.all_sites)}")

    @property
    def days(self) -> int:
        """How many days the visits are spread over."""
        return int(self.years * 365.25)

    @property
    def all_sites(self) -> tuple[str, ...]:
        """The sites and, after them, those that open later: a visit's site is a row of this."""
        return self.sites + tuple(shift.name for shift in self.shifts if isinstance(shift, NewSiteShift))

    def as_json(self) -> dict[str, object]:
        """The specification as `cohort.json` shows it."""
        shifts = [shift.as_json() for shift in self.shifts]
        return {**asdict(self), "first_day": self.first_day.isoformat(), "shifts": shifts}
