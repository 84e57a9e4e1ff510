from raretriage.knowledge import Clause, Knowledge, Prevalence
from raretriage.knowledge.prevalence import Kind


def test_entries_of_one_disease_share_a_group(small: Knowledge) -> None:
    assert [small.group(x) for x in ("ORPHA:1", "OMIM:1", "OMIM:2")] == ["ORPHA:1", "ORPHA:1", "OMIM:2"]
    assert small.members("ORPHA:1") == ("ORPHA:1", "OMIM:1")
    assert small.members("OMIM:1") == ()


def test_an_unknown_entry_is_its_own_group_of_which_nothing_is_known(small: Knowledge) -> None:
    assert (small.group("ORPHA:0"), small.members("ORPHA:0")) == ("ORPHA:0", ())
    assert (small.prevalence("ORPHA:0"), small.onset_classes("ORPHA:0")) == (None, ())


def test_every_entry_of_the_release_is_in_the_group_it_names(released: Knowledge) -> None:
    assert all(d.id in released.members(d.group) for d in released.diseases)
    assert released.members("ORPHA:558")[0] == "ORPHA:558"


def test_with_tables_an_exact_relation_makes_the_group(small_with_tables: Knowledge) -> None:
    assert small_with_tables.members("ORPHA:1") == ("ORPHA:1", "OMIM:1", "OMIM:2")
    assert small_with_tables.is_rare("OMIM:2") is True


def test_an_omim_entry_has_its_groups_prevalence_and_onset(small_with_tables: Knowledge) -> None:
    for entry in ("ORPHA:1", "OMIM:1", "OMIM:2"):
        assert small_with_tables.prevalence(entry) == Prevalence(2.5, 2.5, Kind.POINT, "Worldwide")
        assert small_with_tables.onset_classes(entry) == ("Infancy", "Neonatal")
    assert small_with_tables.prevalence("ORPHA:99828") is None


def test_an_annotated_disease_keeps_the_annotations_name(small_with_tables: Knowledge) -> None:
    assert small_with_tables.disease_name("ORPHA:1") == "Made-up syndrome"


def test_disorders_and_groups_without_annotations_are_known_and_categories_are_not(
    small_with_tables: Knowledge,
) -> None:
    (group,) = [d for d in small_with_tables.diseases if d.id == "ORPHA:3"]
    assert (group.name, group.clause) == ("Disorder 3", Clause.COMMON_POINT_PREVALENCE)
    assert list(small_with_tables.annotations("ORPHA:3")) == []
    assert small_with_tables.disease_name("ORPHA:2") is None


def test_the_tables_are_among_the_sources_with_their_hashes(small: Knowledge, small_with_tables: Knowledge) -> None:
    extra = [s for s in small_with_tables.sources if s not in small.sources]
    assert [s.name.split(" ")[0] for s in extra] == ["Orphanet"] * 4
    assert all(len(s.sha256) == 64 for s in small_with_tables.sources)
    assert small_with_tables.rarity_rule == "Orphanet's prevalence tables, at most 5 in 10,000"
