import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from raretriage.domain import RANGES, VITALS, InputTier, Phenotype, Presentation, tier_of


@pytest.mark.parametrize("field", sorted(RANGES))
def test_each_number_is_accepted_up_to_its_limits_and_no_further(field):
    limits = RANGES[field]
    for value in (limits.low, limits.high):
        assert getattr(Presentation.model_validate({field: value}), field) == value
    for value in (math.nextafter(limits.low, -math.inf), math.nextafter(limits.high, math.inf)):
        with pytest.raises(ValidationError, match=field):
            Presentation.model_validate({field: value})


@pytest.mark.parametrize("value", [True, "3", math.nan, math.inf, [3], {}])
def test_only_numbers_are_numbers(value):
    with pytest.raises(ValidationError):
        Presentation.model_validate({"pain": value})


def test_a_json_integer_is_a_number():
    assert Presentation.model_validate_json('{"pain": 3}').pain == 3.0


def test_an_unknown_field_is_refused():
    with pytest.raises(ValidationError, match="fevr"):
        Presentation.model_validate({"fevr": 3})


@pytest.mark.parametrize("hpo_id", ["HP:123", "hp:0001250", "HP:0001250 ", "", "MP:0001250"])
def test_a_finding_needs_a_well_formed_hpo_id(hpo_id):
    with pytest.raises(ValidationError):
        Phenotype.model_validate({"hpo_id": hpo_id})


def test_a_finding_cannot_be_both_observed_and_excluded():
    findings = [{"hpo_id": "HP:0001250"}, {"hpo_id": "HP:0001250", "status": "excluded"}]
    with pytest.raises(ValidationError, match="both observed and excluded"):
        Presentation.model_validate({"phenotypes": findings})


@pytest.mark.parametrize(("systolic", "is_valid"), [(81, True), (80, False), (79, False)])
def test_systolic_pressure_is_above_diastolic(systolic, is_valid):
    values = {"systolic_bp": systolic, "diastolic_bp": 80}
    if is_valid:
        Presentation.model_validate(values)
    else:
        with pytest.raises(ValidationError, match="systolic_bp must be above diastolic_bp"):
            Presentation.model_validate(values)


@given(st.sampled_from(VITALS))
def test_the_tier_is_the_richest_input_present(vital):
    limits = RANGES[vital]
    values = {"fever": 3.0, vital: (limits.low + limits.high) / 2}
    assert tier_of(Presentation(fever=3.0)) is InputTier.BASIC
    assert tier_of(Presentation.model_validate(values)) is InputTier.VITALS
    with_finding = {**values, "phenotypes": [{"hpo_id": "HP:0001250", "status": "excluded"}]}
    assert tier_of(Presentation.model_validate(with_finding)) is InputTier.FINDINGS
