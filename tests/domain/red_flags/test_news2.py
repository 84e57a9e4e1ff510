import pytest

from raretriage.domain import Presentation, RedFlag, red_flags
from raretriage.domain.red_flags import news2_score

CHART = {
    # Chart 1 of NEWS2 (RCP 2017), read by hand: field -> (value, points) at both ends of every box.
    "respiratory_rate": [(8, 3), (9, 1), (11, 1), (12, 0), (20, 0), (21, 2), (24, 2), (25, 3)],
    "spo2": [(91, 3), (92, 2), (93, 2), (94, 1), (95, 1), (96, 0), (100, 0)],
    "systolic_bp": [(90, 3), (91, 2), (100, 2), (101, 1), (110, 1), (111, 0), (219, 0), (220, 3)],
    "heart_rate": [(40, 3), (41, 1), (50, 1), (51, 0), (90, 0), (91, 1), (110, 1), (111, 2), (130, 2), (131, 3)],
    "temperature_c": [(35.0, 3), (35.1, 1), (36.0, 1), (36.1, 0), (38.0, 0), (38.1, 1), (39.0, 1), (39.1, 2)],
}
SIX = {"respiratory_rate": 22, "spo2": 93, "systolic_bp": 95}
SEVEN = SIX | {"heart_rate": 95}


@pytest.mark.parametrize(("field", "value", "points"), [(f, *pair) for f, pairs in CHART.items() for pair in pairs])
def test_each_box_of_the_chart_scores_its_points(field: str, value: float, points: int) -> None:
    assert news2_score(Presentation.model_validate({field: value})) == points


def test_the_sum_is_urgent_from_seven_though_no_single_value_is() -> None:
    assert news2_score(Presentation(**SIX)) == 6
    assert red_flags(Presentation(age_years=70, **SIX)) == ()
    assert news2_score(Presentation(**SEVEN)) == 7
    assert red_flags(Presentation(age_years=70, **SEVEN)) == (RedFlag.NEWS2_TOTAL,)
    assert red_flags(Presentation(**SEVEN)) == (RedFlag.NEWS2_TOTAL,)


def test_the_sum_is_for_adults_who_are_not_pregnant() -> None:
    assert RedFlag.NEWS2_TOTAL in red_flags(Presentation(age_years=16, **SEVEN))
    assert RedFlag.NEWS2_TOTAL not in red_flags(Presentation(age_years=15.9999, **SEVEN))
    assert RedFlag.NEWS2_TOTAL not in red_flags(Presentation(age_years=30, pregnant="yes", **SEVEN))


def test_what_was_not_measured_scores_nothing() -> None:
    assert news2_score(Presentation()) == 0
