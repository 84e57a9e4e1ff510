"""Do simulated healthy adults look like real ones? NHANES 2009-2012, people who call their health good or better."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from raretriage.cohort import Catalogue, CohortSpec, chunk_count, sample_chunk
from raretriage.cohort.baselines import load_baselines

FIELDS = {"heart_rate": "Pulse", "systolic_bp": "BPSysAve", "diastolic_bp": "BPDiaAve"}
CELLS = [(sex, band) for sex in ("female", "male") for band in ((18, 45), (45, 65), (65, 95))]
LEAST_SIMULATED = 1_000


def largest_distance(n: int) -> float:
    """Of two distributions (Kolmogorov-Smirnov). Over 64 there are 34 women and 46 men: one alone is 0.03 or 0.02."""
    return 0.10 if n >= 90 else 0.15


@pytest.fixture(scope="module")
def simulated(catalogue: Catalogue) -> Callable[[str, str, tuple[int, int]], np.ndarray]:
    """Values of a vital sign of simulated healthy people by sex and age, where measured."""
    # with 16,000 a cell's mean pressure had a standard error of 0.5, so that the seed decided about a limit of 2 mmHg
    spec = CohortSpec(patients=32_000, seed=5, rare_share=0.0, healthy_share=1.0)
    chunks = [sample_chunk(spec, catalogue, number) for number in range(chunk_count(spec))]
    is_well = np.concatenate([c.visits.disease < 0 for c in chunks])
    age = np.concatenate([c.visits.age_years for c in chunks])
    is_male = np.concatenate([c.patients.is_male[c.visits.patient] == 1 for c in chunks])
    measured = {v: np.concatenate([getattr(c.visits.measured, v) for c in chunks]) for v in FIELDS}

    def of(vital: str, sex: str, band: tuple[int, int]) -> np.ndarray:
        values = measured[vital][is_well & (is_male == (sex == "male")) & (age >= band[0]) & (age < band[1])]
        return values[~np.isnan(values)]

    return of


@pytest.fixture(scope="module")
def real(shared_data: Path) -> list[dict[str, str]]:
    """Different people with good or better health: the file repeats people."""
    with (shared_data / "nhanes" / "nhanes_dev.csv").open(encoding="utf-8") as file:
        people = {row["ID"]: row for row in csv.DictReader(file)}
    return [row for row in people.values() if row["HealthGen"] in {"Good", "Vgood", "Excellent"}]


def of_real(real: list[dict[str, str]], vital: str, sex: str, band: tuple[int, int]) -> np.ndarray:
    values = [float(r[FIELDS[vital]]) for r in real if r["Gender"] == sex and band[0] <= float(r["Age"]) < band[1]]
    return np.array([value for value in values if value > 0])  # a diastolic pressure of 0 was not heard


@pytest.mark.shared_data
@pytest.mark.parametrize("vital", FIELDS)
@pytest.mark.parametrize(("sex", "band"), CELLS)
def test_healthy_adults_are_distributed_as_real_ones(
    simulated: Callable[[str, str, tuple[int, int]], np.ndarray],
    real: list[dict[str, str]],
    vital: str,
    sex: str,
    band: tuple[int, int],
) -> None:
    ours, theirs = simulated(vital, sex, band), of_real(real, vital, sex, band)
    assert len(ours) >= LEAST_SIMULATED
    assert len(theirs) >= 30
    assert abs(ours.mean() - theirs.mean()) <= 2.0, f"simulated n={len(ours)}, real n={len(theirs)}"
    if vital == "heart_rate":
        ours = 2 * np.round(ours / 2)  # NHANES counts 30 seconds and doubles
    distance = stats.ks_2samp(ours, theirs).statistic
    assert distance <= largest_distance(len(theirs)), f"simulated n={len(ours)}, real n={len(theirs)}"


@pytest.mark.shared_data
def test_pulse_and_pressure_go_together_no_more_than_in_real_people(
    simulated: Callable[[str, str, tuple[int, int]], np.ndarray], real: list[dict[str, str]]
) -> None:
    people = [r for r in real if 18 <= float(r["Age"]) < 45 and float(r["BPDiaAve"]) > 0]
    theirs = stats.spearmanr([float(r["BPSysAve"]) for r in people], [float(r["BPDiaAve"]) for r in people]).statistic
    # one band of one sex at a time would be 75 people: both sexes, 18 to 44 years
    systolic, diastolic = (
        np.concatenate([simulated(v, sex, (18, 45)) for sex in ("female", "male")])
        for v in ("systolic_bp", "diastolic_bp")
    )
    assert len(people) > 300
    assert abs(stats.spearmanr(systolic, diastolic).statistic - theirs) < 0.12


@pytest.mark.shared_data
def test_as_many_healthy_people_have_a_finding_as_real_ones_had_a_complaint_in_a_month(
    catalogue: Catalogue, real: list[dict[str, str]]
) -> None:
    unwell = np.array([max(float(r["DaysPhysHlthBad"]), float(r["DaysMentHlthBad"])) for r in real])
    assert len(unwell) > 600
    assert 1 - catalogue.nuisance.findings.recorded_healthy[0] == pytest.approx((unwell > 0).mean(), abs=0.01)
    low, high = np.quantile(unwell[unwell > 0], [0.1, 0.9])
    assert catalogue.nuisance.duration.healthy == (low, high)


@pytest.mark.parametrize("vital", FIELDS)
@pytest.mark.parametrize(("sex", "band"), CELLS)
def test_healthy_adults_stay_near_the_tables_own_medians(
    simulated: Callable[[str, str, tuple[int, int]], np.ndarray], vital: str, sex: str, band: tuple[int, int]
) -> None:
    ages = np.linspace(*band, 200, endpoint=False)
    median = load_baselines().centiles[vital][sex == "male"].at(ages)[:, 2].mean()
    values = simulated(vital, sex, band)
    assert abs(np.median(values) - median) <= 2.0, f"simulated n={len(values)}"
