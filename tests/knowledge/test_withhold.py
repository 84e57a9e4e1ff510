"""The knowledge as if it had not read something."""

import pytest

from raretriage.knowledge import Annotation, Knowledge, papers_of, rests_on_summary, withhold


@pytest.mark.parametrize(
    ("text", "papers"),
    [
        ("PMID:21441262", {"21441262"}),
        ("PMID:21441262;PMID:28851325", {"21441262", "28851325"}),
        ("PMID_10874631_II_2", {"10874631"}),
        ("OMIM:154700", set()),
        ("", set()),
    ],
)
def test_papers_of_a_reference_or_an_identifier(text: str, papers: set[str]) -> None:
    assert papers_of(text) == papers


@pytest.mark.parametrize(
    ("reference", "is_summary"),
    [("OMIM:1", True), ("OMIM:1;OMIM:2", True), ("OMIM:1;PMID:2", False), ("ORPHA:1", False)],
)
def test_a_row_rests_on_a_summary_when_nothing_else_is_named(reference: str, is_summary: bool) -> None:
    row = Annotation("OMIM:1", "HP:0001250", False, "", "", "", reference)
    assert rests_on_summary(row) is is_summary


def test_only_what_is_withheld_is_gone(small: Knowledge) -> None:
    rows = {d.id: list(small.annotations(d.id)) for d in small.diseases}
    gone = next(row for found in rows.values() for row in found)
    reduced = withhold(small, lambda row: row == gone)
    left = {d.id: list(reduced.annotations(d.id)) for d in reduced.diseases}
    assert left == {disease: [row for row in found if row != gone] for disease, found in rows.items()}
    assert reduced.version != small.version
    assert withhold(small, lambda _: False).version == small.version
