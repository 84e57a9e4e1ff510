"""What is measured at a visit? Vital signs and pain from age, findings and severity, never from class or source."""

from dataclasses import dataclass

import numpy as np

from raretriage.cohort.catalogue import CHANNELS, Catalogue, Floats, Ints
from raretriage.domain import RANGES

# Shift at severity 1 of temperature, heart rate, breathing, systolic, diastolic, SpO2, pain. Source: estimate.
_BY_SEVERITY = np.array([0.25, 16.0, 3.5, -4.0, -3.0, -1.6, 1.0])
# Mean and spread of temperature and SpO2 in the well; the others come with age. Source: estimate.
_TEMPERATURE = (36.65, 0.28)
_SPO2 = (97.7, 0.9)
# Pain is what exceeds 0 of a tendency with this mean and spread: without a painful finding 8 % of the well and 20 % of
# the severely ill say more than 0. Source: estimate.
_PAIN = (-1.2, 1.2)
_PAIN_GROWS = 2.2
"""A painful finding hurts the more, the iller the patient: its effect grows by this times severity. Estimate."""
_SEX_SYSTOLIC = 4.0
"""Systolic pressure of adult men above women's, mmHg. Source: estimate."""
_SECOND_FINDING = 0.5
"""A second finding with the same effect adds half as much, a third a quarter: effects do not pile up. Estimate."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One array a channel, shape (n,); NaN where it was not measured. Units: `raretriage.domain.RANGES`."""

    temperature_c: Floats
    heart_rate: Floats
    respiratory_rate: Floats
    systolic_bp: Floats
    diastolic_bp: Floats
    spo2: Floats
    pain: Floats


def measure(
    rng: np.random.Generator,
    catalogue: Catalogue,
    *,
    age_years: Floats,
    is_male: Ints,
    observed: Ints,
    severity: Floats,
    is_emergency: Ints,
) -> Measured:
    """Draw the vital signs of n visits. There is no argument for the disease, its class or its source.

    Args:
        rng: the chunk's generator.
        catalogue: baselines, effects of findings, shares of missing.
        age_years: shape (n,).
        is_male: 0 or 1, shape (n,).
        observed: term rows of the findings, -1 pads, shape (n, k).
        severity: 0 to 1, shape (n,).
        is_emergency: 0 or 1; decides how often a value is missing, shape (n,).
    """
    values = _baseline(rng, catalogue, age_years, is_male)
    effects = _by_findings(catalogue, observed) * rng.lognormal(-0.08, 0.4, values.shape)
    effects[:, 6] *= 1 + _PAIN_GROWS * severity
    values += effects
    values += _BY_SEVERITY * severity[:, None]
    values[:, 3] = np.maximum(values[:, 3], values[:, 4] + 12)  # systolic stays above diastolic
    for column, channel in enumerate(CHANNELS):
        limits = RANGES[channel]
        values[:, column] = values[:, column].clip(limits.low, limits.high)
    values[:, 0] = values[:, 0].round(1)
    values[:, 1:] = values[:, 1:].round(0)
    return Measured(*_forget(rng, catalogue, values, is_emergency).T)


def _baseline(rng: np.random.Generator, catalogue: Catalogue, age_years: Floats, is_male: Ints) -> Floats:
    table = catalogue.vital_baselines
    band = (np.searchsorted(table[:, 0], age_years, side="right") - 1).clip(0, len(table) - 1)
    noise = rng.standard_normal((len(age_years), len(CHANNELS)))
    noise[:, 4] = 0.6 * noise[:, 3] + 0.8 * noise[:, 4]  # the two pressures rise and fall together
    of_age = table[band, 2:].reshape(len(band), 4, 2)
    values = np.empty_like(noise)
    values[:, 0] = _TEMPERATURE[0] + _TEMPERATURE[1] * noise[:, 0]
    values[:, 1:5] = of_age[:, :, 0] + of_age[:, :, 1] * noise[:, 1:5]
    values[:, 3] += _SEX_SYSTOLIC * is_male * (age_years >= 18)
    values[:, 5] = _SPO2[0] + _SPO2[1] * noise[:, 5]
    values[:, 6] = _PAIN[0] + _PAIN[1] * noise[:, 6]
    return values


def _by_findings(catalogue: Catalogue, observed: Ints) -> Floats:
    effects = np.where((observed >= 0)[:, :, None], catalogue.terms.effects[observed], 0.0)
    strongest = np.take_along_axis(effects, np.argsort(-np.abs(effects), axis=1, kind="stable"), axis=1)
    weights = _SECOND_FINDING ** np.arange(observed.shape[1])
    return np.asarray(np.einsum("nkc,k->nc", strongest, weights), dtype=np.float64)


def _forget(rng: np.random.Generator, catalogue: Catalogue, values: Floats, is_emergency: Ints) -> Floats:
    missing, setting = catalogue.nuisance.missing, 1 - is_emergency
    lost = rng.random(values.shape) < np.array(missing.one_vital)[setting][:, None]
    lost[:, 4] = lost[:, 3]  # one cuff gives both pressures
    lost[:, :6] |= (rng.random(len(values)) < np.array(missing.all_vitals)[setting])[:, None]
    lost[:, 6] = rng.random(len(values)) < np.array(missing.pain)[setting]
    return np.where(lost, np.nan, values)
