import numpy as np

from raretriage.validity.answered import Answered
from raretriage.validity.case_facts import Coverage, Reach, facts
from raretriage.validity.cases import Case, Group
from tests.serving.tiny_model import FEVER, SCOLIOSIS, SEIZURE, TINY_KNOWLEDGE, tiny_manifest
from tests.validity.tiny_run import patient

MOTOR_SEIZURE = "HP:0020219"


def coverage(*vocabulary: str) -> Coverage:
    contract = tiny_manifest(b"").features.model_copy(update={"vocabulary": vocabulary})
    return Coverage(contract, TINY_KNOWLEDGE)


def test_how_near_a_finding_comes_to_the_words_of_the_model():
    knows = coverage(SEIZURE, FEVER)
    assert knows.reach(FEVER) is Reach.EXACT
    assert knows.reach(SCOLIOSIS) is Reach.NOTHING
    assert coverage("HP:0000118").reach(SCOLIOSIS) is Reach.NOTHING, "that it is abnormal says nothing"
    # Seizure hangs directly below phenotypic abnormality here, where the organ systems are.
    assert knows.reach(MOTOR_SEIZURE) is Reach.SYSTEM


def test_a_more_general_word_below_the_systems_is_told_from_a_system(knowledge):
    contract = tiny_manifest(b"").features
    focal, nervous = "HP:0007359", "HP:0000707"
    assert Coverage(contract.model_copy(update={"vocabulary": (SEIZURE, nervous)}), knowledge).reach(focal) is (
        Reach.ROLLED_UP
    )
    assert Coverage(contract.model_copy(update={"vocabulary": (nervous,)}), knowledge).reach(focal) is Reach.SYSTEM


def test_the_facts_of_two_patients_counted_by_hand():
    shown = [patient(SEIZURE, MOTOR_SEIZURE, SCOLIOSIS, f"-{FEVER}", age_years=4, pain=1), patient(SCOLIOSIS)]
    cases = tuple(Case(cluster="same", group=Group.UNSEEN, presentation=p) for p in shown)
    answered = Answered(
        rare_probability=np.array([0.2, 0.4]),
        rare=np.array(["no", "yes"], dtype=object),
        state=np.array(["mild", "unsure"], dtype=object),
        is_outside=np.array([True, False]),
    )
    found = facts(cases, answered, coverage(SEIZURE, FEVER))
    assert (found["cases"], found["clusters (diseases)"]) == (2, 1)
    assert (found["observed findings, median"], found["with one or two observed findings"]) == (2, 0.5)
    assert found["excluded findings, median"] == 0.5
    assert (found[f"a finding {Reach.EXACT}"], found[f"a finding {Reach.SYSTEM}"]) == (0.25, 0.25)
    assert (found[f"a finding {Reach.NOTHING}"], found[f"a finding {Reach.ROLLED_UP}"]) == (0.5, 0)
    assert found["all findings count as nothing"] == 0.5
    assert (found["pain known"], found["fever known"], found["any vital sign known"]) == (0.5, 0, 0)
    assert (found["age known"], found["age in years, median"], found["under 18, of those with an age"]) == (0.5, 4, 1)
    assert np.isclose(found["rare probability, median"], 0.3)
    assert found["outside the training data"] == 0.5
