import numpy as np
import pandas as pd
import pytest

from raretriage.domain import InputTier, Phenotype, Presentation
from raretriage.features import CATEGORICAL, NUMERIC, Encoder, FeatureContract, columns_of, mask_to_case
from raretriage.training.candidates import HEADS
from raretriage.training.inputs import MASKED_COPIES, MaskedCopy, TierInputs, parity_sample, tier_inputs

COUGH = "HP:0012735"
PRESENTATIONS = [
    Presentation(fever=3, spo2=97, phenotypes=(Phenotype(hpo_id=COUGH),)),
    Presentation(fever=3, spo2=97),
    Presentation(fever=3, phenotypes=(Phenotype(hpo_id=COUGH),)),
    Presentation(fever=3),
] * 15


@pytest.fixture
def encoder(ontology) -> Encoder:
    contract = FeatureContract(
        numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=(COUGH,), knowledge_version="toy-1"
    )
    return Encoder(contract, ontology)


@pytest.fixture
def inputs(encoder) -> TierInputs:
    return tier_inputs(columns_of(PRESENTATIONS), encoder)


def test_an_encounter_stands_for_a_tier_only_with_what_the_tier_is_named_for(inputs):
    assert inputs.reaches[InputTier.FINDINGS][:4].tolist() == [True, False, True, False]
    assert inputs.reaches[InputTier.VITALS][:4].tolist() == [True, True, False, False]
    assert inputs.reaches[InputTier.BASIC].all()


def test_training_rows_are_all_as_they_are_and_a_third_each_masked(inputs):
    rows = np.arange(30, 60)
    without_findings = [MaskedCopy(copy.name, copy.mask, {"state": 1 / 3}) for copy in MASKED_COPIES[:2]]
    mixed, shown = inputs.mixed(rows, np.random.default_rng(1), "state", without_findings)
    assert len(mixed) == len(shown) == 50
    assert list(shown[:30]) == list(rows)
    vitals, basic = set(shown[30:40]), set(shown[40:])
    assert len(vitals) == len(basic) == 10
    assert not vitals & basic
    assert vitals | basic <= set(rows)
    spo2, cough = NUMERIC.index("spo2"), len(NUMERIC) + len(CATEGORICAL)
    has_vital = [PRESENTATIONS[row].spo2 is not None for row in shown]
    has_finding = [bool(PRESENTATIONS[row].phenotypes) for row in shown]
    seen_vital, seen_finding = mixed[spo2].notna().tolist(), (mixed[cough] == 1).tolist()
    assert seen_vital == [*has_vital[:40], *[False] * 10]
    assert seen_finding == [*has_finding[:30], *[False] * 20]


def test_every_candidate_is_given_the_same_mix(inputs):
    rows = np.arange(60)
    one, other = (inputs.mixed(rows, np.random.default_rng(5), "state")[1] for _ in range(2))
    assert np.array_equal(one, other)


def test_a_share_is_shown_again_with_age_sex_and_findings_alone(encoder):
    told = Presentation(
        age_years=40,
        sex="female",
        fever=3,
        pain=5,
        days=4,
        comorbidity=1,
        spo2=97,
        pregnant="no",
        visit_type="emergency",
        phenotypes=(Phenotype(hpo_id=COUGH),),
    )
    as_a_letter = Presentation(age_years=40, sex="female", phenotypes=(Phenotype(hpo_id=COUGH),))
    inputs, letters = (tier_inputs(columns_of([p] * 40), encoder) for p in (told, as_a_letter))
    (copy,) = (copy for copy in MASKED_COPIES if copy.mask is mask_to_case)
    for head in HEADS:
        mixed, shown = inputs.mixed(np.arange(40), np.random.default_rng(1), head, [copy])
        again = round(copy.share[head] * 40)
        assert len(mixed) == len(shown) == 40 + again
        assert again > 0
        expected = letters.frames[InputTier.FINDINGS].iloc[shown[40:]].reset_index(drop=True)
        pd.testing.assert_frame_equal(mixed.iloc[40:].reset_index(drop=True), expected, check_dtype=False)


@pytest.mark.parametrize("head", HEADS)
def test_no_encounter_is_masked_in_two_ways(inputs, head):
    assert sum(copy.share[head] for copy in MASKED_COPIES) <= 1 + 1e-9
    masked = inputs.mixed(np.arange(60), np.random.default_rng(1), head)[1][60:].tolist()
    assert len(set(masked)) == len(masked)


def test_only_the_findings_frame_is_needed_for_the_mix(encoder, inputs):
    lean = tier_inputs(columns_of(PRESENTATIONS), encoder, [InputTier.FINDINGS])
    one, other = (some.mixed(np.arange(60), np.random.default_rng(1), "rare")[0] for some in (lean, inputs))
    pd.testing.assert_frame_equal(one, other)


def test_the_parity_sample_shows_every_tier(encoder):
    sample = parity_sample(columns_of(PRESENTATIONS), encoder)
    assert len(sample.numeric) == len(sample.categorical) == len(sample.phenotypes) == 180
    assert np.isnan(sample.numeric[120:, NUMERIC.index("spo2")]).all()
    assert not sample.phenotypes[60:].any()
    assert sample.phenotypes[:60].any()
