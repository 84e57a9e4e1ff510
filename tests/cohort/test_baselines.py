import csv
import re
from importlib import resources as package_files

import numpy as np
import pytest

from raretriage.cohort import ProfileError
from raretriage.cohort.baselines import CENTILES, load_baselines
from raretriage.domain import VITALS

N = 20_000
SOURCE = re.compile(
    r"estimate|DOI:10\.\d{4,}/\S+|PMID:\d+|NHANES 2009-2012 (Pulse|BPSysAve|BPDiaAve|BPSysAve BPDiaAve), n=\d+"
)


def shipped(name: str) -> str:
    return package_files.files("raretriage.cohort").joinpath("profiles", name).read_text(encoding="utf-8")


def drawn(age: float, *, male: int = 0, seed: int = 1) -> dict[str, np.ndarray]:
    values = load_baselines().draw(np.random.default_rng(seed), np.full(N, age), np.full(N, male))
    return dict(zip(VITALS, values.T, strict=True))


@pytest.mark.parametrize("age", [0.0, 0.3, 7.0, 17.99, 40.0, 90.0])
@pytest.mark.parametrize("male", [0, 1])
def test_people_are_spread_as_the_tables_centiles_say(age: float, male: int) -> None:
    values = drawn(age, male=male)
    for vital in VITALS:
        centiles = load_baselines().centiles[vital][male].at(np.array([age]))[0]
        below = [(values[vital] <= centile).mean() for centile in centiles]
        np.testing.assert_allclose(below, CENTILES, atol=0.012, err_msg=f"{vital} at {age}")


@pytest.mark.parametrize(("age", "at_birthday"), [(0.2499, 0.25), (3.999, 4.0), (17.999, 18.0)])
def test_a_band_ends_where_the_next_begins(age: float, at_birthday: float) -> None:
    bands = load_baselines().centiles["heart_rate"][0]
    before, after = bands.at(np.array([age]))[0], bands.at(np.array([at_birthday]))[0]
    row = int(np.flatnonzero(bands.age_from == at_birthday)[0])
    np.testing.assert_array_equal(before, bands.values[row - 1])
    np.testing.assert_array_equal(after, bands.values[row])


def test_known_figures_of_the_sources_are_in_the_table() -> None:
    at = {vital: bands[1].at(np.array([5.0, 10.0, 40.0])) for vital, bands in load_baselines().centiles.items()}
    # Fleming 2011, web table 5: heart rate at 4 to 6 years
    assert at["heart_rate"][0].tolist() == [65, 81, 98, 117, 131]
    # Fourth Report 2004, appendix B: boys of 10 years at median height have a mean of 102.2 and 61.0
    assert (at["systolic_bp"][1, 2], at["diastolic_bp"][1, 2]) == (102.2, 61.0)
    # Obermeyer 2017: mean temperature 36.6
    assert at["temperature_c"][2, 2] == 36.6


def test_the_two_pressures_go_together_as_much_as_the_table_says() -> None:
    for age in (5.0, 40.0, 80.0):
        values = drawn(age)
        tied = load_baselines().correlation.at(np.array([age]))[0, 0]
        ranks = [values[v].argsort().argsort() for v in ("systolic_bp", "diastolic_bp")]
        # a normal score's correlation r is a rank correlation of 6/pi asin(r/2)
        assert np.corrcoef(ranks)[0, 1] == pytest.approx(6 / np.pi * np.arcsin(tied / 2), abs=0.03)


def test_men_and_women_differ_where_the_source_tells_them_apart() -> None:
    assert drawn(40, male=1)["systolic_bp"].mean() > drawn(40)["systolic_bp"].mean() + 3
    assert drawn(40, male=1)["heart_rate"].mean() < drawn(40)["heart_rate"].mean() - 2
    np.testing.assert_array_equal(drawn(5, male=1)["heart_rate"], drawn(5)["heart_rate"])


@pytest.mark.parametrize("name", ["vital_centiles.csv", "pressure_correlation.csv"])
def test_every_row_has_a_source_that_can_be_looked_up_or_says_estimate(name: str) -> None:

    rows = list(csv.DictReader(shipped(name).splitlines()))
    assert rows
    assert [row for row in rows if not SOURCE.fullmatch(row["source"])] == []


FIRST = "heart_rate,any,0,0.25,107,123,143,164,181"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (FIRST, FIRST.replace("heart_rate", "pulse"), "line 2: vital: 'pulse' is not one of"),
        (FIRST, FIRST.replace("any", "both"), "line 2: sex: 'both' is not one of"),
        (FIRST, FIRST.replace("107,123", "123,107"), "line 2: the centiles of heart_rate descend: 123, 107"),
        (FIRST, FIRST.replace("181", "301"), "line 2: p99: 301 is outside 0 to 300"),
        (FIRST, FIRST.replace("0,0.25", "0.1,0.25"), "line 2: age_from: 0.1, expected 0"),
        (FIRST, FIRST.replace("0,0.25", "0,0.3"), "line 3: age_from: 0.25, expected 0.3"),
        ("spo2,any,65,121", "spo2,any,65,100", r"age_to: 100, expected 121"),
        ("181,DOI:10.1016/S0140-6736(10)62226-X", "181,", "line 2: column source is empty"),
        ("spo2,any,", "spo2,male,", "spo2 has no row for sex female"),
    ],
)
def test_a_bad_row_stops_the_build_and_is_named(old: str, new: str, fault: str) -> None:
    text = shipped("vital_centiles.csv")
    assert old in text
    with pytest.raises(ProfileError, match=rf"vital_centiles\.csv.*{fault}"):
        load_baselines(text.replace(old, new))


@pytest.mark.parametrize(("new", "fault"), [("1.5", "correlation: 1.5 is outside -1 to 1"), ("", "is empty")])
def test_an_impossible_correlation_is_named(new: str, fault: str) -> None:
    text = shipped("pressure_correlation.csv")
    with pytest.raises(ProfileError, match=rf"pressure_correlation\.csv, line 2: .*{fault}"):
        load_baselines(None, text.replace("0,18,0.5", f"0,18,{new}"))
