from raretriage.knowledge import Knowledge


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
