"""Random draws that the sampler repeats: a choice by weights, a log-normal between percentiles, an interval."""

import numpy as np

from raretriage.cohort.catalogue import Floats, Ints
from raretriage.cohort.durations import Z90


def choose(rng: np.random.Generator, shares: Floats, size: int) -> Ints:
    """`size` row numbers of `shares`, which add up to 1.

    Takes the same random numbers, and gives the same rows, as `choose_rows` on `size` copies of `shares`; searching
    one sum takes a hundredth of the time of summing thousands of diseases for each patient.
    """
    edges = np.cumsum(shares)
    draws = rng.random(size) * edges[-1]
    rows = np.searchsorted(edges, draws, side="right").clip(max=len(shares) - 1)
    return np.asarray(rows, dtype=np.int64)


def choose_rows(rng: np.random.Generator, shares: Floats) -> Ints:
    """One column number for each row of `shares`, shape (n, k); each row adds up to 1."""
    edges = np.cumsum(shares, axis=1)
    draws = rng.random((len(shares), 1)) * edges[:, -1:]
    return np.asarray((draws >= edges).sum(axis=1).clip(max=shares.shape[1] - 1), dtype=np.int64)


def log_normal(rng: np.random.Generator, log10_low: Floats, log10_high: Floats) -> Floats:
    """Log-normal values whose 10th and 90th percentiles are given as log10, shape (n,) each."""
    centre, spread = (log10_low + log10_high) / 2, (log10_high - log10_low) / (2 * Z90)
    return np.asarray(10 ** (centre + spread * rng.standard_normal(len(centre))), dtype=np.float64)


def within(rng: np.random.Generator, low: Floats, high: Floats) -> Floats:
    """Beta(2, 2) stretched to the interval [low, high], shape (n,) each."""
    return np.asarray(low + (high - low) * rng.beta(2, 2, len(low)), dtype=np.float64)
