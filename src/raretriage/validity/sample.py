"""Whom do the cheat tests look at? Visits of the ill or of everybody, drawn by the one sampler, with what is known.

Everything here but `columns` is hidden from a model: it says who the patient is, so that a test can ask whether the
columns give it away.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from raretriage.cohort import Catalogue, Chunk, CohortSpec, sample_chunk
from raretriage.cohort.catalogue import STATES
from raretriage.cohort.columns import columns_of, join_columns
from raretriage.cohort.profiles import Origin
from raretriage.domain import State
from raretriage.features import Columns, take
from raretriage.validity.errors import NothingToCompare

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Strings = npt.NDArray[np.object_]

_ARRAYS = ("is_rare", "disease", "group", "origin", "patient", "state", "undated")
_ANNOTATED = (Origin.ORPHA.value, Origin.OMIM.value)
_NEVER = 1e-12
"""A weight so small that nobody draws it, but not 0: the sampler divides by sums of weights."""
_PATIENTS = 1_000_000
"""Only as many chunks of this cohort are drawn as give the visits that are wanted."""


@dataclass(frozen=True, slots=True)
class Sample:
    """n visits; arrays have shape (n,)."""

    columns: Columns
    is_rare: Bools
    disease: Strings
    """Whose description it was drawn from: `Profile.disease`; as the next two, "" of who is not ill."""
    group: Strings
    """The disease itself, whoever described it: `Profile.group`. What is left out and drawn together."""
    origin: Strings
    """Values of `Origin`."""
    patient: Strings
    state: Ints
    """Place in `State`, by the written rule."""
    undated: Ints
    """How many of the observed findings have no onset of their own."""

    @property
    def count(self) -> int:
        return self.columns.count

    @property
    def observed(self) -> Ints:
        """How many findings were observed at each visit."""
        return np.bincount(self.columns.findings.row[self.columns.findings.observed], minlength=self.count)

    @property
    def excluded(self) -> Ints:
        """How many findings were asked for and absent at each visit."""
        return np.bincount(self.columns.findings.row[~self.columns.findings.observed], minlength=self.count)

    def take(self, rows: Ints) -> "Sample":
        """Some of the visits, in the order of `rows`."""
        return Sample(columns=take(self.columns, rows), **{name: getattr(self, name)[rows] for name in _ARRAYS})


def draw_ill(catalogue: Catalogue, *, seed: int, ill: int, rare_share: float) -> Sample:
    """At least `ill` visits of ill people.

    Args:
        catalogue: whose profiles and nuisance are used.
        seed: of the cohort.
        ill: how many visits for a disease are wanted.
        rare_share: share of the patients who come for a rare disease the first time; nobody comes healthy.
    """
    spec = CohortSpec(patients=_PATIENTS, seed=seed, rare_share=rare_share, healthy_share=0.0)
    parts: list[Sample] = []
    while sum(part.count for part in parts) < ill:
        visits = _visits_of(sample_chunk(spec, catalogue, len(parts)), catalogue)
        parts.append(visits.take(np.flatnonzero(visits.disease != "")))
    return join(parts)


def draw_everybody(catalogue: Catalogue, *, seed: int, visits: int) -> Sample:
    """At least as many visits; half of the patients come healthy the first time, so that intervals are narrow."""
    spec = CohortSpec(patients=_PATIENTS, seed=seed, healthy_share=0.5)
    parts: list[Sample] = []
    while sum(part.count for part in parts) < visits:
        parts.append(_visits_of(sample_chunk(spec, catalogue, len(parts)), catalogue))
    return join(parts)


def draw_rare(catalogue: Catalogue, *, seed: int, rare: int, twins_only: bool = False) -> Sample:
    """At least `rare` visits for a rare disease, about half of them described by Orphanet and half by OMIM.

    Balanced by design: how well two sources can be told apart does not depend on how many patients each has, but the
    interval does.

    Args:
        twins_only: only diseases that both have described, so that nothing differs but the description.

    Raises:
        NothingToCompare: one of the two has described no rare profile.
    """
    chosen, drawn = balanced(catalogue, twins_only=twins_only), list[Sample]()
    while sum(part.count for part in drawn) < rare:
        # A further visit may be for a common disease, so some are drawn in vain.
        everybody = draw_ill(chosen, seed=seed + len(drawn), ill=rare, rare_share=1.0)
        drawn.append(everybody.take(np.flatnonzero(everybody.is_rare)))
    return join(drawn)


def balanced(catalogue: Catalogue, *, twins_only: bool = False) -> Catalogue:
    """The same profiles, with Orphanet's and OMIM's rare ones drawn equally often, those of one origin alike, no other.

    Raises:
        NothingToCompare: one of the two has described no rare profile.
    """
    origin = origins(catalogue)
    chosen = catalogue.rare & np.isin(origin, _ANNOTATED)
    if twins_only:
        chosen &= _twins(catalogue, chosen)
    if missing := [kind for kind in _ANNOTATED if not (chosen & (origin == kind)).any()]:
        raise NothingToCompare(
            f"no rare profile to compare is of the origin {' or '.join(missing)}: whether two sources can be told "
            "apart needs profiles of both"
        )
    weight = np.where(catalogue.rare, _NEVER, catalogue.weight)
    for kind in _ANNOTATED:
        members = chosen & (origin == kind)
        weight[members] = 1 / members.sum()
    # The sampler draws the state first: with these shares every description comes as often as its weight says.
    of_state = {
        state.value: float(weight[catalogue.rare & (catalogue.state == row)].sum())
        for row, state in enumerate(STATES)
        if state is not State.HEALTHY
    }
    total, nuisance = sum(of_state.values()), catalogue.nuisance
    shares = {name: share / total for name, share in of_state.items()}
    rare = type(nuisance.rare).model_validate({**nuisance.rare.model_dump(), **shares})
    return replace(catalogue, weight=weight, nuisance=nuisance.model_copy(update={"rare": rare}))


def origins(catalogue: Catalogue) -> Strings:
    """The origin of each profile, shape (D,)."""
    return np.array([profile.origin.value for profile in catalogue.profiles], dtype=object)


def is_crossed(catalogue: Catalogue) -> Bools:
    """Which profiles are described as most of the other kind are: common from annotations, rare by the table."""
    return np.asarray(catalogue.rare == (origins(catalogue) == Origin.TABLE.value), dtype=np.bool_)


def straight(catalogue: Catalogue) -> Catalogue:
    """The same profiles without the crossed ones: class and source are then one."""
    return replace(catalogue, weight=np.where(is_crossed(catalogue), _NEVER, catalogue.weight))


def _twins(catalogue: Catalogue, chosen: Bools) -> Bools:
    """Which of the chosen profiles are of a disease that the other of the two has described too."""
    described: dict[str, set[str]] = {}
    for profile, is_chosen in zip(catalogue.profiles, chosen, strict=True):
        if is_chosen:
            described.setdefault(profile.group, set()).add(profile.origin.value)
    return np.array([len(described.get(profile.group, ())) > 1 for profile in catalogue.profiles])


def join(parts: list[Sample]) -> Sample:
    """The visits of several samples, one after the other."""
    return Sample(
        columns=join_columns([part.columns for part in parts]),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS},
    )


def _visits_of(chunk: Chunk, catalogue: Catalogue) -> Sample:
    visits = chunk.visits
    # who is not ill has disease -1, the last one
    disease = np.array([*(profile.disease for profile in catalogue.profiles), ""], dtype=object)
    group = np.array([*(profile.group for profile in catalogue.profiles), ""], dtype=object)
    origin = np.array([*(profile.origin.value for profile in catalogue.profiles), ""], dtype=object)
    patient = (chunk.first_patient + visits.patient).astype(str).astype(object)
    is_undated = np.isnan(visits.finding_onset) & (visits.recorded.observed >= 0)
    return Sample(
        columns=columns_of(chunk, catalogue),
        is_rare=visits.rare,
        disease=disease[visits.disease],
        group=group[visits.disease],
        origin=origin[visits.disease],
        patient=patient,
        state=visits.state,
        undated=is_undated.sum(axis=1),
    )
