import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from raretriage.domain import InputTier
from raretriage.knowledge import build_knowledge
from raretriage.knowledge.annotations import wilson_interval
from raretriage.study import transfer
from raretriage.study.transfer import LABELLED, FewLabels, few_labels, term_places
from tests.cli.test_recalibrate import OBO
from tests.serving.tiny_model import HPOA_HEADER

SEIZURE, ATAXIA, HEADACHE = "HP:0001250", "HP:0001251", "HP:0002315"
VOMITING, DIARRHEA = "HP:0002013", "HP:0002014"
NEURO = "HP:0000707"


def knowledge_of(*diseases: dict[str, str]):
    """A disease for each dict: its findings with their frequencies, `NOT` for one that it does not have."""
    lines = [
        f"ORPHA:{number}\tMade-up {number}\t{'NOT' if told == 'NOT' else ''}\t{term}\tORPHA:1\tTAS\t\t"
        f"{'' if told == 'NOT' else told}\t\t\tP\tx\n"
        for number, findings in enumerate(diseases, start=1)
        for term, told in findings.items()
    ]
    return build_knowledge(OBO.encode(), (HPOA_HEADER + "".join(lines)).encode())


def near(places: np.ndarray, one: int, other: int) -> float:
    """Cosine of the angle between two findings."""
    return float(places[one] @ places[other] / (np.linalg.norm(places[one]) * np.linalg.norm(places[other])))


@pytest.fixture
def directions(monkeypatch):
    """As many as the made-up diseases have kinds: with all of them nothing would lie near anything."""
    return lambda count: monkeypatch.setattr(transfer, "DIRECTIONS", count)


def test_findings_of_the_same_diseases_lie_near_each_other_and_of_others_far_apart(directions):
    directions(3)
    vocabulary = (SEIZURE, ATAXIA, VOMITING, DIARRHEA, HEADACHE)
    often = "4/5"
    known = knowledge_of(
        *[{SEIZURE: often, ATAXIA: often}] * 4, *[{VOMITING: often, DIARRHEA: often}] * 4, {HEADACHE: often}
    )
    places = term_places(known, vocabulary, seed=1)
    assert places.shape == (5, 3)
    assert near(places, 0, 1) > 0.99
    assert near(places, 2, 3) > 0.99
    assert abs(near(places, 0, 2)) < 0.01
    assert abs(near(places, 3, 4)) < 0.01


def test_a_finding_that_a_disease_does_not_have_is_as_if_nobody_had_written_of_it():
    vocabulary = (SEIZURE, ATAXIA, VOMITING, DIARRHEA)
    told = [{SEIZURE: "4/5", VOMITING: "NOT"}] * 3 + [{ATAXIA: "4/5"}] * 2 + [{VOMITING: "1/2"}]
    untold = [{term: often for term, often in findings.items() if often != "NOT"} for findings in told]
    places = term_places(knowledge_of(*told), vocabulary, seed=1)
    assert np.array_equal(places, term_places(knowledge_of(*untold), vocabulary, seed=1))
    assert np.allclose(places[3], 0), "of what no disease has nothing is known"


def test_a_finding_stands_for_its_branch_and_what_every_disease_has_tells_nothing(directions):
    directions(2)
    known = knowledge_of({SEIZURE: "1/2"}, {ATAXIA: "1/2"}, {VOMITING: "1/2"})
    places = term_places(known, (SEIZURE, NEURO, VOMITING, "HP:0000118"), seed=1)
    assert near(places, 0, 1) > 0.9
    assert abs(near(places, 1, 2)) < 0.01
    assert np.allclose(places[3], 0)


@pytest.mark.parametrize(
    ("told", "weight"),
    [("HP:0040280", 1.0), ("3/4", None), ("HP:0040283", 0.17), ("", 0.5)],  # obligate; occasional: 5 to 29 %
)
def test_a_finding_weighs_the_middle_of_how_often_it_comes_and_half_where_nobody_says(directions, told, weight):
    directions(1)
    known = knowledge_of(*[{SEIZURE: "HP:0040280", VOMITING: told}] * 3, {HEADACHE: "HP:0040284"})
    places = term_places(known, (SEIZURE, VOMITING, HEADACHE), seed=1)
    interval = wilson_interval(3, 4)
    expected = (interval.low + interval.high) / 2 if weight is None else weight
    assert places[1, 0] / places[0, 0] == pytest.approx(expected, abs=0.005)


def test_the_same_seed_places_the_findings_alike(knowledge, contract):
    first, again = (term_places(knowledge, contract.vocabulary, seed=1) for _ in range(2))
    assert np.array_equal(first, again)
    assert len(first) == len(contract.vocabulary)


class Notes(ClassifierMixin, BaseEstimator):
    def fit(self, rows, y):
        self.rows, self.y = rows, y
        return self


def test_only_as_many_labels_are_seen_as_is_said_and_each_row_keeps_its_own():
    rows = pd.DataFrame({"own": np.arange(900)})
    y = np.arange(900) % 2
    seen = FewLabels(Notes(), 500, seed=1).fit(rows, y).model_
    assert len(seen.y) == len(set(seen.rows["own"])) == 500
    assert np.array_equal(seen.rows["own"] % 2, seen.y)
    other = FewLabels(Notes(), 500, seed=2).fit(rows, y).model_
    assert set(seen.rows["own"]) != set(other.rows["own"])


@pytest.mark.parametrize("seed", range(5))
def test_where_one_in_a_thousand_is_rare_one_is_seen_still(seed):
    y = np.zeros(5_000, dtype=np.int64)
    y[4_321] = 1
    seen = FewLabels(Notes(), 50, seed=seed).fit(pd.DataFrame({"own": np.arange(5_000)}), y).model_
    assert (len(seen.y), seen.y.sum()) == (50, 1)
    assert len(set(seen.rows["own"])) == 50


def test_fewer_cases_than_asked_for_are_all_seen():
    assert len(FewLabels(Notes(), 500, seed=1).fit(pd.DataFrame({"x": range(9)}), np.arange(9) % 2).model_.y) == 9


@pytest.mark.usefixtures("few_trees")
def test_every_variant_with_few_labels_answers_with_probabilities(bench, knowledge, contract):
    tested = sum(int(bench.inputs.reaches[InputTier.FINDINGS][fold.test].sum()) for fold in bench.folds)
    variants = few_labels(knowledge, contract, seed=1)
    assert all(f"{LABELLED} cases" in variant.name for variant in variants)
    for variant in variants:
        answered = bench.answer(variant, "rare")
        assert answered.scored.rare_probability.shape == (tested,)
        assert np.all((answered.scored.rare_probability >= 0) & (answered.scored.rare_probability <= 1))
        assert np.mean([fold.roc_auc_rare for fold in answered.folds]) > 0.55
