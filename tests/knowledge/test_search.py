"""A finding is found by whatever it is called."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.knowledge import Knowledge, TermIndex, Why


@pytest.fixture(scope="session")
def index(released: Knowledge) -> TermIndex:
    return TermIndex(released)


@pytest.mark.parametrize(
    ("asked", "hpo_id", "why"),
    [
        ("fiebre", "HP:0001945", Why.EXACT),
        ("FIEBRE", "HP:0001945", Why.EXACT),
        ("convulsiones", "HP:0001250", Why.EXACT),
        ("throwing up", "HP:0002013", Why.EXACT),
        ("hipotonia", "HP:0001252", Why.EXACT),
        ("hepatomeg", "HP:0002240", Why.BEGINNING),
        ("cabeza dolor", "HP:0002315", Why.WORDS),
        ("cefalae", "HP:0002315", Why.TYPO),
        ("microcefalai", "HP:0000252", Why.TYPO),
        ("hp:0002125", "HP:0001250", Why.ID),
        ("0001250", "HP:0001250", Why.ID),
    ],
)
def test_by_name_beginning_words_error_or_id(index: TermIndex, asked: str, hpo_id: str, why: Why) -> None:
    first = index.search(asked)[0]
    assert (first.hpo_id, first.why) == (hpo_id, why)


def test_labels_are_spanish_where_there_is_one_and_say_so_where_not(index: TermIndex) -> None:
    spanish = index.search("seizure", language="es")[0]
    assert (spanish.label, spanish.language) == ("Crisis epiléptica (convulsión)", "es")
    assert index.search("convulsiones", language="en")[0].label == "Seizure"
    rare = index.search("Abnormal circulating acetylglutamine concentration", language="es")
    assert all(match.language == "en" for match in rare[:1])


def test_an_official_label_is_shown_and_our_own_is_still_found(released: Knowledge) -> None:
    seizure, kidney = "HP:0001250", "HP:0000003"
    index = TermIndex(replace(released, spanish={seizure: "Ataque de prueba", kidney: "Riñón de prueba"}))
    assert index.search("riñón de prueba")[0].hpo_id == kidney
    for asked in ("ataque de prueba", "crisis epiléptica"):
        first = index.search(asked)[0]
        assert (first.hpo_id, first.label) == (seizure, "Ataque de prueba")


@pytest.mark.parametrize("asked", ["", "   ", ";;;", "xyzzy", "HP:9999999", "HP:0000005"])
def test_what_names_no_finding_finds_none(index: TermIndex, asked: str) -> None:
    assert index.search(asked) == ()


@given(st.text(max_size=60), st.integers(1, 20))
def test_no_query_breaks_it(index: TermIndex, asked: str, limit: int) -> None:
    found = index.search(asked, limit=limit)
    assert len(found) <= limit
    assert len({match.hpo_id for match in found}) == len(found)


@given(st.data())
def test_every_finding_is_found_by_its_own_name(index: TermIndex, released: Knowledge, data: st.DataObject) -> None:
    terms = [t for t in released.ontology.current_terms() if released.is_finding(t.id)]
    term = data.draw(st.sampled_from(terms))
    found = index.search(term.name, language="en", limit=50)
    assert term.id in {match.hpo_id for match in found if match.why is Why.EXACT}
