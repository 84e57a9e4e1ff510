from raretriage.cohort import Catalogue
from raretriage.cohort.catalogue import COURSES, rare_profiles
from raretriage.cohort.profiles import ORPHANET, Origin
from raretriage.knowledge import Knowledge


def test_the_common_ones_of_the_table_stand_first(catalogue: Catalogue) -> None:
    written = sum(p.origin is Origin.TABLE and not p.rare for p in catalogue.profiles)
    assert written > 100
    assert not catalogue.rare[:written].any()
    assert {p.origin for p in catalogue.profiles[:written]} == {Origin.TABLE}


def test_every_profile_has_its_row_in_every_array(catalogue: Catalogue) -> None:
    for row in range(0, len(catalogue.profiles), 97):
        profile = catalogue.profiles[row]
        assert COURSES[catalogue.course[row]] is profile.course
        assert catalogue.weight[row] == profile.weight
        terms = [catalogue.terms.ids[t] for t in catalogue.finding[row] if t >= 0]
        assert terms == [f.hpo_id for f in profile.findings]
        for slot, finding in enumerate(profile.findings):
            count = catalogue.exact_count[row, slot]
            assert [catalogue.terms.ids[t] for t in catalogue.exact[row, slot, :count]] == list(finding.exact)


def test_all_annotated_descriptions_of_a_disease_are_coded_alike(catalogue: Catalogue) -> None:
    """The code of a diagnosis says the disease; folds that leave out a disease leave out all its descriptions."""
    for profile in catalogue.profiles:
        if profile.rare and profile.origin is not Origin.TABLE:
            (code,) = profile.codes
            assert (code.system, f"ORPHA:{code.code}") == (ORPHANET, profile.group)


def test_the_account_of_the_rare_ones_is_of_this_catalogue(catalogue: Catalogue, knowledge: Knowledge) -> None:
    account = rare_profiles(knowledge)
    annotated = [p.disease for p in catalogue.profiles if p.rare and p.origin is not Origin.TABLE]
    assert [p.disease for p in account.profiles] == annotated
    counts = account.counts()
    assert sum(counts["profiles by origin"].values()) == len(account.profiles)
    assert sum(counts["entries left out"].values()) == len(account.left_out)
    for rule in ("state", "course", "onset", "sex", "weight"):
        assert sum(counts[f"diseases by clause of {rule}"].values()) == len({p.group for p in account.profiles})
