"""The rules that today's users know, at their bounds and one step either side."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.rules import ACUTE, CHRONIC, DEFAULTS, HEALTHY, LIMITS, MILD, predict_status, score

SEVERITY = [HEALTHY, MILD, ACUTE, CHRONIC]
wide = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("features", "status"),
    [
        ({"fever": 0.5, "pain": 1, "days": 0}, "NO ENFERMO"),
        ({"fever": 2, "pain": 3, "days": 3}, "ENFERMEDAD LEVE"),
        ({"fever": 6, "pain": 6, "days": 10, "comorbidity": 1}, "ENFERMEDAD AGUDA"),
        ({"fever": 4, "pain": 4, "days": 45}, "ENFERMEDAD CRÓNICA"),
        ({"fever": 5, "pain": 5, "days": 10, "comorbidity": 1, "age": 70}, "ENFERMEDAD AGUDA"),
    ],
)
def test_known_patients_keep_their_state(features: dict[str, float], status: str) -> None:
    assert predict_status(features) == status


@pytest.mark.parametrize(
    ("features", "status"),
    [
        # healthy: score < 3 and days < 2, each half alone
        ({"fever": 5.8, "pain": 0, "days": 0}, HEALTHY),
        ({"fever": 6, "pain": 0, "days": 0}, MILD),
        ({"fever": 0, "pain": 0, "days": 1.9}, HEALTHY),
        ({"fever": 0, "pain": 0, "days": 2}, MILD),
        # mild: score < 6 and days < 7
        ({"fever": 10, "pain": 2.4, "days": 0}, MILD),
        ({"fever": 10, "pain": 2.5, "days": 0}, ACUTE),
        ({"fever": 0, "pain": 0, "days": 6.9}, MILD),
        ({"fever": 0, "pain": 0, "days": 7}, ACUTE),
        # acute: score < 9.5 and days < 30
        ({"fever": 10, "pain": 10, "days": 4}, ACUTE),
        ({"fever": 10, "pain": 10, "days": 5}, CHRONIC),
        ({"fever": 0, "pain": 0, "days": 29.9}, ACUTE),
        ({"fever": 0, "pain": 0, "days": 30}, CHRONIC),
        # exactly on the bound by several inputs
        ({"fever": 5, "pain": 1, "days": 1}, MILD),
    ],
)
def test_bounds_fall_on_the_side_the_rule_says(features: dict[str, float], status: str) -> None:
    assert predict_status(features) == status


def test_long_illness_adds_two_points_and_counts_thirty_days_at_most() -> None:
    assert score({"days": 29}) == 2.9
    assert score({"days": 30}) == 5.0
    assert score({"days": 3_000}) == 5.0


@pytest.mark.parametrize("absent", [{}, dict.fromkeys(DEFAULTS), dict.fromkeys(DEFAULTS, math.nan)])
def test_absent_inputs_take_their_defaults(absent: dict[str, float | None]) -> None:
    assert predict_status(absent) == predict_status(DEFAULTS) == HEALTHY


@given(st.fixed_dictionaries(dict.fromkeys(DEFAULTS, wide)))
def test_values_outside_are_moved_to_the_nearer_end(features: dict[str, float]) -> None:
    inside = {name: min(max(value, LIMITS[name][0]), LIMITS[name][1]) for name, value in features.items()}
    assert predict_status(features) == predict_status(inside)
    assert 0 <= score(features) <= 15.5


@given(st.fixed_dictionaries(dict.fromkeys(DEFAULTS, wide)), st.sampled_from(["fever", "pain", "days", "comorbidity"]))
def test_more_of_anything_never_looks_milder(features: dict[str, float], raised: str) -> None:
    worse = features | {raised: features[raised] + 1}
    assert SEVERITY.index(predict_status(worse)) >= SEVERITY.index(predict_status(features))


@given(st.fixed_dictionaries(dict.fromkeys(DEFAULTS, wide)), wide)
def test_age_changes_nothing(features: dict[str, float], age: float) -> None:
    assert predict_status(features | {"age": age}) == predict_status(features)


def test_sums_that_binary_arithmetic_misses_by_a_hair_are_exact() -> None:
    # 0.5 + 1.8 + 0.4 + 0.3 is 2.9999999999999996 in binary floating point
    assert score({"fever": 1, "pain": 4.5, "days": 4, "comorbidity": 1}) == 3.0


def test_infinity_is_clamped() -> None:
    assert predict_status({"fever": math.inf, "pain": math.inf, "days": math.inf}) == CHRONIC
    assert predict_status({"fever": -math.inf}) == HEALTHY


@pytest.mark.parametrize("value", [True, "3", [3]])
def test_what_is_no_number_is_refused_by_name(value: object) -> None:
    with pytest.raises(TypeError, match="fever must be a number"):
        predict_status({"fever": value})  # type: ignore[dict-item]
