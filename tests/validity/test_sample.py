"""Whom the cheat tests look at: ill people only, of the catalogue's diseases, both sources alike."""

from dataclasses import replace

import numpy as np
import pytest

from raretriage.cohort import Catalogue
from raretriage.cohort.profiles import Origin
from raretriage.validity.errors import NothingToCompare
from raretriage.validity.sample import Sample, draw_ill, draw_rare, straight


@pytest.fixture(scope="module")
def ill(catalogue: Catalogue) -> Sample:
    return draw_ill(catalogue, seed=3, ill=1_500, rare_share=0.4)


def test_enough_visits_are_drawn_and_none_is_for_nothing(ill: Sample) -> None:
    assert ill.count >= 1_500
    assert ill.state.min() > 0
    assert 0.3 < ill.is_rare.mean() < 0.45


def test_each_visit_carries_its_disease(ill: Sample, catalogue: Catalogue) -> None:
    profiles = {profile.disease: profile for profile in catalogue.profiles}
    for row in range(0, ill.count, 97):
        profile = profiles[ill.disease[row]]
        assert (profile.rare, profile.group, profile.origin) == (ill.is_rare[row], ill.group[row], ill.origin[row])


def test_findings_are_counted_by_visit(ill: Sample) -> None:
    assert ill.observed.sum() + ill.excluded.sum() == len(ill.columns.findings.row)
    assert 4 < ill.observed.mean() < 8
    assert (ill.undated <= ill.observed).all()


def test_some_rows_are_the_same_visits(ill: Sample) -> None:
    rows = np.array([7, 3])
    some = ill.take(rows)
    assert some.observed.tolist() == ill.observed[rows].tolist()
    assert some.disease.tolist() == ill.disease[rows].tolist()


@pytest.mark.parametrize("twins_only", [False, True])
def test_two_sources_come_equally_often(catalogue: Catalogue, twins_only: bool) -> None:
    rare = draw_rare(catalogue, seed=4, rare=1_500, twins_only=twins_only)
    assert rare.count >= 1_500
    assert rare.is_rare.all()
    is_omim = rare.origin == Origin.OMIM.value
    assert 0.4 < is_omim.mean() < 0.6
    described = {p.group for p in catalogue.profiles if p.origin is Origin.OMIM}
    assert set(rare.group[~is_omim]) <= described if twins_only else not set(rare.group[~is_omim]) <= described


def test_without_crossed_profiles_class_and_source_are_one(catalogue: Catalogue) -> None:
    visits = draw_ill(straight(catalogue), seed=3, ill=500, rare_share=0.4)
    assert ((visits.origin == Origin.TABLE.value) != visits.is_rare).all()


def test_one_source_alone_cannot_be_compared(catalogue: Catalogue) -> None:
    orpha = tuple(replace(p, origin=Origin.ORPHA) if p.origin is Origin.OMIM else p for p in catalogue.profiles)
    with pytest.raises(NothingToCompare, match="omim"):
        draw_rare(replace(catalogue, profiles=orpha), seed=4, rare=10)
