import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.knowledge.errors import MalformedSource
from raretriage.knowledge.obo import Synonym, parse_obo


def obo(*stanzas: str, header: str = "data-version: hp/releases/2030-01-01") -> bytes:
    return "\n\n".join([header, *stanzas]).encode()


def test_header_gives_release_and_licence(obo_text: str) -> None:
    document = parse_obo(obo_text.encode())
    assert (document.release, document.licence) == ("2025-01-16", "https://example.org/licence")


def test_only_term_stanzas_become_terms(obo_text: str) -> None:
    assert [t.id for t in parse_obo(obo_text.encode()).terms].count("has_part") == 0
    assert len(parse_obo(obo_text.encode()).terms) == 9


def test_a_stanza_is_read_whole() -> None:
    text = (
        '[Term]\nid: X:2\nname: a \\"b\\"\nalt_id: X:9\nsynonym: "c, \\"d\\"" EXACT layperson [ref:1]\n'
        'synonym: "e" []\nxref: SNOMEDCT_US:42\nxref: UMLS:C1\nis_a: X:1 {why="x"} ! parent\n'
        "is_obsolete: true\nreplaced_by: X:3\nconsider: X:4"
    )
    (term,) = parse_obo(obo(text)).terms
    assert term.name == 'a "b"'
    assert term.synonyms == (Synonym('c, "d"', "EXACT", "layperson"), Synonym("e", "RELATED", ""))
    assert (term.parents, term.alt_ids, term.snomed) == (("X:1",), ("X:9",), ("42",))
    assert (term.is_obsolete, term.replaced_by, term.consider) == (True, ("X:3",), ("X:4",))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"format-version: 1.2\n", "data-version"),
        (obo("[Term]\nid: X:1"), "line 3: a .Term. needs an id and a name"),
        (obo("[Term]\nid: X:1\nname: a", "[Term]\nid: X:1\nname: b"), "line 7: X:1 is defined twice"),
        (obo("[Term]\nid: X:1\nname: a\nno tag here"), "line 6: expected 'tag: value'"),
        (obo("[Term]\nid: X:1\nname: a\nsynonym: bare"), "quoted"),
        (b"data-version: a\xff", "byte 15 is not UTF-8"),
    ],
)
def test_a_fault_is_named_with_its_line(content: bytes, fault: str) -> None:
    with pytest.raises(MalformedSource, match=fault):
        parse_obo(content)


# what OBO escapes or treats as syntax, next to ordinary text
_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(str.strip).filter(bool)


@given(name=_texts, synonym=_texts)
def test_any_name_and_synonym_survive_writing_and_reading(name: str, synonym: str) -> None:
    def escape(text: str) -> str:
        return text.replace("\\", "\\\\").replace('"', '\\"')

    stanza = f'[Term]\nid: X:1\nname: {escape(name)}\nsynonym: "{escape(synonym)}" EXACT []'
    (term,) = parse_obo(obo(stanza)).terms
    assert (term.name, term.synonyms[0].text) == (name, synonym)
