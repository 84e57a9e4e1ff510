import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.knowledge.annotations import FREQUENCY_TERMS, parse_frequency, parse_hpoa
from raretriage.knowledge.errors import MalformedSource
from raretriage.knowledge.knowledge import Knowledge


def test_rows_carry_frequency_onset_sex_and_reference(small: Knowledge) -> None:
    (row,) = small.annotations("OMIM:1")
    assert (row.frequency, row.onset, row.sex, row.reference) == ("3/4", "HP:0003577", "", "PMID:2")
    assert row.interval is not None
    assert 0.3 < row.interval.low < 0.75 < row.interval.high < 1


def test_not_rows_and_zero_of_m_are_excluded(small: Knowledge) -> None:
    assert [(r.hpo_id, r.excluded, r.sex) for r in small.annotations("ORPHA:1")] == [
        ("HP:0001250", False, ""),
        ("HP:0020219", True, "female"),
    ]
    assert [r.excluded for r in small.annotations("OMIM:2")] == [True]


def test_a_repeated_row_counts_once(small: Knowledge) -> None:
    assert sum(r.hpo_id == "HP:0001250" for r in small.annotations("ORPHA:1")) == 1


def test_no_frequency_is_unknown_and_not_zero() -> None:
    assert parse_frequency("") is None


@pytest.mark.parametrize("text", ["5/4", "0/0", "101%", "often", "HP:0040279", "-1%", "1/2/3"])
def test_an_unreadable_frequency_is_refused(text: str) -> None:
    with pytest.raises(MalformedSource, match="frequency"):
        parse_frequency(text)


@given(st.integers(1, 10_000).flatmap(lambda m: st.tuples(st.integers(0, m), st.just(m))))
def test_a_ratio_lies_inside_its_interval(ratio: tuple[int, int]) -> None:
    hits, patients = ratio
    interval = parse_frequency(f"{hits}/{patients}")
    assert interval is not None
    assert 0 <= interval.low <= hits / patients + 1e-4
    assert hits / patients - 1e-4 <= interval.high <= 1


def test_more_patients_make_the_interval_narrower() -> None:
    few, many = parse_frequency("1/2"), parse_frequency("500/1000")
    assert few is not None
    assert many is not None
    assert many.high - many.low < (few.high - few.low) / 10


def test_frequency_terms_match_the_definitions_in_the_ontology(sources, released: Knowledge) -> None:
    text = sources[0].read_text(encoding="utf-8")
    for term, (low, high) in FREQUENCY_TERMS.items():
        stanza = text.split(f"\nid: {term}\n", 1)[1].split("[Term]", 1)[0]
        definition = stanza.split("def:", 1)[1].split("\n", 1)[0]
        numbers = {int(n) for n in "".join(c if c.isdigit() else " " for c in definition.split("[")[0]).split()}
        assert {round(low * 100), round(high * 100)} <= numbers, (term, definition)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("#version: 2025-01-16", "#nothing"), "version"),
        (("database_id", "id"), "line 3: expected the columns"),
        (("\t3/4\t", "\toften\t"), "line 7: frequency"),
        (("\tNOT\t", "\tMAYBE\t"), "line 6: qualifier"),
        (("OMIM:1\t", "OMIM:1\tx\t"), "line 7: 13 fields, expected 12"),
    ],
)
def test_a_broken_row_is_named(hpoa_text: str, change: tuple[str, str], fault: str) -> None:
    with pytest.raises(MalformedSource, match=fault):
        parse_hpoa(hpoa_text.replace(*change).encode())
