import pytest

from raretriage.domain import Presentation, RedFlag, red_flags


@pytest.mark.parametrize(
    ("field", "last_calm", "first_urgent", "flag"),
    [
        ("spo2", 92, 91, RedFlag.LOW_SPO2),
        ("respiratory_rate", 9, 8, RedFlag.RESPIRATORY_RATE),
        ("respiratory_rate", 24, 25, RedFlag.RESPIRATORY_RATE),
        ("systolic_bp", 91, 90, RedFlag.SYSTOLIC_BP),
        ("systolic_bp", 219, 220, RedFlag.SYSTOLIC_BP),
        ("heart_rate", 41, 40, RedFlag.HEART_RATE),
        ("heart_rate", 130, 131, RedFlag.HEART_RATE),
        ("temperature_c", 35.1, 35.0, RedFlag.LOW_TEMPERATURE),
    ],
)
def test_adult_limits_are_those_of_news2(field, last_calm, first_urgent, flag):
    assert red_flags(Presentation.model_validate({"age_years": 16, field: last_calm})) == ()
    assert red_flags(Presentation.model_validate({"age_years": 16, field: first_urgent})) == (flag,)
    assert red_flags(Presentation.model_validate({field: first_urgent})) == (flag,)


def test_a_child_is_not_judged_by_adult_pulse_and_breathing():
    infant = {"age_years": 0.5, "heart_rate": 150, "respiratory_rate": 40}
    assert red_flags(Presentation.model_validate(infant)) == ()
    assert red_flags(Presentation.model_validate({**infant, "spo2": 91})) == (RedFlag.LOW_SPO2,)


def test_what_was_not_measured_is_no_alarm():
    assert red_flags(Presentation(age_years=40)) == ()
