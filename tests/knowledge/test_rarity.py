"""The rule on made-up tables, a clause at a time; on the released files, its traps."""

import csv
from collections import Counter
from collections.abc import Mapping
from importlib import resources

import pytest

from raretriage.knowledge import Clause, Knowledge, Prevalence
from raretriage.knowledge.orphanet import CLASSES, Orphanet
from raretriage.knowledge.prevalence import Kind
from raretriage.knowledge.rarity import CommonTable, RarityRule, bag_of_words, load_common_table
from tests.knowledge.orphanet_tables import tables

NOTHING_COMMON = CommonTable(frozenset(), frozenset())
POINT, BIRTH = "Point prevalence", "Prevalence at birth"

TRAPS_COMMON = [
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
    "Fetal alcohol syndrome",
    "Trisomy X syndrome",
    "Zika virus disease",
]
# Marfan, cystic fibrosis, myasthenia gravis, Wilson, Fabry
TRAPS_RARE = ["ORPHA:558", "ORPHA:586", "ORPHA:589", "ORPHA:905", "ORPHA:324"]
# Welander, carnitine deficiency, Hb Bart's, Charlevoix-Saguenay ataxia, oculopharyngeal dystrophy, Steinert
FOUNDERS = ["ORPHA:603", "ORPHA:158", "ORPHA:163596", "ORPHA:98", "ORPHA:270", "ORPHA:273"]


def clauses(orphanet: Orphanet, *, rare_per_10000: float = 5.0, **names: str) -> Mapping[str, Clause]:
    """The clauses of everything in the tables, and of OMIM entries given as `OMIM_100="name"`."""
    known = {x.id: x.name for x in orphanet.entities.values()} | {k.replace("_", ":"): v for k, v in names.items()}
    return RarityRule(NOTHING_COMMON, orphanet, rare_per_10000).judge(known).clauses


def of_one(*figures: tuple[object, ...], kind: str = "Disease", rare_per_10000: float = 5.0) -> Clause:
    """The clause of ORPHA:1 with such rows: type, class, geography and, where it matters, mean."""
    rows = [(1, *figure) for figure in figures]
    return clauses(tables([(1, kind)], rows), rare_per_10000=rare_per_10000)["ORPHA:1"]


# -- with tables --


@pytest.mark.parametrize(
    ("kind", "class_name", "clause"),
    [
        (POINT, "<1 / 1 000 000", Clause.RARE_POINT_PREVALENCE),
        (POINT, "1-5 / 10 000", Clause.RARE_POINT_PREVALENCE),
        (POINT, "6-9 / 10 000", Clause.COMMON_POINT_PREVALENCE),
        (POINT, ">1 / 1000", Clause.COMMON_POINT_PREVALENCE),
        (BIRTH, "1-5 / 10 000", Clause.RARE_BIRTH_PREVALENCE),
        (BIRTH, "6-9 / 10 000", Clause.COMMON_BIRTH_PREVALENCE),
    ],
)
def test_prevalence_decides(kind: str, class_name: str, clause: Clause) -> None:
    assert of_one((kind, class_name, "Worldwide")) is clause
    assert of_one((kind, class_name, "Europe")) is clause


def test_point_prevalence_goes_before_prevalence_at_birth() -> None:
    assert of_one((BIRTH, ">1 / 1000", "Worldwide"), (POINT, "1-5 / 10 000", "Europe")) is Clause.RARE_POINT_PREVALENCE


@pytest.mark.parametrize("kind", ["Annual incidence", "Lifetime Prevalence", "Cases/families"])
def test_incidence_and_case_counts_are_no_prevalence(kind: str) -> None:
    assert of_one((kind, ">1 / 1000", "Worldwide")) is Clause.NO_FIGURE


@pytest.mark.parametrize(
    ("geography", "clause"),
    [
        ("Sweden", Clause.LOCAL_FIGURE_IGNORED),
        ("South East Asia", Clause.LOCAL_FIGURE_IGNORED),
        ("Specific population", Clause.NO_FIGURE),
    ],
)
def test_a_founder_population_does_not_make_a_disease_common(geography: str, clause: Clause) -> None:
    assert of_one((POINT, ">1 / 1000", geography)) is clause
    assert clause.is_rare is True


def test_a_single_country_can_confirm_that_a_disease_is_rare() -> None:
    assert of_one((POINT, "1-9 / 100 000", "Japan")) is Clause.LOCAL_FIGURE_CONFIRMS


def test_without_a_figure_an_orphanet_disorder_is_rare() -> None:
    assert of_one() is Clause.NO_FIGURE
    assert of_one((POINT, "Unknown", "Worldwide")) is Clause.NO_FIGURE
    assert Clause.NO_FIGURE.is_rare is True


@pytest.mark.parametrize(
    ("class_name", "mean", "clause"),
    [
        ("1-9 / 100 000", "no data", Clause.RARE_POINT_PREVALENCE),
        ("1-5 / 10 000", "no data", Clause.CLASS_HOLDS_THRESHOLD),
        ("1-5 / 10 000", "20.0", Clause.RARE_POINT_PREVALENCE),
        ("1-5 / 10 000", "20.1", Clause.COMMON_POINT_PREVALENCE),
        ("6-9 / 10 000", "no data", Clause.COMMON_POINT_PREVALENCE),
    ],
)
def test_the_threshold_can_be_colombias(class_name: str, mean: str, clause: Clause) -> None:
    assert of_one((POINT, class_name, "Worldwide", mean), rare_per_10000=2.0) is clause


def test_a_class_that_holds_the_threshold_does_not_make_a_disease_common() -> None:
    assert Clause.CLASS_HOLDS_THRESHOLD.is_rare is True


@pytest.mark.parametrize("threshold", [0.0, -1.0, 10_000.0, float("nan")])
def test_a_threshold_that_is_no_share_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match="rare_per_10000"):
        RarityRule(NOTHING_COMMON, None, threshold)


@pytest.mark.parametrize(
    ("kind", "clause"),
    [
        ("Clinical subtype", Clause.SUBTYPE),
        ("Etiological subtype", Clause.SUBTYPE),
        ("Histopathological subtype", Clause.SUBTYPE),
        ("Category", Clause.CATEGORY),
    ],
)
def test_subtypes_and_categories_have_no_verdict_of_their_own_whatever_their_figure(kind: str, clause: Clause) -> None:
    assert of_one((POINT, "<1 / 1 000 000", "Worldwide"), kind=kind) is clause
    assert clause.is_rare is None


def test_a_subtype_has_the_verdict_of_its_disorder() -> None:
    kinds = [(1,), (2, "Clinical subtype"), (3, "Etiological subtype"), (9,), (4, "Clinical subtype")]
    read = tables(kinds, [(9, POINT, ">1 / 1000", "Worldwide")], parents=[(2, 1), (3, 2), (4, 9), (4, 1)],
                  omim=[(2, 7, "E"), (4, 8, "E")])  # fmt: skip
    of = clauses(read, OMIM_7="Entry 7", OMIM_8="Entry 8")
    assert (of["ORPHA:2"], of["ORPHA:3"]) == (Clause.SUBTYPE_OF_RARE, Clause.SUBTYPE_OF_RARE)
    assert (of["ORPHA:4"], of["OMIM:8"]) == (Clause.SUBTYPE, Clause.NO_VERDICT)  # of a rare and of a common disorder
    assert of["OMIM:7"] is Clause.OMIM_EXACT
    assert (Clause.SUBTYPE_OF_RARE.is_rare, Clause.SUBTYPE.is_rare) == (True, None)


COMMON_ROW = (9, POINT, ">1 / 1000", "Worldwide")


def test_a_clinical_group_is_rare_when_all_its_members_are() -> None:
    rows, edges = [COMMON_ROW], [(2, 1), (3, 2)]
    of = clauses(tables([(1, "Clinical group"), (2, "Clinical group"), (3,), (9,)], rows, parents=edges))
    assert (of["ORPHA:1"], of["ORPHA:2"]) == (Clause.GROUP_OF_RARE_MEMBERS, Clause.GROUP_OF_RARE_MEMBERS)
    of = clauses(tables([(1, "Clinical group"), (2, "Clinical group"), (3,), (9,)], rows, parents=[*edges, (9, 2)]))
    assert (of["ORPHA:1"], of["ORPHA:1"].is_rare) == (Clause.GROUP_OF_MIXED_MEMBERS, None)


def test_a_clinical_groups_own_figure_for_europe_goes_before_its_members() -> None:
    own = (1, POINT, "1-9 / 100 000", "Europe")
    of = clauses(tables([(1, "Clinical group"), (9,)], [COMMON_ROW, own], parents=[(9, 1)]))
    assert of["ORPHA:1"] is Clause.RARE_POINT_PREVALENCE


def test_a_clinical_groups_own_local_figure_does_not() -> None:
    own = (1, POINT, "1-9 / 100 000", "Japan")
    of = clauses(tables([(1, "Clinical group"), (9,)], [COMMON_ROW, own], parents=[(9, 1)]))
    assert of["ORPHA:1"] is Clause.GROUP_OF_MIXED_MEMBERS


def test_a_clinical_group_without_members_is_judged_as_a_disorder() -> None:
    assert of_one(kind="Clinical group") is Clause.NO_FIGURE
    assert of_one((POINT, "<1 / 1 000 000", "Japan"), kind="Clinical group") is Clause.LOCAL_FIGURE_CONFIRMS


def test_an_omim_entry_has_the_verdict_of_what_the_tables_call_the_same() -> None:
    read = tables(
        [(1,), (2, "Clinical subtype"), (3, "Category"), (9,)],
        [COMMON_ROW],
        omim=[(1, 101, "E"), (2, 102, "E"), (3, 103, "E"), (9, 109, "E"), (1, 104, "NTBT")],
    )
    names = {f"OMIM_{n}": f"Entry {n}" for n in (101, 102, 103, 104, 109)}
    of = clauses(read, **names)
    assert of["OMIM:101"] is Clause.OMIM_EXACT
    assert of["OMIM:109"] is Clause.OMIM_OF_COMMON
    assert [of[x] for x in ("OMIM:102", "OMIM:103", "OMIM:104")] == [Clause.NO_VERDICT] * 3
    assert (Clause.OMIM_EXACT.is_rare, Clause.OMIM_OF_COMMON.is_rare) == (True, False)


def test_an_omim_entry_without_an_exact_relation_is_joined_by_name() -> None:
    read = tables([(1, "Disease", "Made-up syndrome"), (9, "Disease", "Ordinary cold")], [COMMON_ROW])
    of = clauses(read, OMIM_1="Syndrome, made-up", OMIM_2="Ordinary cold", OMIM_3="Something else")
    assert of["OMIM:1"] is Clause.OMIM_JOINED_BY_NAME
    assert of["OMIM:2"] is Clause.OMIM_OF_COMMON
    assert of["OMIM:3"] is Clause.NO_VERDICT


def test_of_two_entries_that_are_the_same_the_disorder_gives_the_group() -> None:
    read = tables([(1, "Clinical subtype"), (22,), (3,)], omim=[(1, 7, "E"), (22, 7, "E"), (3, 7, "E")])
    verdicts = RarityRule(NOTHING_COMMON, read).judge({"ORPHA:1": "a", "ORPHA:22": "b", "ORPHA:3": "c", "OMIM:7": "d"})
    assert verdicts.groups == {"OMIM:7": "ORPHA:3"}


def test_a_category_is_nobodys_group() -> None:
    read = tables([(1, "Category")], omim=[(1, 7, "E")])
    assert RarityRule(NOTHING_COMMON, read).judge({"ORPHA:1": "a", "OMIM:7": "b"}).groups == {}


def test_what_the_tables_do_not_list_falls_back_on_orphanets_inclusion() -> None:
    assert clauses(tables([(1,)]), ORPHA_5="Withdrawn syndrome")["ORPHA:5"] is Clause.ORPHA_ENTRY


def test_the_common_table_and_susceptibility_go_before_any_figure() -> None:
    read = tables([(1,), (2, "Disease", "Glioma susceptibility")], [(1, POINT, "<1 / 1 000 000", "Worldwide")])
    rule = RarityRule(CommonTable(frozenset({"ORPHA:1"}), frozenset()), read)
    found = rule.judge({x.id: x.name for x in read.entities.values()}).clauses
    assert found == {"ORPHA:1": Clause.COMMON_TABLE, "ORPHA:2": Clause.SUSCEPTIBILITY}


def test_a_founder_populations_figure_is_no_prior() -> None:
    rows = [(1, POINT, ">1 / 1000", "Sweden"), (2, POINT, "1-9 / 100 000", "Sweden")]
    rule = RarityRule(NOTHING_COMMON, tables([(1,), (2,)], rows))
    assert rule.prevalence("ORPHA:1") is None
    assert rule.prevalence("ORPHA:2") == Prevalence(1.0, 9.0, Kind.POINT, "Sweden")


# -- without tables --


def test_without_tables_an_orpha_entry_is_rare_whatever_its_type(small: Knowledge) -> None:
    assert small.is_rare("ORPHA:1") is True
    assert small.rarity_rule == "ORPHA entry of phenotype.hpoa (no prevalence tables)"


def test_an_omim_entry_is_rare_when_its_name_is_an_orphanet_disorder(small: Knowledge) -> None:
    assert small.is_rare("OMIM:1") is True
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
    assert RarityRule(load_common_table()).judge({"ORPHA:9": name}).clauses == {"ORPHA:9": clause}


def test_names_are_compared_without_order_case_and_accents() -> None:
    assert bag_of_words("Aicardi-Goutières syndrome") == bag_of_words("SYNDROME, aicardi goutieres")
    assert bag_of_words("Psoriasis 1") != bag_of_words("Psoriasis 2")


# -- traps, on the released files --


@pytest.mark.parametrize("name", TRAPS_COMMON)
def test_traps_of_the_annotation_file_are_common(released: Knowledge, name: str) -> None:
    found = [d for d in released.diseases if d.name == name]
    assert found
    assert all(released.is_rare(d.id) is False for d in found)


@pytest.mark.parametrize("disease", [*TRAPS_RARE, *FOUNDERS])
def test_orphanet_disorders_are_rare(released: Knowledge, disease: str) -> None:
    assert released.is_rare(disease) is True


def test_guillain_barre_is_not_annotated_but_its_members_are_rare(released: Knowledge) -> None:
    assert (released.disease_name("ORPHA:2103"), released.is_rare("ORPHA:2103")) == (None, None)
    assert [released.is_rare(x) for x in ("ORPHA:98916", "ORPHA:98919")] == [True, True]


def test_no_verdict_is_not_common(released: Knowledge) -> None:
    assert released.is_rare("ORPHA:0") is None


def test_every_id_of_the_common_table_is_in_the_release_with_that_name(released: Knowledge) -> None:
    rows = [row for row in _common_rows() if row["id"]]
    assert len(rows) >= 10
    assert {row["id"]: released.disease_name(row["id"]) for row in rows} == {row["id"]: row["name"] for row in rows}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", TRAPS_COMMON)
def test_traps_are_common_with_the_released_tables_too(with_tables: Knowledge, name: str) -> None:
    found = [d for d in with_tables.diseases if d.name == name]
    assert found
    assert all(with_tables.is_rare(d.id) is False for d in found)


@pytest.mark.shared_data
@pytest.mark.parametrize("disease", [*TRAPS_RARE, *FOUNDERS, "ORPHA:2103", "ORPHA:98916", "ORPHA:98919"])
def test_disorders_are_rare_with_the_released_tables(with_tables: Knowledge, disease: str) -> None:
    assert with_tables.is_rare(disease) is True


@pytest.mark.shared_data
def test_guillain_barre_is_rare_by_its_own_figure(with_tables: Knowledge) -> None:
    assert with_tables.disease_name("ORPHA:2103") == "Guillain-Barré syndrome"
    assert with_tables.prevalence("ORPHA:2103") == Prevalence(1.0, 9.0, Kind.POINT, "Europe")
    assert with_tables.onset_classes("ORPHA:2103") == ("All ages",)


@pytest.mark.shared_data
def test_every_clause_but_one_decides_something_in_the_released_tables(with_tables: Knowledge) -> None:
    counts = Counter(d.clause for d in with_tables.diseases)
    # a category is neither annotated nor listed, and 5 in 10,000 lies on the edge of a class
    assert set(Clause) - counts.keys() == {
        Clause.CATEGORY,
        Clause.CLASS_HOLDS_THRESHOLD,
        Clause.COMMON_POINT_PREVALENCE,  # cleft lip and alveolus alone, which the common table names
    }


@pytest.mark.shared_data
def test_figures_that_the_common_table_takes_from_orphanet_are_there(released_tables: dict[str, str]) -> None:
    quoted = [row["source"] for row in _common_rows() if row["source"] != "estimate"]
    assert len(quoted) >= 8
    rows = [line.split("\t") for line in released_tables["prevalence.tsv"].splitlines()]
    there = {
        f"Orphanet {kind[0].lower()}{kind[1:]} ORPHA:{orpha} {place} {named} (2025-12, CC BY 4.0)"
        for orpha, kind, _qualification, named, _mean, place, _source in rows
        if named in CLASSES
    }
    assert [source for source in quoted if source not in there] == []


def _common_rows() -> list[dict[str, str]]:
    text = resources.files("raretriage.knowledge").joinpath("common_diseases.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
