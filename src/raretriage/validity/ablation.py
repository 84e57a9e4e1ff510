"""What would the cohort claim without a safeguard, and what does each cost? ROC-AUC of rare, one off at a time.

A safeguard says that something is the same for every patient. Switched off, it no longer holds for rare ones, who are
then recorded as annotations and case reports are: with all findings, in exact words, without vital signs. The cost is
the AUC that is claimed without it, less the honest one: what the safeguard takes away because it was not medicine.

The switches are parameters of the nuisance; the sampler is the same. Common patients are those of the honest cohort.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from raretriage.cohort import Catalogue
from raretriage.cohort.nuisance import Nuisance
from raretriage.knowledge import Knowledge
from raretriage.validity.mix import RARE_SHARE, encoded, matrix_of, shared_vocabulary, wide_vocabulary
from raretriage.validity.sample import Sample, draw_ill, is_crossed, join, straight
from raretriage.validity.telling import SPLIT, Contest, Estimate

HONEST = "honest cohort"
NAIVE = "naive mix"
SHARED = "a vocabulary shared with common diseases"
CROSSED = "some diseases of either kind in the other's words"
ALL_OFF = "all of these at once"


@dataclass(frozen=True, slots=True)
class AblationRow:
    """The AUC of rare among the ill, claimed without one safeguard."""

    safeguard: str
    auc: float
    low: float
    high: float
    n: int
    cost: float
    """AUC without the safeguard, less that of the honest cohort."""
    split: str = SPLIT

    def as_json(self) -> dict[str, object]:
        return asdict(self)


Changes = Mapping[str, Mapping[str, object]]
"""Parameters to change: section of `nuisance.toml` -> name -> value."""

# Without an equal number: as many findings as published cases have, 8 in the median, middle half 4 to 12 (n = 5,274,
# Monarch phenopacket-store b694d17); spread evenly over 1 to 15.
_AS_PUBLISHED = (0.0, *(1 / 15,) * 15)

SWITCHES: Mapping[str, Changes] = {
    "as many findings for rare as for common": {"findings": {"recorded": _AS_PUBLISHED}},
    "background symptoms in rare": {"findings": {"background": 0.0}},
    "imprecise terms in rare": {"findings": {"exact": 1.0, "coarser": 0.0}},
    "absent findings written down for rare": {"findings": {"excluded": (1.0,)}},
    "vital signs and pain measured in rare": {"missing": {"all_vitals": (1.0, 1.0), "pain": (1.0, 1.0)}},
    "onset asked for in rare": {"missing": {"onset": (1.0, 1.0)}, "findings": {"onset_known": 0.0}},
    "other illness in rare": {"comorbidity": {"mean": (0.0,) * 5}},
}
"""What is no longer so for rare patients, and how."""


def without(nuisance: Nuisance, changes: Changes) -> Nuisance:
    """The nuisance with some parameters changed, checked as the file is."""
    tables = nuisance.model_dump()
    for section, values in changes.items():
        tables[section] |= dict(values)
    return Nuisance.model_validate(tables)


def ablate(
    catalogue: Catalogue,
    knowledge: Knowledge,
    *,
    seed: int,
    ill: int,
    naive: Sample | None = None,
    progress: Callable[[str], object] = lambda _name: None,
) -> tuple[AblationRow, ...]:
    """The table: naive mix, honest cohort, and the honest cohort without each safeguard.

    Args:
        catalogue: the training catalogue.
        seed: of patients, folds and bootstrap.
        ill: how many visits of ill people each row is measured on.
        naive: the naive mix's patients; the row is left out without.
        progress: called with the name of each finished row.
    """
    rows: list[AblationRow] = []
    honest: Estimate | None = None
    for name, sample, vocabulary in _settings(catalogue, seed, ill, naive):
        figure = _auc(sample, vocabulary, knowledge, seed)
        honest = honest or figure
        rows.append(
            AblationRow(name, figure.value, figure.low, figure.high, figure.n, cost=figure.value - honest.value)
        )
        progress(name)
    return tuple(rows)


def _settings(
    catalogue: Catalogue, seed: int, ill: int, naive: Sample | None
) -> Iterator[tuple[str, Sample, Sequence[str]]]:
    """Name, patients and vocabulary of each row, the honest cohort first."""
    honest = draw_ill(catalogue, seed=seed, ill=ill, rare_share=RARE_SHARE)
    yield HONEST, honest, shared_vocabulary(honest)
    if naive is not None:
        yield NAIVE, naive, wide_vocabulary(naive)
    yield SHARED, honest, wide_vocabulary(honest)
    if is_crossed(catalogue).any():
        sample = draw_ill(straight(catalogue), seed=seed, ill=ill, rare_share=RARE_SHARE)
        yield CROSSED, sample, shared_vocabulary(sample)
    for name, changes in SWITCHES.items():
        sample = _with_rare(honest, catalogue, changes, seed, ill)
        yield name, sample, shared_vocabulary(sample)
    together: dict[str, dict[str, object]] = {}
    for changes in SWITCHES.values():
        for section, values in changes.items():
            together.setdefault(section, {}).update(values)
    sample = _with_rare(honest, straight(catalogue), together, seed, ill)
    yield ALL_OFF, sample, wide_vocabulary(sample)


def _with_rare(honest: Sample, catalogue: Catalogue, changes: Changes, seed: int, ill: int) -> Sample:
    """The honest cohort's common patients, and rare ones drawn with other parameters."""
    other = draw_ill(
        replace(catalogue, nuisance=without(catalogue.nuisance, changes)), seed=seed, ill=ill, rare_share=RARE_SHARE
    )
    return join([honest.take(np.flatnonzero(~honest.is_rare)), other.take(np.flatnonzero(other.is_rare))])


def _auc(sample: Sample, vocabulary: Sequence[str], knowledge: Knowledge, seed: int) -> Estimate:
    contest = Contest.between(sample.is_rare, sample.group, seed=seed)
    matrix = matrix_of(encoded(sample, tuple(vocabulary), knowledge))
    return contest.estimate(contest.auc(*contest.scores(matrix)))
