"""How does a shift reach the patients, and leave everybody before it alone?

Nothing here draws from the streams that the cohort is drawn from, and every function changes only rows of a quarter
with a shift. So every resource of an earlier visit, and every patient and problem list that an earlier visit belongs
to, has the same bytes with and without shifts. What cannot be the same is the list of sites, which has no date.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Literal, TypeVar, get_args

import numpy as np

from raretriage.cohort.catalogue import CHANNELS, Bools, Catalogue, Floats, Ints
from raretriage.cohort.errors import SpecError
from raretriage.cohort.profiles import ICD_10
from raretriage.cohort.shifts import (
    CodingShift,
    LostFieldShift,
    NewSiteShift,
    PrevalenceShift,
    SeasonShift,
    Sent,
    UnitShift,
    quarter_numbers,
)
from raretriage.cohort.spec import CohortSpec
from raretriage.cohort.visits import Visits

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Habits:
    """How findings are written at each visit: shares of exact terms, of coarser ones, of SNOMED CT; shape (m,)."""

    exact: Floats
    coarser: Floats
    snomed: Floats


def visit_quarters(spec: CohortSpec, day: Ints) -> Ints:
    """The calendar quarter of visits, as `shifts.quarter_number` counts; `day` counts from the first one."""
    return quarter_numbers(np.datetime64(spec.first_day, "D") + day)


def shifted_shares(spec: CohortSpec, catalogue: Catalogue, before: Floats) -> dict[int, Floats]:
    """Quarter -> share of patients by what brings them, for the quarters in which shifts change it.

    Args:
        before: the shares without shifts, by row of the catalogue, healthy people last; shape (D + 1,).

    Raises:
        SpecError: no disease is meant by a shift, or one is asked to bring more than everybody.
    """
    moving = [shift for shift in spec.shifts if isinstance(shift, PrevalenceShift | SeasonShift)]
    meant = [np.append(_meant(shift, catalogue), False) for shift in moving]
    shares: dict[int, Floats] = {}
    for quarter in range(*_span(spec)):
        after = before
        for shift, targets in zip(moving, meant, strict=True):
            factor = _factor(shift, quarter)
            if factor != 1.0:
                after = _scaled(after, targets, factor, shift)
        if after is not before:
            shares[quarter] = after
    return shares


def reassigned(
    rng: np.random.Generator, disease: Ints, quarter: Ints, before: Floats, after: Mapping[int, Floats]
) -> Ints:
    """Patients' diseases under other shares, with as few changed as possible.

    Whoever has something that became rarer keeps it with probability after / before; the others get what became more
    frequent, in proportion to how much it did (the maximal coupling of two distributions).

    Args:
        rng: a stream for this alone.
        disease: row of the catalogue, -1 for nothing; shape (n,).
        quarter: of each patient's first visit, shape (n,).
        before, after: as in `shifted_shares`.
    """
    keep, draw = rng.random((2, len(disease)))
    result = disease.copy()
    for number, shares in after.items():
        ratio = np.divide(shares, before, out=np.ones_like(before), where=before > 0)
        # -1 is the last entry: healthy people
        moves = (quarter == number) & (keep >= ratio[disease])
        edges = np.cumsum((shares - before).clip(min=0))
        new = np.searchsorted(edges, draw[moves] * edges[-1], side="right").clip(max=len(before) - 1)
        result[moves] = np.where(new == len(before) - 1, -1, new)
    return result


def relative_shares(quarter: Ints, before: Floats, after: Mapping[int, Floats], diseases: Ints) -> Floats:
    """How many times as often each of these diseases brings somebody at each visit's time, shape (m, diseases)."""
    result = np.ones((len(quarter), len(diseases)))
    for number, shares in after.items():
        base = before[diseases]
        result[quarter == number] = np.divide(shares[diseases], base, out=np.ones_like(base), where=base > 0)
    return result


def moved_to_new_sites(rng: np.random.Generator, spec: CohortSpec, site: Ints, quarter: Ints) -> Ints:
    """The visits' sites, rows of `CohortSpec.all_sites`, with new sites taking their shares."""
    opening = [shift for shift in spec.shifts if isinstance(shift, NewSiteShift)]
    for number, shift in enumerate(opening):
        moves = (rng.random(len(site)) < shift.share) & (quarter >= shift.first_quarter)
        site = np.where(moves, len(spec.sites) + number, site)
    return site


def habits(spec: CohortSpec, catalogue: Catalogue, site: Ints, quarter: Ints) -> Habits:
    """How findings are written at these visits; where shifts overlap, the later one in the list decides."""
    parameters = catalogue.nuisance.findings
    shares = {name: np.full(len(site), getattr(parameters, name)) for name in ("exact", "coarser", "snomed")}
    for shift in spec.shifts:
        if isinstance(shift, CodingShift | NewSiteShift):
            rows = _concerned(spec, shift, site, quarter)
            for name, share in shares.items():
                wanted = getattr(shift, name)
                if wanted is not None:
                    share[rows] = wanted
    return Habits(**shares)


def other_habits(habit: Habits, catalogue: Catalogue) -> Iterator[tuple[Bools, Catalogue]]:
    """For each way of writing that is not the catalogue's own: which visits have it, and the catalogue with it."""
    own = catalogue.nuisance.findings
    for exact, coarser in sorted(set(zip(habit.exact.tolist(), habit.coarser.tolist(), strict=True))):
        if (exact, coarser) != (own.exact, own.coarser):
            findings = own.model_copy(update={"exact": exact, "coarser": coarser})
            nuisance = catalogue.nuisance.model_copy(update={"findings": findings})
            yield (habit.exact == exact) & (habit.coarser == coarser), replace(catalogue, nuisance=nuisance)


def unit_shifts(spec: CohortSpec, site: Ints, quarter: Ints) -> list[UnitShift | None]:
    """For each visit the unit shift that applies, if any."""
    result: list[UnitShift | None] = [None] * len(site)
    for shift in spec.shifts:
        if isinstance(shift, UnitShift):
            for row in np.flatnonzero(_concerned(spec, shift, site, quarter)).tolist():
                result[row] = shift
    return result


def without_lost(rng: np.random.Generator, spec: CohortSpec, visits: "Visits", quarter: Ints) -> "Visits":
    """The visits without the fields that are no longer sent, and without what a new site forgets."""
    lost = {name: np.zeros(len(quarter), dtype=np.bool_) for name in get_args(Sent)}
    for shift in spec.shifts:
        if isinstance(shift, LostFieldShift):
            lost[shift.field] |= _concerned(spec, shift, visits.site, quarter)
        elif isinstance(shift, NewSiteShift):
            rows, draws = _concerned(spec, shift, visits.site, quarter), rng.random((len(quarter), len(lost)))
            draws[:, CHANNELS.index("diastolic_bp")] = draws[:, CHANNELS.index("systolic_bp")]  # one cuff gives both
            for name, draw in zip((*CHANNELS, "days", "pregnant"), draws.T, strict=False):
                lost[name] |= rows & (draw < shift.extra_missing)
    measured = {name: np.where(lost[name], np.nan, getattr(visits.measured, name)) for name in CHANNELS}
    silent = lost["phenotypes"][:, None]
    # a finding's date would stand in for the complaint's
    undated = silent | lost["days"][:, None]
    return replace(
        visits,
        days=np.where(lost["days"], np.nan, visits.days),
        pregnant=np.where(lost["pregnant"], -1, visits.pregnant),
        measured=replace(visits.measured, **measured),
        recorded=replace(
            visits.recorded,
            observed=np.where(silent, -1, visits.recorded.observed),
            excluded=np.where(silent, -1, visits.recorded.excluded),
        ),
        finding_onset=np.where(undated, np.nan, visits.finding_onset),
    )


def rows_of(rows: Bools, one: _T, other: _T) -> _T:
    """A dataclass of arrays: the marked rows from `one`, the rest from `other`."""
    chosen = {}
    for field in fields(one):  # type: ignore[arg-type]
        of_one, of_other = getattr(one, field.name), getattr(other, field.name)
        if isinstance(of_one, np.ndarray):
            chosen[field.name] = np.where(rows.reshape(-1, *[1] * (of_one.ndim - 1)), of_one, of_other)
        else:
            chosen[field.name] = rows_of(rows, of_one, of_other)
    return type(one)(**chosen)


def _span(spec: CohortSpec) -> tuple[int, int]:
    """The first quarter of the cohort and the one after its last."""
    first, last = visit_quarters(spec, np.array([0, spec.days - 1])).tolist()
    return first, last + 1


def _factor(shift: PrevalenceShift | SeasonShift, quarter: int) -> float:
    if quarter < shift.first_quarter:
        return 1.0
    if isinstance(shift, PrevalenceShift):
        return shift.factor
    return shift.amplitude if quarter % 4 + 1 in shift.quarters else 1.0


def _scaled(shares: Floats, targets: Bools, factor: float, shift: PrevalenceShift | SeasonShift) -> Floats:
    share = float(shares[targets].sum())
    wanted = share * factor
    if wanted > 1:
        raise SpecError(
            f"shifts: {shift.kind} from {shift.start}: {factor:g} times a share of {share:.3g} is more than everybody; "
            f"expected at most {1 / share:.3g} times"
        )
    rest = (1 - wanted) / (1 - share) if share < 1 else 0.0
    return np.asarray(np.where(targets, shares * factor, shares * rest), dtype=np.float64)


def _meant(shift: PrevalenceShift | SeasonShift, catalogue: Catalogue) -> Bools:
    """The diseases that a shift is about, shape (D,)."""
    profiles = catalogue.profiles
    if isinstance(shift, SeasonShift):
        coded = [any(c.system == ICD_10 and c.code.startswith(shift.codes) for c in p.codes) for p in profiles]
        # few rare ones have such a code, depending on who described them: a season must not tell
        targets = [is_coded and not p.rare for is_coded, p in zip(coded, profiles, strict=True)]
        _require(any(targets), shift, "codes", ", ".join(shift.codes), [])
    elif shift.disease is not None:
        targets = [p.disease == shift.disease for p in profiles]
        _require(any(targets), shift, "disease", shift.disease, [p.disease for p in profiles])
    elif shift.group is not None:
        targets = [p.group == shift.group for p in profiles]
        _require(any(targets), shift, "group", shift.group, [p.group for p in profiles])
    else:
        return catalogue.rare
    return np.array(targets)


def _require(
    found: bool,
    shift: PrevalenceShift | SeasonShift,
    field: Literal["codes", "disease", "group"],
    given: str,
    known: list[str],
) -> None:
    if not found:
        near = difflib.get_close_matches(given, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SpecError(f"shifts: {shift.kind}: {field}: no disease of the catalogue has {given!r}{hint}")


def _concerned(
    spec: CohortSpec, shift: CodingShift | NewSiteShift | LostFieldShift | UnitShift, site: Ints, quarter: Ints
) -> Bools:
    """The visits that a shift is about, shape (m,)."""
    rows = np.asarray(quarter >= shift.first_quarter, dtype=np.bool_)
    name = shift.name if isinstance(shift, NewSiteShift) else shift.site
    return rows if name is None else rows & (site == spec.all_sites.index(name))
