import numpy as np
import pytest

from raretriage.domain import Basis, Certificate, InputTier, Refusal, State
from raretriage.features import CATEGORICAL, NUMERIC, Encoder, FeatureContract, columns_of
from raretriage.training.calibration import certify, one_row_a_patient, sets_of_states
from raretriage.training.evaluation import Scored
from raretriage.training.inputs import TierInputs


def scored(patients: list[str], is_rare: list[bool], rare: list[float] | None = None) -> Scored:
    n = len(patients)
    return Scored(
        state_probabilities=np.tile([0.7, 0.1, 0.1, 0.1], (n, 1)),
        rare_probability=np.array(rare if rare is not None else [0.5] * n),
        state=np.zeros(n, dtype=np.int64),
        is_rare=np.array(is_rare),
        cluster=np.array(patients, dtype=object),
    )


def test_a_patient_counts_once_with_the_first_rare_visit_or_else_the_first():
    answered = scored(["a", "a", "a", "b", "b", "c"], [False, True, True, False, False, False])
    assert list(one_row_a_patient(answered, np.ones(6, dtype=bool))) == [1, 3, 5]


def test_a_visit_that_lacks_the_tiers_inputs_does_not_count_for_it():
    answered = scored(["a", "a", "b", "b", "c"], [True, True, False, False, False])
    assert list(one_row_a_patient(answered, np.array([False, True, False, True, False]))) == [1, 3]


def test_a_rare_patients_other_visits_never_stand_for_the_not_rare():
    answered = scored(["a", "a"], [True, False])
    assert list(one_row_a_patient(answered, np.array([False, True]))) == []


def test_repeated_visits_of_few_rare_patients_do_not_make_a_certificate(make_config):
    """20 rare patients with five visits each are 20 positives, not 100."""
    patients = [f"r{i % 20}" for i in range(100)] + [f"o{i}" for i in range(100)]
    answered = scored(patients, [True] * 100 + [False] * 100, [0.9] * 100 + [0.1] * 100)
    refusal = certify(answered, np.ones(200, dtype=bool), InputTier.FINDINGS, make_config(basis=Basis.LOCAL))
    assert isinstance(refusal, Refusal)
    assert (refusal.tier, refusal.basis, refusal.positives) == (InputTier.FINDINGS, Basis.LOCAL, 20)
    assert refusal.reason == "too_few_positives: 20 rare patients; at least 59 are needed"


@pytest.mark.parametrize("basis", list(Basis))
def test_the_certificate_carries_target_tier_and_basis_of_the_configuration(make_config, basis):
    answered = scored([f"p{i}" for i in range(200)], [True] * 100 + [False] * 100, [0.9] * 100 + [0.1] * 100)
    everybody = np.ones(200, dtype=bool)
    certificate = certify(answered, everybody, InputTier.VITALS, make_config(basis=basis, target=0.9, confidence=0.99))
    assert isinstance(certificate, Certificate)
    assert (certificate.tier, certificate.basis) == (InputTier.VITALS, basis)
    assert (certificate.target, certificate.confidence) == (0.9, 0.99)


def test_state_sets_count_a_patient_once_in_each_state_and_only_those_of_the_tier(ontology):
    state = np.repeat(np.arange(4), 20)
    n = len(state)
    probabilities = np.full((n, 4), 0.2)
    probabilities[np.arange(n), state] = 0.9
    # One patient with ten visits at 0.3, and one visit at 0.1 that lacks the tier's inputs.
    probabilities[:10, 0] = 0.3
    probabilities[10, 0] = 0.1
    patient = np.array([f"p{i}" for i in range(n)], dtype=object)
    patient[:10] = "often"
    reaches = np.ones(n, dtype=bool)
    reaches[10] = False
    answered = Scored(probabilities, np.full(n, 0.5), state, np.zeros(n, dtype=bool), patient)
    contract = FeatureContract(
        numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=(), knowledge_version="toy-1"
    )
    inputs = TierInputs(
        columns=columns_of([]),
        encoder=Encoder(contract, ontology),
        frames={},
        reaches={InputTier.FINDINGS: reaches},
    )
    sets = sets_of_states({InputTier.FINDINGS: answered}, inputs, coverage=0.9)
    # Ten patients are left in `healthy`, one of them at 0.3: rank floor(11 * 0.1) = 1.
    assert sets.bounds[InputTier.FINDINGS][State.HEALTHY] == 0.3
    assert sets.bounds[InputTier.FINDINGS][State.MILD] == 0.9
    sets = sets_of_states({InputTier.FINDINGS: answered}, inputs, coverage=0.8)
    assert sets.bounds[InputTier.FINDINGS][State.HEALTHY] == 0.9  # rank 2: the one patient's other visits do not count
