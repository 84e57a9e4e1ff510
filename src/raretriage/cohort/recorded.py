"""Which findings are written down at a visit? One process for everybody: presence, forgetting, imprecision.

How many are written is drawn before anything is known of the disease, from one distribution for all ill patients.
So somebody with twenty annotated findings has no longer a list than somebody with a cold.
"""

from dataclasses import dataclass

import numpy as np

from raretriage.cohort.catalogue import Bools, Catalogue, Floats, Ints
from raretriage.cohort.draws import choose, choose_rows

_ASKED_CANDIDATES = 3
"""Candidates drawn for every exclusion wanted: some turn out to be present or to be asked twice."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is written at each of n visits, as term rows of the catalogue; -1 pads."""

    observed: Ints
    """Shape (n, most recorded findings)."""
    excluded: Ints
    """Asked for and absent, shape (n, most exclusions)."""


def record(rng: np.random.Generator, catalogue: Catalogue, disease: Ints, is_male: Ints) -> Recorded:
    """Draw the findings of n visits. Nobody has, or is asked for, a finding that only the other sex can have.

    Args:
        rng: the chunk's generator.
        catalogue: profiles as arrays.
        disease: row of the disease that causes the visit, -1 for none; shape (n,).
        is_male: 0 or 1, shape (n,).
    """
    is_ill = disease >= 0
    slots = catalogue.finding[disease.clip(min=0)]
    slots = np.where(_possible(catalogue, slots, is_male), slots, -1)
    present = _present(rng, catalogue, disease, slots)
    observed = _observed(rng, catalogue, disease, is_male, slots, present, _wanted(rng, catalogue, is_ill))
    truth = np.concatenate([np.where(present, slots, -1), observed], axis=1)
    return Recorded(observed, _excluded(rng, catalogue, truth, is_male))


def _possible(catalogue: Catalogue, terms: Ints, is_male: Ints) -> Bools:
    """Whether each term can be had by the person of its row; shape of `terms`, (n, k)."""
    only_sex = catalogue.terms.only_sex[terms]
    return np.asarray((terms < 0) | (only_sex < 0) | (only_sex == is_male[:, None]), dtype=np.bool_)


def _wanted(rng: np.random.Generator, catalogue: Catalogue, is_ill: Bools) -> Ints:
    """How many findings will be written: from the disease nothing, from being ill its distribution."""
    parameters = catalogue.nuisance.findings
    ill = choose(rng, np.array(parameters.recorded), len(is_ill))
    healthy = choose(rng, np.array(parameters.recorded_healthy), len(is_ill))
    return np.where(is_ill, ill, healthy)


def _present(rng: np.random.Generator, catalogue: Catalogue, disease: Ints, slots: Ints) -> Bools:
    """Which findings of the disease the patient has, shape (n, S)."""
    row = disease.clip(min=0)
    low, high = catalogue.low[row], catalogue.high[row]
    probability = low + (high - low) * rng.random(low.shape)
    present = rng.random(low.shape) < probability
    return np.asarray(present & (disease >= 0)[:, None] & (slots >= 0), dtype=np.bool_)


def _observed(
    rng: np.random.Generator,
    catalogue: Catalogue,
    disease: Ints,
    is_male: Ints,
    slots: Ints,
    present: Bools,
    wanted: Ints,
) -> Ints:
    row, width = disease.clip(min=0), len(catalogue.nuisance.findings.recorded) - 1
    terms = catalogue.terms
    # Present findings first, in an order that favours the frequent ones (Gumbel top-k). Where fewer are present than
    # are to be written, the likeliest of the others join: nobody comes with a disease and nothing to show.
    likelihood = np.log(((catalogue.low[row] + catalogue.high[row]) / 2).clip(min=1e-6)) + rng.gumbel(size=slots.shape)
    order = np.argsort(-np.where(slots >= 0, likelihood + 100.0 * present, -np.inf), axis=1, kind="stable")[:, :width]
    slot_term = np.take_along_axis(slots, order, axis=1)
    member = (rng.random(order.shape) * np.take_along_axis(catalogue.exact_count[row], order, axis=1)).astype(np.int64)
    exact = np.take_along_axis(
        np.take_along_axis(catalogue.exact[row], order[:, :, None], axis=1), member[:, :, None], 2
    )
    is_exact = rng.random(order.shape) < catalogue.nuisance.findings.exact
    is_exact &= _possible(catalogue, exact[:, :, 0], is_male)
    written = np.where(is_exact & (slot_term >= 0), exact[:, :, 0], slot_term)

    shares = catalogue.background_share
    symptoms = catalogue.background[choose(rng, shares, order.size)].reshape(order.shape)
    is_background = (rng.random(order.shape) < catalogue.nuisance.findings.background) | (disease < 0)[:, None]
    written = np.where(is_background | (written < 0), symptoms, written)
    is_coarser = rng.random(order.shape) < catalogue.nuisance.findings.coarser
    written = np.where(is_coarser, terms.coarser[written], written)
    return _without_repeats(np.where(np.arange(width) < wanted[:, None], written, -1))


def _excluded(rng: np.random.Generator, catalogue: Catalogue, truth: Ints, is_male: Ints) -> Ints:
    """Findings asked for and absent: the same questions to everybody, as often as common diseases suggest them."""
    shares = np.array(catalogue.nuisance.findings.excluded)
    width = len(shares) - 1
    candidates = catalogue.asked[choose(rng, catalogue.asked_share, len(truth) * width * _ASKED_CANDIDATES)]
    candidates = candidates.reshape(len(truth), width * _ASKED_CANDIDATES)
    # Who has a kind of it, has it: that answer would not have been no.
    has_it = catalogue.terms.is_a[truth[:, :, None], candidates[:, None, :]] & (truth >= 0)[:, :, None]
    fits = ~has_it.any(axis=1) & _possible(catalogue, candidates, is_male)
    candidates = _without_repeats(np.where(fits, candidates, -1))
    # the usable ones to the front, in the order in which they were asked
    front = np.argsort(candidates < 0, axis=1, kind="stable")[:, :width]
    wanted = choose(rng, shares, len(truth))
    return np.where(np.arange(width) < wanted[:, None], np.take_along_axis(candidates, front, axis=1), -1)


def _without_repeats(rows: Ints) -> Ints:
    """Each row's values once, later repetitions become -1."""
    earlier = np.tril(np.ones((rows.shape[1], rows.shape[1]), dtype=np.bool_), k=-1)
    repeated = ((rows[:, :, None] == rows[:, None, :]) & earlier).any(axis=2)
    return np.where(repeated, -1, rows)


def comorbidities(rng: np.random.Generator, catalogue: Catalogue, age_band: Ints, sex: Ints, own: Ints) -> Ints:
    """Chronic common diseases that patients have besides: rows of the catalogue, -1 pads, shape (n, 5).

    Depends on age and sex alone; a patient's own disease is not repeated.
    """
    chronic = np.flatnonzero(~catalogue.rare & (catalogue.state == 3))
    fits = (catalogue.sex[chronic][None, :] == -1) | (catalogue.sex[chronic][None, :] == sex[:, None])
    shares: Floats = catalogue.weight[chronic] * catalogue.ages[chronic][:, age_band].T * fits
    wanted = rng.poisson(np.array(catalogue.nuisance.comorbidity.mean)[age_band]).clip(max=5)
    drawn = np.stack([chronic[choose_rows(rng, shares)] for _ in range(5)], axis=1)
    drawn = np.where((np.arange(5) < wanted[:, None]) & (drawn != own[:, None]), drawn, -1)
    return _without_repeats(drawn)
