"""Genes of a disease, from HPO's table."""

import pytest

from raretriage.knowledge import MalformedSource, build_knowledge, dump, load_knowledge
from raretriage.knowledge.genes import COLUMNS, parse_genes
from tests.knowledge.conftest import HPOA, OBO

HEADER = "\t".join(COLUMNS) + "\n"


def row(gene: str, disease: str) -> str:
    return f"1\t{gene}\tHP:0001250\tSeizure\t-\t{disease}\n"


def test_a_disease_has_each_gene_once_and_sorted() -> None:
    text = HEADER + row("ZIC1", "OMIM:1") + row("ABC1", "OMIM:1") + row("ABC1", "OMIM:1") + row("ABC1", "ORPHA:2")
    assert parse_genes(text.encode()) == {"OMIM:1": ("ABC1", "ZIC1"), "ORPHA:2": ("ABC1",)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: expected the columns"),
        (b"gene\tdisease\n", "line 1: expected the columns"),
        ((HEADER + "1\tABC1\n").encode(), "line 2: 2 fields, expected 6"),
        (b"\xff", "byte 0 is not UTF-8"),
    ],
)
def test_another_table_is_refused_by_line(content: bytes, message: str) -> None:
    with pytest.raises(MalformedSource, match=message):
        parse_genes(content)


def test_genes_are_kept_in_the_artefact_with_their_source() -> None:
    plain = build_knowledge(OBO.encode(), HPOA.encode())
    disease = plain.diseases[0].id
    known = build_knowledge(OBO.encode(), HPOA.encode(), (HEADER + row("ABC1", disease)).encode())
    assert plain.diseases[0].genes == ()
    again = load_knowledge(dump(known))
    assert again.diseases[0].genes == ("ABC1",)
    assert "genes_to_phenotype" in again.sources[-1].name
    assert again.version == known.version != plain.version
