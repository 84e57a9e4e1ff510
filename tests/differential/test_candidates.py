"""Which diseases are ranked, and from which entries each is known."""

import pytest

from raretriage.differential.candidates import Candidate, candidates_of
from raretriage.differential.views import View, views_of
from raretriage.knowledge import Knowledge


@pytest.fixture(scope="module")
def views(knowledge: Knowledge) -> tuple[View, ...]:
    return views_of(knowledge)


@pytest.fixture(scope="module")
def by_id(knowledge: Knowledge, views: tuple[View, ...]) -> dict[str, Candidate]:
    return {c.id: c for c in candidates_of(knowledge, views)}


def test_twins_are_one_candidate_under_the_id_of_omim(by_id: dict[str, Candidate]) -> None:
    assert by_id["OMIM:3"].entries == ("OMIM:3", "ORPHA:30")
    assert "ORPHA:30" not in by_id


def test_an_entry_that_holds_a_series_is_shown_with_its_members(by_id: dict[str, Candidate]) -> None:
    assert by_id["OMIM:1"].umbrellas == ("ORPHA:10",)
    assert by_id["OMIM:2"].umbrellas == ("ORPHA:10",)
    assert "ORPHA:10" not in by_id


def test_the_only_two_entries_of_a_gene_are_shown_together(by_id: dict[str, Candidate]) -> None:
    assert by_id["OMIM:4"].umbrellas == ("ORPHA:40",)


def test_a_disease_of_orphanet_alone_competes(by_id: dict[str, Candidate]) -> None:
    assert by_id["ORPHA:70"].entries == ("ORPHA:70",)
    assert by_id["ORPHA:70"].mate is None


def test_every_entry_has_a_place(by_id: dict[str, Candidate], views: tuple[View, ...]) -> None:
    shown = {e for c in by_id.values() for e in (*c.entries, *c.umbrellas)}
    assert shown == {view.disease_id for view in views}


def test_weights_of_the_sources_sum_to_one_and_its_own_weigh_most(
    by_id: dict[str, Candidate], views: tuple[View, ...]
) -> None:
    for candidate in by_id.values():
        assert sum(candidate.sources.values()) == pytest.approx(1)
    shaking = by_id["OMIM:2"]
    sources = {views[i].disease_id for i in shaking.sources}
    assert sources == {"OMIM:1", "OMIM:2", "ORPHA:10"}


def test_excluded_rows_and_onsets_are_no_findings_of_a_view(views: tuple[View, ...]) -> None:
    own = next(view for view in views if view.disease_id == "ORPHA:70")
    assert set(own.findings) == {"HP:0000639"}
    shaking = next(view for view in views if view.disease_id == "OMIM:1")
    assert set(shaking.findings) == {"HP:0007359", "HP:0001251", "HP:0000639"}
