import inspect

import numpy as np
import pytest

from raretriage.cohort import Catalogue
from raretriage.cohort.vitals import measure
from raretriage.domain import RANGES

N = 4_000


def vitals(
    catalogue: Catalogue, *findings: str, age: float = 40, severity: float = 0.2, emergency: int = 1, seed: int = 1
):
    observed = np.full((N, 7), -1)
    for i, finding in enumerate(findings):
        observed[:, i] = catalogue.terms.ids.index(finding)
    return measure(
        np.random.default_rng(seed),
        catalogue,
        age_years=np.full(N, age),
        is_male=np.zeros(N, dtype=np.int64),
        observed=observed,
        severity=np.full(N, severity),
        is_emergency=np.full(N, emergency),
    )


def test_nothing_about_the_disease_can_reach_the_vital_signs() -> None:
    assert set(inspect.signature(measure).parameters) == {
        "rng",
        "catalogue",
        "age_years",
        "is_male",
        "observed",
        "severity",
        "is_emergency",
    }


def test_the_profiles_rarity_and_state_change_no_vital_sign(catalogue: Catalogue) -> None:
    from dataclasses import replace

    turned = replace(catalogue, rare=~catalogue.rare, state=np.roll(catalogue.state, 1))
    for got, expected in zip(
        (getattr(vitals(turned), f) for f in ("temperature_c", "heart_rate", "pain")),
        (getattr(vitals(catalogue), f) for f in ("temperature_c", "heart_rate", "pain")),
        strict=True,
    ):
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("finding", "channel", "least"),
    [
        ("HP:0001945", "temperature_c", 1.0),  # fever
        ("HP:0001649", "heart_rate", 15.0),  # tachycardia
        ("HP:0002789", "respiratory_rate", 4.0),  # tachypnea
        ("HP:0000822", "systolic_bp", 15.0),  # hypertension
        ("HP:0012418", "spo2", -2.0),  # hypoxemia
        ("HP:0002027", "pain", 1.0),  # abdominal pain is a kind of pain
    ],
)
def test_findings_move_their_vital_sign(catalogue: Catalogue, finding: str, channel: str, least: float) -> None:
    shift = np.nanmean(getattr(vitals(catalogue, finding), channel)) - np.nanmean(getattr(vitals(catalogue), channel))
    assert shift <= least if least < 0 else shift >= least


def test_infants_beat_faster_than_adults(catalogue: Catalogue) -> None:
    assert np.nanmean(vitals(catalogue, age=0.5).heart_rate) > np.nanmean(vitals(catalogue, age=40).heart_rate) + 40


def test_severity_raises_pulse_and_lowers_saturation(catalogue: Catalogue) -> None:
    mild, severe = vitals(catalogue, severity=0.1), vitals(catalogue, severity=0.9)
    assert np.nanmean(severe.heart_rate) > np.nanmean(mild.heart_rate) + 8
    assert np.nanmean(severe.spo2) < np.nanmean(mild.spo2) - 0.5


def test_up_to_the_severity_of_the_healthy_vital_signs_are_those_of_the_well(catalogue: Catalogue) -> None:
    highest = catalogue.nuisance.severity.healthy[1]
    well, edge, beyond = (vitals(catalogue, severity=s) for s in (0.0, highest, highest + 0.2))
    np.testing.assert_array_equal(well.heart_rate, edge.heart_rate)
    assert np.nanmean(beyond.heart_rate) > np.nanmean(edge.heart_rate) + 2


def test_a_complaint_of_the_well_moves_less_than_one_of_the_ill(catalogue: Catalogue) -> None:
    highest = catalogue.nuisance.severity.healthy[1]
    shifts = [
        np.nanmean(vitals(catalogue, "HP:0001962", severity=s).heart_rate)  # palpitations
        - np.nanmean(vitals(catalogue, severity=s).heart_rate)
        for s in (highest / 3, highest, 0.6)
    ]
    assert shifts[0] < shifts[1] - 3
    assert shifts[1] == pytest.approx(shifts[2], abs=0.5)


@pytest.mark.parametrize(("severity", "least"), [(0.05, 0.85), (0.3, 0.80), (0.7, 0.70)])
def test_without_a_painful_finding_most_say_that_nothing_hurts(
    catalogue: Catalogue, severity: float, least: float
) -> None:
    assert catalogue.terms.effects[catalogue.terms.ids.index("HP:0012735"), 6] == 0
    pain = vitals(catalogue, "HP:0012735", severity=severity).pain  # cough
    pain = pain[~np.isnan(pain)]
    assert least < (pain == 0).mean() < 0.97, "some people report pain that no finding explains"


def test_a_painful_finding_hurts_and_the_more_so_the_iller_the_patient(catalogue: Catalogue) -> None:
    given = [vitals(catalogue, "HP:0002027", severity=s).pain for s in (0.05, 0.3, 0.8)]
    well, mild, severe = (pain[~np.isnan(pain)] for pain in given)
    assert (well > 0).mean() > 0.6
    assert (severe > 0).mean() > 0.95
    assert severe.mean() > mild.mean() + 1.5
    assert mild.mean() > well.mean() + 0.8


def test_everything_is_possible_and_systolic_is_above_diastolic(catalogue: Catalogue) -> None:
    got = vitals(catalogue, "HP:0002615", "HP:0012418", "HP:0001945", severity=1.0, age=0.1)
    for channel in ("temperature_c", "heart_rate", "respiratory_rate", "systolic_bp", "diastolic_bp", "spo2", "pain"):
        values = getattr(got, channel)
        assert RANGES[channel].low <= np.nanmin(values)
        assert np.nanmax(values) <= RANGES[channel].high
    measured = ~np.isnan(got.systolic_bp)
    assert (got.systolic_bp[measured] > got.diastolic_bp[measured]).all()
    assert (np.isnan(got.systolic_bp) == np.isnan(got.diastolic_bp)).all()


def test_missing_depends_on_where_it_was_measured_as_the_parameters_say(catalogue: Catalogue) -> None:
    missing = catalogue.nuisance.missing
    for emergency, setting in ((1, 0), (0, 1)):
        share = np.isnan(vitals(catalogue, emergency=emergency).heart_rate).mean()
        expected = 1 - (1 - missing.all_vitals[setting]) * (1 - missing.one_vital[setting])
        assert abs(share - expected) < 0.03
