import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.knowledge import FINDINGS_ROOT, Knowledge, MalformedSource, Ontology, UnknownTerm, build_knowledge
from raretriage.knowledge.obo import Term


def test_alternative_and_replaced_ids_become_current(small: Knowledge) -> None:
    assert [small.resolve(x) for x in ("HP:0001250", "HP:0002125", "HP:0002002", "HP:0002003")] == ["HP:0001250"] * 4


def test_a_withdrawn_term_names_what_to_consider(small: Knowledge) -> None:
    assert small.find("HP:0002004") is None
    with pytest.raises(UnknownTerm, match=r"withdrawn.*HP:0020219 \(Motor seizure\)"):
        small.resolve("HP:0002004")


@pytest.mark.parametrize("typed", ["hp:1250", "HP_0001250", "HP:00012500"[:9], "HP:0001520", "HP:0001251"])
def test_an_unknown_id_names_a_near_one(small: Knowledge, typed: str) -> None:
    with pytest.raises(UnknownTerm, match=r"did you mean .*HP:0001250 \(Seizure\)"):
        small.resolve(typed)


def test_an_id_like_nothing_gets_no_suggestion(small: Knowledge) -> None:
    with pytest.raises(UnknownTerm) as raised:
        small.resolve("juan.perez@example.org " * 20)
    assert "did you mean" not in str(raised.value)
    assert len(str(raised.value)) < 200


def test_ancestors_stay_in_the_findings_branch_and_include_the_term(small: Knowledge) -> None:
    expected = {"HP:0020219", "HP:0001250", "HP:0012638", FINDINGS_ROOT}
    assert small.ancestors("HP:0020219") == expected
    assert small.ancestors("HP:0000005") == frozenset()


def test_only_terms_below_the_root_are_findings(small: Knowledge) -> None:
    assert [small.is_finding(x) for x in ("HP:0002125", "HP:0012638", FINDINGS_ROOT, "HP:0000005")] == [
        True,
        True,
        False,
        False,
    ]


def test_an_undefined_parent_is_refused() -> None:
    with pytest.raises(MalformedSource, match="X:1 is a child of X:2"):
        Ontology((Term("X:1", "a", parents=("X:2",)),))


def test_replacements_in_a_circle_resolve_to_nothing() -> None:
    a = Term("X:1", "a", is_obsolete=True, replaced_by=("X:2",))
    b = Term("X:2", "b", is_obsolete=True, replaced_by=("X:1",))
    assert Ontology((a, b)).find("X:1") is None


@st.composite
def graphs(draw: st.DrawFn) -> Ontology:
    """A random acyclic graph: every term has parents among the earlier ones, the first is the findings root."""
    terms = [Term(FINDINGS_ROOT, "root")]
    for i in range(draw(st.integers(1, 25))):
        parents = draw(st.sets(st.sampled_from([t.id for t in terms]), max_size=3))
        terms.append(Term(f"X:{i}", f"term {i}", parents=tuple(sorted(parents))))
    return Ontology(tuple(draw(st.permutations(terms))))


@given(graphs())
def test_ancestors_are_the_closure_of_parents(ontology: Ontology) -> None:
    for term in ontology.terms:
        above = ontology.ancestors(term.id)
        by_parents = frozenset().union(*(ontology.ancestors(p) for p in term.parents))
        if FINDINGS_ROOT in above:
            assert above == by_parents | {term.id}
        else:
            assert above == frozenset() == by_parents


def test_the_released_graph_has_one_root_and_no_lost_finding(released: Knowledge) -> None:
    findings = [t for t in released.ontology.current_terms() if released.is_finding(t.id)]
    assert len(findings) > 17_000
    assert all(FINDINGS_ROOT in released.ancestors(t.id) for t in findings)


def test_a_circle_of_is_a_stops_the_build_and_names_the_terms(obo_text: str, hpoa_text: str) -> None:
    circular = obo_text.replace("name: Seizure\n", "name: Seizure\nis_a: HP:0020219 ! Motor seizure\n", 1)
    with pytest.raises(MalformedSource, match=r"circle: HP:.*HP:.* -> HP:") as raised:
        build_knowledge(circular.encode(), hpoa_text.encode())
    assert {"HP:0001250", "HP:0020219"} <= set(str(raised.value).replace(" -> ", " ").split())


def test_a_term_that_is_a_kind_of_itself_is_a_circle(obo_text: str, hpoa_text: str) -> None:
    circular = obo_text.replace("name: Seizure\n", "name: Seizure\nis_a: HP:0001250 ! Seizure\n", 1)
    with pytest.raises(MalformedSource, match="HP:0001250 -> HP:0001250"):
        build_knowledge(circular.encode(), hpoa_text.encode())
