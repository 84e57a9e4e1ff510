from hypothesis import given
from hypothesis import strategies as st

from raretriage.domain import RANGES, Phenotype, Presentation, RedFlag, alarms, red_flags
from raretriage.domain.red_flags import finding_rules

CALM = {"respiratory_rate": 16, "heart_rate": 85, "systolic_bp": 115, "spo2": 100, "temperature_c": 37.0}
"""Between the lower and the upper limit at every age: from here, further off is worse."""
FINDINGS = sorted({rule.hpo_id for rule in finding_rules()} | {"HP:0001945", "HP:0001260"})

ages = st.none() | st.floats(0, 90)
vitals = st.fixed_dictionaries(
    {}, optional={field: st.integers(int(RANGES[field].low), int(RANGES[field].high)) for field in CALM}
)
observed = st.lists(st.sampled_from(FINDINGS), max_size=4, unique=True)
patients = st.builds(
    lambda age, values, findings, days, pregnant: {
        "age_years": age,
        "days": days,
        "pregnant": pregnant,
        "phenotypes": tuple(Phenotype(hpo_id=one) for one in findings),
        **values,
    },
    ages,
    vitals,
    observed,
    st.none() | st.floats(0, 400),
    st.sampled_from(["yes", "no", "unknown"]),
)


@given(patients, st.data())
def test_a_worse_value_never_removes_a_flag(patient: dict[str, object], data: st.DataObject) -> None:
    field = data.draw(st.sampled_from(sorted(CALM)))
    before = float(patient.setdefault(field, CALM[field]))  # type: ignore[arg-type]
    limits = RANGES[field]
    low, high = (limits.low, before) if before <= CALM[field] else (before, limits.high)
    worse = patient | {field: data.draw(st.floats(low, high))}
    assert set(red_flags(Presentation(**patient))) <= set(red_flags(Presentation(**worse)))  # type: ignore[arg-type]


@given(patients, st.lists(st.sampled_from(FINDINGS), max_size=5, unique=True))
def test_an_excluded_finding_never_changes_anything(patient: dict[str, object], excluded: list[str]) -> None:
    present = {one.hpo_id for one in patient["phenotypes"]}  # type: ignore[attr-defined]
    more = tuple(Phenotype(hpo_id=one, status="excluded") for one in excluded if one not in present)
    with_them = patient | {"phenotypes": (*patient["phenotypes"], *more)}  # type: ignore[misc]
    assert alarms(Presentation(**with_them)) == alarms(Presentation(**patient))  # type: ignore[arg-type]


@given(patients, observed)
def test_one_more_finding_never_removes_a_flag(patient: dict[str, object], more: list[str]) -> None:
    present = {one.hpo_id for one in patient["phenotypes"]}  # type: ignore[attr-defined]
    added = tuple(Phenotype(hpo_id=one) for one in more if one not in present)
    with_them = patient | {"phenotypes": (*patient["phenotypes"], *added)}  # type: ignore[misc]
    assert set(red_flags(Presentation(**patient))) <= set(red_flags(Presentation(**with_them)))  # type: ignore[arg-type]


@given(patients)
def test_flags_come_once_and_in_their_order(patient: dict[str, object]) -> None:
    found = red_flags(Presentation(**patient))  # type: ignore[arg-type]
    assert list(found) == [flag for flag in RedFlag if flag in found]


def test_a_flag_keeps_every_rule_that_raised_it() -> None:
    found = alarms(Presentation(age_years=60, complaint="Chest pain", phenotypes=(Phenotype(hpo_id="HP:0100749"),)))
    assert [alarm.rule for alarm in found] == ["findings.HP:0100749", "wording.chest_pain"]
    assert {alarm.flag for alarm in found} == {RedFlag.CHEST_PAIN}


def test_the_codes_that_clients_know_keep_their_names() -> None:
    known = {"low_spo2", "respiratory_rate", "systolic_bp", "heart_rate", "low_temperature"}
    assert known <= {flag.value for flag in RedFlag}
