import re
from functools import cache
from pathlib import Path

import pytest

from raretriage.domain import Phenotype, Presentation, RedFlag, red_flags
from raretriage.domain.red_flags import ESTIMATE, FindingRule, finding_rules
from raretriage.domain.red_flags.findings import CIRCUMSTANCES
from raretriage.knowledge import locate_sources

STROKE, TIA, CHEST_PAIN, COMA = "HP:0001297", "HP:0002326", "HP:0100749", "HP:0001259"
PURPURA, FEVER, FACIAL_PALSY, HEMIPLEGIA = "HP:0000979", "HP:0001945", "HP:0010628", "HP:0004374"
REDUCED, SLEEPY = "HP:0004372", "HP:0001262"


def flags(*findings: str | Phenotype, ancestors=None, **fields: object) -> tuple[RedFlag, ...]:
    phenotypes = tuple(Phenotype(hpo_id=one) if isinstance(one, str) else one for one in findings)
    patient = Presentation(phenotypes=phenotypes, **fields)  # type: ignore[arg-type]
    return red_flags(patient) if ancestors is None else red_flags(patient, ancestors)


@cache
def hpo() -> dict[str, tuple[str, bool]]:
    """Id -> name and whether it is obsolete, of the release in use."""
    terms = {}
    for block in Path(locate_sources()[0]).read_text(encoding="utf-8").split("\n[Term]\n")[1:]:
        hpo_id, name = re.search(r"^id: (\S+)\nname: (.*)$", block, re.MULTILINE).groups()  # type: ignore[union-attr]
        terms[hpo_id] = (name, "\nis_obsolete: true" in block)
    return terms


@pytest.mark.parametrize("rule", finding_rules(), ids=lambda rule: f"{rule.hpo_id}-{rule.flag}")
def test_every_finding_is_a_current_term_with_its_label(rule: FindingRule) -> None:
    assert hpo().get(rule.hpo_id) == (rule.label, False)
    for other in (*rule.but_not, *rule.with_any):
        assert other in CIRCUMSTANCES or hpo().get(other, ("", True))[1] is False, other


@pytest.mark.parametrize("rule", finding_rules(), ids=lambda rule: f"{rule.hpo_id}-{rule.flag}")
def test_every_finding_flags_in_its_company_at_its_age_and_not_when_excluded(rule: FindingRule) -> None:
    age = rule.ages.from_years if rule.ages.from_years is not None else 0.1 if rule.ages.under_years else 40
    company = {"fever": {"temperature_c": 38.0}, "pressure_180_120": {"systolic_bp": 180}}
    fields: dict[str, object] = {"age_years": age}
    friends: list[str | Phenotype] = []
    for what in rule.with_any[:1]:
        fields |= company.get(what, {})
        friends += [] if what in company else [what]
    assert rule.flag in flags(rule.hpo_id, *friends, **fields)
    others = flags(*friends, **fields)
    assert flags(Phenotype(hpo_id=rule.hpo_id, status="excluded"), *friends, **fields) == others


@pytest.mark.parametrize("rule", finding_rules(), ids=lambda rule: f"{rule.hpo_id}-{rule.flag}")
def test_every_row_says_where_it_is_from(rule: FindingRule) -> None:
    assert rule.source
    assert rule.source != ESTIMATE or rule.reason


@pytest.mark.parametrize(
    ("finding", "flag", "days"), [(STROKE, RedFlag.STROKE, 7), (CHEST_PAIN, RedFlag.CHEST_PAIN, 3)]
)
def test_a_sign_of_long_ago_is_not_urgent(finding: str, flag: RedFlag, days: float) -> None:
    assert flags(Phenotype(hpo_id=finding, onset_days=days), age_years=60) == (flag,)
    assert flags(Phenotype(hpo_id=finding, onset_days=days + 1), age_years=60) == ()
    assert flags(finding, age_years=60, days=days) == (flag,)
    assert flags(finding, age_years=60, days=days + 1) == ()
    assert flags(finding, age_years=60) == (flag,), "unknown onset: rather one alarm too many"


def test_a_findings_own_onset_outweighs_the_duration_of_the_symptoms() -> None:
    assert flags(Phenotype(hpo_id=STROKE, onset_days=0), days=3000) == (RedFlag.STROKE,)
    assert flags(Phenotype(hpo_id=STROKE, onset_days=7300), days=1) == ()


def test_coma_is_urgent_whenever_it_began() -> None:
    assert flags(COMA, days=400) == (RedFlag.REDUCED_CONSCIOUSNESS,)


def test_a_more_specific_finding_counts_once_its_ancestors_are_known() -> None:
    kinds = {TIA: frozenset({TIA, STROKE})}
    assert flags(TIA) == ()
    assert flags(TIA, ancestors=lambda hpo_id: kinds.get(hpo_id, frozenset())) == (RedFlag.STROKE,)
    assert flags(STROKE, ancestors=lambda _: frozenset()) == (RedFlag.STROKE,), "a finding is a kind of itself"


def test_a_kind_that_is_left_out_does_not_count() -> None:
    assert flags(SLEEPY, ancestors=lambda hpo_id: frozenset({hpo_id, REDUCED})) == ()


def test_a_rash_is_urgent_with_fever_in_any_of_its_forms() -> None:
    assert flags(PURPURA) == ()
    for fields in ({"temperature_c": 38.0}, {"fever": 4.0}):
        assert flags(PURPURA, **fields) == (RedFlag.MENINGITIS,)
    assert flags(PURPURA, FEVER) == (RedFlag.MENINGITIS,)
    assert flags(PURPURA, temperature_c=37.9, fever=3.9) == ()
    assert flags(PURPURA, Phenotype(hpo_id=FEVER, status="excluded")) == ()


def test_a_facial_palsy_counts_as_stroke_in_company_only() -> None:
    assert flags(FACIAL_PALSY) == ()
    assert flags(FACIAL_PALSY, "HP:0001260") == (RedFlag.STROKE,)


@pytest.mark.parametrize(("pressure", "expected"), [((179, 119), ()), ((180, 80), True), ((170, 120), True)])
def test_a_high_pressure_is_an_emergency_with_a_sign_of_damage(pressure: tuple[int, int], expected: object) -> None:
    fields = {"age_years": 60, "systolic_bp": pressure[0], "diastolic_bp": pressure[1]}
    assert flags("HP:0001085", **fields) == ((RedFlag.HYPERTENSIVE_EMERGENCY,) if expected else ())
    assert flags(**fields) == ()


def test_a_newborns_distress_is_history_later() -> None:
    assert flags("HP:0002643", age_years=0.01) == (RedFlag.BREATHING,)
    assert flags("HP:0002643", age_years=10) == ()
    assert flags("HP:0002643") == ()
