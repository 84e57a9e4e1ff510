"""The learnt part: gradients by hand are right, and learning helps."""

import numpy as np
import pytest
from scipy import sparse

from raretriage.differential.candidates import candidates_of
from raretriage.differential.embedding import Training, _Tower, embed, train_findings
from raretriage.differential.terms import terms_of
from raretriage.differential.views import views_of
from raretriage.knowledge import Knowledge


@pytest.fixture(scope="module")
def tower(knowledge: Knowledge) -> _Tower:
    terms = terms_of(knowledge, views_of(knowledge))
    made = _Tower(terms, Training(dimensions=4), np.random.default_rng(1))
    made._parameters["vectors"] = np.random.default_rng(2).standard_normal((len(terms.ids), 4))
    made._parameters["weight"] = 0.3 * np.random.default_rng(3).standard_normal((len(terms.ids), 1))
    made._parameters["scale"] = np.full((1, 1), 0.7)
    return made


@pytest.mark.parametrize("name", ["vectors", "weight", "scale"])
def test_gradients_are_those_of_finite_differences(tower: _Tower, name: str) -> None:
    rng = np.random.default_rng(4)
    n = len(tower._parameters["vectors"])
    told, known = (rng.random((5, n)) < 0.3).astype(float), rng.random((6, n)) * (rng.random((6, n)) < 0.5)
    told[:, 0] = known[:, 1] = 1
    asked, own = sparse.csr_matrix(told), sparse.csr_matrix(known)
    right = np.zeros((5, 6), bool)
    right[np.arange(5), rng.integers(6, size=5)] = True
    right[0, :2] = True
    _, gradients = tower.loss(asked, own, right)
    values = tower._parameters[name]
    for at in zip(*np.unravel_index(rng.integers(values.size, size=12), values.shape), strict=True):
        before, tiny = values[at], 1e-5
        values[at] = before + tiny
        above, _ = tower.loss(asked, own, right)
        values[at] = before - tiny
        below, _ = tower.loss(asked, own, right)
        values[at] = before
        assert gradients[name][at] == pytest.approx((above - below) / (2 * tiny), abs=2e-4, rel=2e-3)


def test_learning_brings_a_disease_nearer_to_what_the_other_catalogue_says_of_it(knowledge: Knowledge) -> None:
    views = views_of(knowledge)
    candidates = candidates_of(knowledge, views)
    terms = terms_of(knowledge, views)
    profiles = terms.profiles(views)
    index = next(i for i, c in enumerate(candidates) if c.id == "OMIM:4")
    told = [terms.row_of["HP:0001638"]]  # Orphanet's word for it

    def share(steps: int) -> float:
        training = Training(members=1, dimensions=8, steps=steps, batch=64, rivals=10, vaguer=0, foreign=0)
        vectors = train_findings(terms, views, candidates, profiles, training)
        likeness = np.exp(5 * embed(vectors, terms, candidates, profiles).likeness(told))
        return float(likeness[index] / likeness.sum())

    assert share(150) > share(1) + 0.05


def test_a_finding_that_was_not_learnt_has_no_direction(knowledge: Knowledge) -> None:
    views = views_of(knowledge)
    candidates = candidates_of(knowledge, views)
    terms = terms_of(knowledge, views)
    profiles = terms.profiles(views)
    learnt = train_findings(terms, views, candidates, profiles, Training(members=2, dimensions=3, steps=2, batch=8))
    fewer = type(learnt)(learnt.ids[1:], tuple(m[1:] for m in learnt.members))
    embedding = embed(fewer, terms, candidates, profiles)
    assert np.all(embedding.findings[0] == 0)
    assert np.allclose(np.linalg.norm(embedding.diseases, axis=1), 1, atol=1e-3)
