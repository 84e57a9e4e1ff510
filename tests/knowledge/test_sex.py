import csv
from importlib.resources import files

import pytest

from raretriage.domain import Sex
from raretriage.knowledge import (
    Annotation,
    Knowledge,
    MalformedSource,
    SexClause,
    SexTable,
    load_sex_table,
    male_share,
    only_sex,
)

AZOOSPERMIA, TESTICULAR_TUMOUR, OVARIAN_FAILURE, AMENORRHEA = "HP:0000027", "HP:0010788", "HP:0008209", "HP:0000786"
CRYPTORCHIDISM, HYPOSPADIAS, SEIZURE, ATAXIA = "HP:0000028", "HP:0000047", "HP:0001250", "HP:0001251"
VERY_FREQUENT, FREQUENT = "HP:0040281", "HP:0040282"


@pytest.fixture(scope="module")
def table(released: Knowledge) -> SexTable:
    return load_sex_table(released)


def row(hpo_id: str, frequency: str = VERY_FREQUENT, *, sex: str = "", excluded: bool = False) -> Annotation:
    return Annotation("OMIM:1", hpo_id, excluded, frequency, "", sex, "PMID:1")


@pytest.mark.parametrize(
    ("name", "rows", "share", "clause"),
    [
        ("X-linked X", [row("HP:0001419", ""), row(OVARIAN_FAILURE)], 0.95, SexClause.INHERITANCE),
        ("X", [row("HP:0001419", "", excluded=True)], 0.5, SexClause.BOTH_ALIKE),
        ("X", [row("HP:0000006", "")], 0.5, SexClause.BOTH_ALIKE),  # autosomal dominant
        ("X", [row(SEIZURE, sex="female"), row(ATAXIA)], 0.0, SexClause.ANNOTATED_SEX),
        ("X", [row(SEIZURE, sex="male"), row(ATAXIA, sex="male")], 1.0, SexClause.ANNOTATED_SEX),
        ("X", [row(SEIZURE, sex="male"), row(ATAXIA, sex="female")], 0.5, SexClause.BOTH_ALIKE),
        ("X", [row(SEIZURE, sex="male"), row(ATAXIA), row("HP:0002315")], 0.5, SexClause.BOTH_ALIKE),
        ("X", [row(OVARIAN_FAILURE), row(AMENORRHEA), row(SEIZURE)], 0.0, SexClause.ONE_SEX_FINDINGS),
        (
            "X",
            [row(AZOOSPERMIA), row(TESTICULAR_TUMOUR)],
            0.5,
            SexClause.BOTH_ALIKE,
        ),  # testes count as external genitalia
        ("X", [row(OVARIAN_FAILURE), row(AMENORRHEA, FREQUENT)], 0.5, SexClause.BOTH_ALIKE),
        ("X", [row(OVARIAN_FAILURE), row(AMENORRHEA), row(AZOOSPERMIA, FREQUENT)], 0.5, SexClause.BOTH_ALIKE),
        ("X", [row(CRYPTORCHIDISM), row(HYPOSPADIAS)], 0.5, SexClause.BOTH_ALIKE),  # girls have the syndrome too
        ("X-linked dominant X", [], 0.33, SexClause.NAME),
        ("X-linked X", [], 0.8, SexClause.NAME),
        ("Mosaic monosomy X syndrome", [], 0.0, SexClause.NAME),
        ("Marfan syndrome", [], 0.5, SexClause.BOTH_ALIKE),
    ],
)
def test_the_first_clause_that_knows_the_sex_decides(
    released: Knowledge, table: SexTable, name: str, rows: list[Annotation], share: float, clause: SexClause
) -> None:
    assert male_share(released, name, rows, table) == (share, clause)


def test_only_sex_is_known_for_a_finding_and_its_kinds(released: Knowledge, table: SexTable) -> None:
    assert only_sex(released, OVARIAN_FAILURE, table.finding) is Sex.FEMALE
    assert only_sex(released, HYPOSPADIAS, table.finding) is Sex.MALE
    assert only_sex(released, "HP:0000789", table.finding) is None  # infertility


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("sign,HP:0010461,Abnormality of the male genitalia,1,estimate", "kind 'sign' with male_share 1"),
        ("finding,HP:0010461,Abnormality of the male genitalia,0.5,estimate", "kind 'finding' with male_share 0.5"),
        ("name,X-linked,in the name,1.5,estimate", "male_share: 1.5 is outside 0 to 1"),
        ("name,X-linked,in the name,0.8,", "column source is empty"),
    ],
)
def test_a_bad_row_is_named(released: Knowledge, line: str, fault: str) -> None:
    with pytest.raises(MalformedSource, match=rf"disease_sex\.csv, line 2: {fault}"):
        load_sex_table(released, f"kind,key,label,male_share,source\n{line}")


def test_the_table_has_the_terms_of_the_release(released: Knowledge) -> None:
    text = files("raretriage.knowledge").joinpath("disease_sex.csv").read_text(encoding="utf-8")
    for line in csv.DictReader(text.splitlines()):
        if line["kind"] != "name":
            assert released.find(line["key"]) == line["key"]
            assert released.label(line["key"]) == line["label"]


def test_a_term_that_the_release_lacks_says_nothing(released: Knowledge) -> None:
    table = load_sex_table(released, "kind,key,label,male_share,source\ninheritance,HP:9999999,Gone,1,estimate")
    assert table.inheritance == {}


def test_every_share_is_a_definition_of_hpo_or_says_estimate() -> None:
    text = files("raretriage.knowledge").joinpath("disease_sex.csv").read_text(encoding="utf-8")
    for line in csv.DictReader(text.splitlines()):
        assert line["source"] in {"estimate", f"definition of {line['key']} in hp.obo"}
