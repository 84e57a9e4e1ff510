"""The limits, written out once more by hand: both ends of every age band, the bound, and a step to the calm side."""

import pytest

from raretriage.domain import RANGES, Presentation, RedFlag, red_flags
from raretriage.domain.red_flags import ESTIMATE, VitalRule, vital_rules

LAST_OF_YEAR, LAST_OF_MONTHS = 0.9999, 0.0832
ADULTS, TEENS = (16, 89.9), (12, 15.9999)
BREATHING, PULSE, PRESSURE = RedFlag.RESPIRATORY_RATE, RedFlag.HEART_RATE, RedFlag.SYSTOLIC_BP
COLD, SPO2 = RedFlag.LOW_TEMPERATURE, RedFlag.LOW_SPO2
SMALL_PRESSURE = [((age, age + LAST_OF_YEAR), 70 + 2 * age, 69 + 2 * age) for age in range(1, 10)]

LIMITS = [
    # field, flag, (first age, last age), last calm, first urgent
    *(("spo2", SPO2, ages, 92, 91) for ages in [(0, 0.9999), (1, 15.9999), ADULTS]),
    ("respiratory_rate", BREATHING, (0, 0.9999), 59, 60),
    ("respiratory_rate", BREATHING, (1, 2.9999), 49, 50),
    ("respiratory_rate", BREATHING, (3, 4.9999), 39, 40),
    ("respiratory_rate", BREATHING, (5, 5.9999), 28, 29),
    ("respiratory_rate", BREATHING, (6, 7.9999), 26, 27),
    ("respiratory_rate", BREATHING, (8, 11.9999), 24, 25),
    ("respiratory_rate", BREATHING, TEENS, 24, 25),
    ("respiratory_rate", BREATHING, ADULTS, 24, 25),
    ("respiratory_rate", BREATHING, (0, 11.9999), 10, 9),
    ("respiratory_rate", BREATHING, TEENS, 9, 8),
    ("respiratory_rate", BREATHING, ADULTS, 9, 8),
    ("heart_rate", PULSE, (0, 0.9999), 159, 160),
    ("heart_rate", PULSE, (1, 2.9999), 149, 150),
    ("heart_rate", PULSE, (3, 4.9999), 139, 140),
    ("heart_rate", PULSE, (5, 5.9999), 129, 130),
    ("heart_rate", PULSE, (6, 7.9999), 119, 120),
    ("heart_rate", PULSE, (8, 11.9999), 114, 115),
    ("heart_rate", PULSE, TEENS, 130, 131),
    ("heart_rate", PULSE, ADULTS, 130, 131),
    ("heart_rate", PULSE, (0, 11.9999), 60, 59),
    ("heart_rate", PULSE, TEENS, 41, 40),
    ("heart_rate", PULSE, ADULTS, 41, 40),
    ("systolic_bp", PRESSURE, (0, LAST_OF_MONTHS), 60, 59),
    ("systolic_bp", PRESSURE, (1 / 12, 0.9999), 70, 69),
    *(("systolic_bp", PRESSURE, ages, calm, urgent) for ages, calm, urgent in SMALL_PRESSURE),
    ("systolic_bp", PRESSURE, (10, 11.9999), 90, 89),
    ("systolic_bp", PRESSURE, TEENS, 91, 90),
    ("systolic_bp", PRESSURE, ADULTS, 91, 90),
    ("systolic_bp", PRESSURE, ADULTS, 219, 220),
    ("temperature_c", COLD, (0, 4.9999), 36.0, 35.9),
    ("temperature_c", COLD, (5, 15.9999), 35.1, 35.0),
    ("temperature_c", COLD, ADULTS, 35.1, 35.0),
    ("temperature_c", RedFlag.INFANT_FEVER, (0, 0.2499), 37.9, 38.0),
]


def flags(**fields: object) -> tuple[RedFlag, ...]:
    return red_flags(Presentation.model_validate(fields))


@pytest.mark.parametrize("end", [0, 1], ids=["first age", "last age"])
@pytest.mark.parametrize(("field", "flag", "ages", "calm", "urgent"), LIMITS)
def test_a_limit_holds_at_both_ends_of_its_ages(
    field: str, flag: RedFlag, ages: tuple[float, float], calm: float, urgent: float, end: int
) -> None:
    assert flags(age_years=ages[end], **{field: calm}) == ()
    assert flags(age_years=ages[end], **{field: urgent}) == (flag,)


@pytest.mark.parametrize(("field", "flag", "ages", "calm", "urgent"), [row for row in LIMITS if row[2] == ADULTS])
def test_an_unknown_age_is_judged_as_grown_up(
    field: str, flag: RedFlag, ages: tuple[float, float], calm: float, urgent: float
) -> None:
    assert flags(**{field: calm}) == ()
    assert flags(**{field: urgent}) == (flag,)


@pytest.mark.parametrize(
    ("field", "flag", "calm", "urgent"),
    [
        ("systolic_bp", RedFlag.PREGNANCY_HYPERTENSION, 159, 160),
        ("diastolic_bp", RedFlag.PREGNANCY_HYPERTENSION, 109, 110),
        ("systolic_bp", PRESSURE, 91, 90),
        ("respiratory_rate", BREATHING, 24, 25),
        ("respiratory_rate", BREATHING, 9, 8),
        ("heart_rate", PULSE, 130, 131),
        ("heart_rate", PULSE, 41, 40),
        ("spo2", SPO2, 92, 91),
        ("temperature_c", COLD, 35.1, 35.0),
    ],
)
@pytest.mark.parametrize("age", [16, 30, None])
def test_pregnancy_has_limits_of_its_own(
    field: str, flag: RedFlag, calm: float, urgent: float, age: float | None
) -> None:
    assert flags(age_years=age, pregnant="yes", **{field: calm}) == ()
    assert flags(age_years=age, pregnant="yes", **{field: urgent}) == (flag,)


def test_a_pregnant_girl_of_14_has_the_pressure_limit_of_pregnancy() -> None:
    assert flags(age_years=14, pregnant="yes", diastolic_bp=110) == (RedFlag.PREGNANCY_HYPERTENSION,)


@pytest.mark.parametrize("pregnant", ["no", "unknown"])
def test_the_limit_of_pregnancy_is_for_the_pregnant_alone(pregnant: str) -> None:
    assert flags(age_years=30, pregnant=pregnant, systolic_bp=170, diastolic_bp=112) == ()


def test_fever_alarms_under_three_months_only() -> None:
    assert flags(age_years=0.25, temperature_c=41.0) == ()
    assert flags(temperature_c=41.0) == ()


def test_a_child_is_not_judged_by_adult_pulse_and_breathing() -> None:
    assert flags(age_years=0.5, heart_rate=150, respiratory_rate=40) == ()


def test_what_was_not_measured_is_no_alarm() -> None:
    for age in (None, 0, 1 / 12, 5, 12, 16, 80):
        assert flags(age_years=age) == ()


def test_the_hand_written_limits_are_all_there_are() -> None:
    """A row that only the table knows would be tested by nobody."""
    by_hand = {(field, flag, ages[0], urgent) for field, flag, ages, _, urgent in LIMITS}
    unknown = [
        rule.id
        for rule in vital_rules().values()
        if not rule.pregnant and (rule.field, rule.flag, rule.ages.from_years or 0, first_urgent(rule)) not in by_hand
    ]
    assert unknown == []


def first_urgent(rule: VitalRule) -> float:
    step = 0.1 if rule.field == "temperature_c" else 1
    return round(rule.limit + {"<": -step, ">": step}.get(rule.compare, 0), 1)


@pytest.mark.parametrize("pregnant", [True, False])
@pytest.mark.parametrize("age", [None, *[months / 12 for months in range(24)], *range(2, 100)])
def test_at_every_age_each_vital_has_one_lower_limit_and_one_upper_at_most(age: float | None, pregnant: bool) -> None:
    patient = Presentation(age_years=age, pregnant="yes" if pregnant else "no")  # type: ignore[arg-type]
    sides: dict[tuple[str, str], list[str]] = {}
    for rule in vital_rules().values():
        if rule.applies_to(patient):
            sides.setdefault((rule.field, rule.compare[0]), []).append(rule.id)
    assert {side: rules for side, rules in sides.items() if len(rules) > 1} == {}
    lower = {field for field, side in sides if side == "<"}
    assert lower == {"spo2", "respiratory_rate", "heart_rate", "systolic_bp", "temperature_c"}
    assert {("respiratory_rate", ">"), ("heart_rate", ">")} <= set(sides)


def test_every_limit_has_a_source_and_every_estimate_a_reason() -> None:
    for rule in vital_rules().values():
        assert rule.source, rule.id
        assert rule.source != ESTIMATE or len(rule.reason) > 10, rule.id
        assert RANGES[rule.field].holds(rule.limit), rule.id
