import numpy as np
import pytest

from raretriage.domain import InputTier, Phenotype, Presentation
from raretriage.features import CATEGORICAL, NUMERIC, Encoder, FeatureContract, columns_of
from raretriage.training.inputs import TierInputs, parity_sample, tier_inputs

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
    mixed, shown = inputs.mixed(rows, np.random.default_rng(1), share=1 / 3)
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
    one, other = (inputs.mixed(rows, np.random.default_rng(5), share=1 / 3)[1] for _ in range(2))
    assert np.array_equal(one, other)


def test_the_parity_sample_shows_every_tier(encoder):
    sample = parity_sample(columns_of(PRESENTATIONS), encoder)
    assert len(sample.numeric) == len(sample.categorical) == len(sample.phenotypes) == 180
    assert np.isnan(sample.numeric[120:, NUMERIC.index("spo2")]).all()
    assert not sample.phenotypes[60:].any()
    assert sample.phenotypes[:60].any()
