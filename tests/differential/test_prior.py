"""What makes a disease well known."""

import numpy as np
import pytest

from raretriage.differential.candidates import candidates_of
from raretriage.differential.onset import onset_log_ratios
from raretriage.differential.periods import OF_HPO, Onset
from raretriage.differential.prior import prior
from raretriage.differential.terms import terms_of
from raretriage.differential.views import views_of
from raretriage.differential.weights import Weights
from raretriage.knowledge import Knowledge

NOTHING = dict.fromkeys(("resemblance", "kinship", "gene", "breadth", "seniority", "first_of_series"), 0.0)


def of(knowledge: Knowledge, **weights: float) -> dict[str, float]:
    views = views_of(knowledge)
    candidates = candidates_of(knowledge, views)
    terms = terms_of(knowledge, views)
    found = prior(knowledge, views, candidates, terms, terms.profiles(views), Weights(**(NOTHING | weights)))
    return {c.id: float(p) for c, p in zip(candidates, found, strict=True)}


@pytest.mark.parametrize(
    ("trait", "more", "less"),
    [
        ("resemblance", "OMIM:3", "OMIM:5"),
        ("kinship", "OMIM:3", "OMIM:5"),
        ("gene", "OMIM:3", "OMIM:6"),
        ("breadth", "OMIM:1", "OMIM:2"),
        ("seniority", "OMIM:1", "OMIM:6"),
        ("first_of_series", "OMIM:1", "OMIM:2"),
    ],
)
def test_each_trait_lifts_the_better_known(knowledge: Knowledge, trait: str, more: str, less: str) -> None:
    found = of(knowledge, **{trait: 1.0})
    assert found[more] > found[less]
    assert np.mean(list(found.values())) == pytest.approx(0, abs=1e-6)


def test_what_omim_does_not_have_is_of_average_seniority(knowledge: Knowledge) -> None:
    assert of(knowledge, seniority=1.0)["ORPHA:70"] == pytest.approx(0)


@pytest.mark.parametrize(
    ("years", "period"),
    [(0, Onset.NEONATAL), (0.1, Onset.INFANTILE), (1, Onset.CHILDHOOD), (5, Onset.JUVENILE), (16, Onset.YOUNG_ADULT),
     (40, Onset.MIDDLE_AGE), (60, Onset.LATE), (120, Onset.LATE)],
)  # fmt: skip
def test_periods_begin_at_the_ages_of_hpo(years: float, period: Onset) -> None:
    assert Onset.at(years) is period


def test_every_onset_term_of_hpo_has_its_periods(released: Knowledge) -> None:
    root = "HP:0003674"
    below = {t.id for t in released.ontology.current_terms() if root in _above(released, t.id)} - {root}
    assert below == OF_HPO.keys()


def _above(knowledge: Knowledge, term: str) -> set[str]:
    parents = set(knowledge.ontology.term(term).parents)
    return parents.union(*(_above(knowledge, parent) for parent in parents))


def test_onset_against_the_average_speaks_neither_way_over_all_periods(knowledge: Knowledge) -> None:
    views = views_of(knowledge)
    known, by_age = onset_log_ratios(knowledge, views, candidates_of(knowledge, views))
    assert known.shape == by_age.shape == (len(Onset), 7)
    assert np.all((known.max(axis=0) >= 0) & (known.min(axis=0) <= 0))
    assert np.allclose(by_age[Onset.LATE], 0, atol=1e-6)
