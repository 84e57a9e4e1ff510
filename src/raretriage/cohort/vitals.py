"""What is measured at a visit? Vital signs and pain from age, findings and severity, never from class or source."""

from dataclasses import dataclass

import numpy as np

from raretriage.cohort.baselines import load_baselines
from raretriage.cohort.catalogue import CHANNELS, Catalogue, Floats, Ints
from raretriage.domain import RANGES, VITALS

# Shift at severity 1 of temperature, heart rate, breathing, systolic, diastolic, SpO2, pain; none up to the severity
# of the healthy, who are described by the baselines as they are. Source: estimate.
_BY_SEVERITY = np.array([0.25, 16.0, 3.5, -4.0, -3.0, -1.6, 1.0])
# Pain is what exceeds 0 of a tendency with this mean and spread: without a painful finding 8 % of the well and 20 % of
# the severely ill say more than 0. Source: estimate.
_PAIN = (-1.2, 1.2)
_PAIN_GROWS = 2.2
"""A painful finding hurts the more, the iller the patient: its effect grows by this times severity. Estimate."""
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
        catalogue: effects of findings, the severity of the healthy, shares of missing.
        age_years: shape (n,).
        is_male: 0 or 1, shape (n,).
        observed: term rows of the findings, -1 pads, shape (n, k).
        severity: 0 to 1, shape (n,).
        is_emergency: 0 or 1; decides how often a value is missing, shape (n,).
    """
    values = _baseline(rng, age_years, is_male)
    effects = _by_findings(catalogue, observed) * rng.lognormal(-0.08, 0.4, values.shape)
    well = catalogue.nuisance.severity.healthy[1]
    # The people behind the baselines have their complaints too: a complaint of the well moves less than one of the ill.
    effects[:, : len(VITALS)] *= (severity / well).clip(max=1)[:, None]
    effects[:, len(VITALS)] *= 1 + _PAIN_GROWS * severity
    values += effects
    values += _BY_SEVERITY * ((severity - well) / (1 - well)).clip(min=0)[:, None]
    values[:, 3] = np.maximum(values[:, 3], values[:, 4] + 12)  # systolic stays above diastolic
    for column, channel in enumerate(CHANNELS):
        limits = RANGES[channel]
        values[:, column] = values[:, column].clip(limits.low, limits.high)
    values[:, 0] = values[:, 0].round(1)
    values[:, 1:] = values[:, 1:].round(0)
    return Measured(*_forget(rng, catalogue, values, is_emergency).T)


def _baseline(rng: np.random.Generator, age_years: Floats, is_male: Ints) -> Floats:
    values = np.empty((len(age_years), len(CHANNELS)))
    values[:, : len(VITALS)] = load_baselines().draw(rng, age_years, is_male)
    values[:, 6] = rng.normal(*_PAIN, len(values))
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
