import pytest

from raretriage.knowledge import Knowledge
from raretriage.knowledge.rarity import Clause, bag_of_words, judge, load_common_table


@pytest.mark.parametrize(
    "name",
    [
        "Migraine with or without aura, susceptibility to, 1",
        "Celiac disease, susceptibility to, 1",
        "Rheumatoid arthritis",
        "Inflammatory bowel disease 1, Crohn disease",
        "Alzheimer disease",
        "Psoriasis 1, susceptibility to",
        "Schizophrenia",
        "Diabetes mellitus, noninsulin-dependent",
        "Dermatitis, atopic",
        "Dengue fever",
        "Down syndrome",
    ],
)
def test_traps_of_the_annotation_file_are_common(released: Knowledge, name: str) -> None:
    found = [d for d in released.diseases if d.name == name]
    assert found
    assert all(released.is_rare(d.id) is False for d in found)


@pytest.mark.parametrize(
    "disease", ["ORPHA:558", "ORPHA:586", "ORPHA:636", "ORPHA:319552", "ORPHA:1020", "ORPHA:566243"]
)
def test_orphanet_disorders_are_rare(released: Knowledge, disease: str) -> None:
    assert released.is_rare(disease) is True


def test_an_omim_entry_is_rare_when_its_name_is_an_orphanet_disorder(small: Knowledge) -> None:
    assert small.is_rare("OMIM:1") is True
    assert small.is_rare("OMIM:2") is None


def test_no_verdict_is_not_common(released: Knowledge, small: Knowledge) -> None:
    assert released.is_rare("ORPHA:0") is None
    assert small.is_rare("OMIM:2") is None


@pytest.mark.parametrize(
    ("name", "clause"),
    [
        ("Sarcoidosis, susceptibility to, 1", Clause.SUSCEPTIBILITY),
        ("Kaposi sarcoma, susceptibility to", Clause.SUSCEPTIBILITY),
        ("Glioma susceptibility 1", Clause.SUSCEPTIBILITY),
        ("Mendelian susceptibility to mycobacterial diseases", Clause.ORPHA_ENTRY),
        ("Autism, susceptibility to, 3", Clause.COMMON_TABLE),
        ("Alzheimer disease 3", Clause.ORPHA_ENTRY),
    ],
)
def test_a_susceptibility_is_no_disease_but_a_name_with_the_word_may_be(name: str, clause: Clause) -> None:
    assert judge({"ORPHA:9": name}, load_common_table()) == {"ORPHA:9": clause}


def test_names_are_compared_without_order_case_and_accents() -> None:
    assert bag_of_words("Aicardi-Goutières syndrome") == bag_of_words("SYNDROME, aicardi goutieres")
    assert bag_of_words("Psoriasis 1") != bag_of_words("Psoriasis 2")


def test_every_id_of_the_common_table_is_in_the_release_with_that_name(released: Knowledge) -> None:
    import csv
    from importlib import resources

    text = resources.files("raretriage.knowledge").joinpath("common_diseases.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["id"]]
    assert len(rows) >= 10
    assert {row["id"]: released.disease_name(row["id"]) for row in rows} == {row["id"]: row["name"] for row in rows}
