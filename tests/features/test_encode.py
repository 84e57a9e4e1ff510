import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.domain import RANGES, InputTier, Phenotype, Presentation, Sex
from raretriage.features import (
    CATEGORICAL,
    NUMERIC,
    ContractMismatch,
    Encoder,
    FeatureContract,
    UnknownFinding,
    columns_of,
    fit_vocabulary,
    mask_to_tier,
    take,
)

SEIZURE, FOCAL, MOTOR_FOCAL, FEVER = "HP:0001250", "HP:0007359", "HP:0011153", "HP:0001945"


class ToyOntology:
    """Motor focal seizure is a focal seizure is a seizure; fever stands apart."""

    _ancestors = {  # noqa: RUF012 - a constant of the toy
        SEIZURE: frozenset({SEIZURE}),
        FOCAL: frozenset({FOCAL, SEIZURE}),
        MOTOR_FOCAL: frozenset({MOTOR_FOCAL, FOCAL, SEIZURE}),
        FEVER: frozenset({FEVER}),
    }

    def ancestors(self, hpo_id: str) -> frozenset[str]:
        return self._ancestors[hpo_id]


def encoder(*vocabulary: str) -> Encoder:
    contract = FeatureContract(
        numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=vocabulary, knowledge_version="toy"
    )
    return Encoder(contract, ToyOntology())


def numeric(presentation: Presentation) -> dict[str, float]:
    row = encoder().encode(columns_of([presentation])).numeric[0]
    return dict(zip(NUMERIC, row.tolist(), strict=True))


def categorical(presentation: Presentation) -> dict[str, str]:
    return dict(zip(CATEGORICAL, encoder().encode(columns_of([presentation])).categorical[0], strict=True))


def findings(*observed: str, excluded: tuple[str, ...] = ()) -> Presentation:
    return Presentation(
        phenotypes=tuple(Phenotype(hpo_id=i) for i in observed)
        + tuple(Phenotype(hpo_id=i, status="excluded") for i in excluded)
    )


def phenotypes(presentation: Presentation, *vocabulary: str) -> list[float]:
    return encoder(*vocabulary).encode(columns_of([presentation])).phenotypes[0].tolist()


def test_an_observed_finding_counts_as_all_that_it_is_a_kind_of():
    assert phenotypes(findings(MOTOR_FOCAL), SEIZURE, FOCAL, FEVER) == [1, 1, 0]


def test_a_finding_outside_the_vocabulary_is_rolled_up_not_lost():
    assert phenotypes(findings(MOTOR_FOCAL), SEIZURE, FEVER) == [1, 0]


def test_an_excluded_finding_rules_out_its_kinds_but_not_what_it_is_a_kind_of():
    assert phenotypes(findings(excluded=(FOCAL,)), SEIZURE, FOCAL, MOTOR_FOCAL) == [0, -1, -1]


def test_an_observation_stands_against_the_exclusion_of_something_more_general():
    assert phenotypes(findings(MOTOR_FOCAL, excluded=(SEIZURE,)), SEIZURE, FOCAL, MOTOR_FOCAL) == [1, 1, 1]


def test_systems_are_counted_once_each_and_unknown_without_findings():
    assert numeric(findings(FOCAL, MOTOR_FOCAL))["systems_involved"] == 1
    assert numeric(findings(FOCAL, FEVER))["systems_involved"] == 2
    assert numeric(findings(excluded=(FEVER,)))["systems_involved"] == 0
    assert np.isnan(numeric(Presentation(fever=3))["systems_involved"])


def test_a_finding_unknown_to_the_ontology_is_refused():
    with pytest.raises(UnknownFinding, match="HP:9999999"):
        phenotypes(findings("HP:9999999"), SEIZURE)


def test_unknown_stays_unknown_and_the_model_sees_it():
    row = numeric(Presentation())
    assert np.isnan([row["fever"], row["heart_rate"], row["log_days"], row["fever_x_days"]]).all()
    assert (row["fever_missing"], row["heart_rate_missing"]) == (1, 1)
    assert numeric(Presentation(fever=0))["fever_missing"] == 0


def test_fever_comes_from_the_temperature_when_nobody_scored_it():
    row = numeric(Presentation(temperature_c=39.2))
    assert (row["fever"], row["fever_missing"]) == (6.0, 1)
    assert numeric(Presentation(temperature_c=39.2, fever=1))["fever"] == 1.0


def test_vitals_are_judged_by_age():
    assert numeric(Presentation(age_years=1, heart_rate=123))["heart_rate_for_age"] == 0
    assert numeric(Presentation(age_years=30, heart_rate=123))["heart_rate_for_age"] == 51
    assert numeric(Presentation(age_years=30))["heart_rate_for_age"] == 0


@pytest.mark.parametrize(("age", "points"), [(49, 0), (50, 1), (79.9, 3), (80, 4), (90, 4)])
def test_comorbidity_is_adjusted_for_age_as_charlson_does(age, points):
    assert numeric(Presentation(age_years=age, comorbidity=2))["age_adjusted_comorbidity"] == 2 + points


@pytest.mark.parametrize(("pain", "band"), [(0, "none"), (1, "mild"), (4, "mild"), (5, "moderate"), (7, "severe")])
def test_pain_bands(pain, band):
    assert categorical(Presentation(pain=pain))["pain_band"] == band


def test_nobody_asks_a_man_whether_he_is_pregnant():
    assert categorical(Presentation(sex=Sex.MALE))["pregnant"] == "no"
    assert categorical(Presentation(sex=Sex.FEMALE))["pregnant"] == "unknown"


def test_a_basic_tier_row_holds_the_five_fields_and_nothing_else():
    full = Presentation(
        age_years=30,
        fever=3,
        pain=2,
        days=4,
        comorbidity=1,
        sex=Sex.FEMALE,
        heart_rate=90,
        phenotypes=findings(SEIZURE).phenotypes,
    )
    five = Presentation(age_years=30, fever=3, pain=2, days=4, comorbidity=1)
    masked = encoder(SEIZURE).encode(mask_to_tier(columns_of([full]), InputTier.BASIC))
    plain = encoder(SEIZURE).encode(columns_of([five]))
    assert np.array_equal(masked.numeric, plain.numeric, equal_nan=True)
    assert (masked.categorical == plain.categorical).all()
    assert (masked.phenotypes == plain.phenotypes).all()


def test_a_model_with_other_columns_is_not_served():
    contract = FeatureContract(
        numeric=(*NUMERIC, "shoe_size"), categorical=tuple(CATEGORICAL), vocabulary=(), knowledge_version="toy"
    )
    with pytest.raises(ContractMismatch, match="shoe_size"):
        Encoder(contract, ToyOntology())


def test_the_vocabulary_leaves_out_what_rare_patients_alone_have():
    rows = [findings(SEIZURE)] * 3 + [findings(MOTOR_FOCAL)] * 3
    chosen = fit_vocabulary(
        columns_of(rows),
        patient_id=np.array(list("abcdef"), dtype=object),
        is_rare=np.array([False] * 3 + [True] * 3),
        min_patients=3,
    )
    assert chosen == (SEIZURE,)


def test_one_patient_seen_often_does_not_make_a_vocabulary():
    chosen = fit_vocabulary(
        columns_of([findings(SEIZURE)] * 9),
        patient_id=np.array(["a"] * 9, dtype=object),
        is_rare=np.zeros(9, dtype=bool),
        min_patients=2,
    )
    assert chosen == ()


_FINDING = st.builds(
    Phenotype,
    hpo_id=st.sampled_from([SEIZURE, FOCAL, MOTOR_FOCAL, FEVER]),
    status=st.sampled_from(["observed", "excluded"]),
)
_PRESENTATION = st.builds(
    Presentation,
    **{
        name: st.none() | st.floats(limits.low, limits.high)
        for name, limits in RANGES.items()
        if name != "diastolic_bp"
    },
    sex=st.sampled_from([None, *Sex]),
    phenotypes=st.lists(_FINDING, unique_by=lambda f: f.hpo_id).map(tuple),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_PRESENTATION, min_size=1, max_size=20), st.randoms())
def test_a_row_is_the_same_bits_alone_in_a_batch_and_in_any_order(presentations, random):
    vocabulary = (SEIZURE, FOCAL, FEVER)
    together = encoder(*vocabulary).encode(columns_of(presentations))
    order = list(range(len(presentations)))
    random.shuffle(order)
    taken = encoder(*vocabulary).encode(take(columns_of(presentations), np.array(order)))
    for place, original in enumerate(order):
        alone = encoder(*vocabulary).encode(columns_of([presentations[original]]))
        for made in (together.numeric[original], taken.numeric[place]):
            assert made.tobytes() == alone.numeric[0].tobytes()
        for made in (together.phenotypes[original], taken.phenotypes[place]):
            assert made.tobytes() == alone.phenotypes[0].tobytes()
        assert (taken.categorical[place] == alone.categorical[0]).all()
