import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.cohort import Catalogue, ProfileError
from raretriage.cohort.onset import (
    EPISODE_YEARS,
    LASTING_YEARS,
    PASSING_YEARS,
    Onset,
    OnsetClause,
    OnsetTable,
    ages_at_visit,
    load_onset_table,
    mean_years_since_onset,
    onset_of,
)
from raretriage.cohort.profiles import AGE_BANDS, Origin, read_table
from raretriage.domain import State
from raretriage.knowledge import Annotation, Knowledge
from tests.cohort.described import every_rare

FAILURE_TO_THRIVE, CONGENITAL, MIDDLE_AGE = "HP:0001508", "HP:0003577", "HP:0003596"


@pytest.fixture(scope="module")
def table(knowledge: Knowledge) -> OnsetTable:
    return load_onset_table(knowledge)


def row(hpo_id: str, *, frequency: str = "", onset: str = "", excluded: bool = False) -> Annotation:
    return Annotation("OMIM:1", hpo_id, excluded, frequency, onset, "", "PMID:1")


@pytest.mark.parametrize(
    ("name", "rows", "clause", "years"),
    [
        ("X", [row(MIDDLE_AGE), row(FAILURE_TO_THRIVE, frequency="90%")], OnsetClause.ANNOTATED_COURSE, (40, 60)),
        (
            "Congenital X",
            [row("HP:0001250", onset="HP:0011463"), row("HP:0001251", onset=MIDDLE_AGE)],
            OnsetClause.ANNOTATED_FINDING_ONSET,
            (1, 5),
        ),
        ("Juvenile X", [row(FAILURE_TO_THRIVE, frequency="90%")], OnsetClause.NAME, (5, 15)),
        ("1q1 microdeletion syndrome", [], OnsetClause.NAME, (0, 0)),
        ("X", [row("HP:0001531", frequency="HP:0040282")], OnsetClause.EARLY_FINDING, (0, 2)),  # a kind of it
        ("X", [row(FAILURE_TO_THRIVE, frequency="HP:0040283")], OnsetClause.MEAN_OF_COMMON, None),  # occasional
        ("X", [row(FAILURE_TO_THRIVE)], OnsetClause.MEAN_OF_COMMON, None),  # nobody said how often
        ("X", [row(CONGENITAL, excluded=True)], OnsetClause.MEAN_OF_COMMON, None),
        ("Noncongenital X", [], OnsetClause.MEAN_OF_COMMON, None),  # only whole words count
    ],
)
def test_the_first_clause_that_knows_the_onset_decides(
    knowledge: Knowledge,
    table: OnsetTable,
    name: str,
    rows: list[Annotation],
    clause: OnsetClause,
    years: tuple[float, float] | None,
) -> None:
    onset = onset_of(knowledge, name, rows, table)
    assert onset.clause is clause
    assert [interval for interval, _weight in onset.intervals] == ([] if years is None else [years])


@pytest.mark.parametrize(
    ("rows", "groups", "clause", "years"),
    [
        ([row(MIDDLE_AGE)], ("Childhood",), OnsetClause.ANNOTATED_COURSE, [(40, 60)]),
        ([row("HP:0001250", onset=MIDDLE_AGE)], ("Childhood",), OnsetClause.ORPHANET_AGE_GROUP, [(2, 12)]),
        ([], ("Adult", "Elderly"), OnsetClause.ORPHANET_AGE_GROUP, [(18, 65), (65, 85)]),
        ([], ("No data available",), OnsetClause.MEAN_OF_COMMON, []),
        ([], ("No data available", "Neonatal"), OnsetClause.ORPHANET_AGE_GROUP, [(0, 0.08)]),
    ],
)
def test_orphanets_age_groups_stand_between_the_course_and_the_findings(
    knowledge: Knowledge,
    table: OnsetTable,
    rows: list[Annotation],
    groups: tuple[str, ...],
    clause: OnsetClause,
    years: list[tuple[float, float]],
) -> None:
    onset = onset_of(knowledge, "X", rows, table, age_groups=groups)
    assert (onset.clause, [interval for interval, _weight in onset.intervals]) == (clause, years)


@pytest.mark.parametrize(("latest", "clause"), [(20.0, OnsetClause.EARLY_DEATH), (21.0, OnsetClause.MEAN_OF_COMMON)])
def test_what_kills_before_people_are_grown_up_has_begun_by_then(
    knowledge: Knowledge, table: OnsetTable, latest: float, clause: OnsetClause
) -> None:
    onset = onset_of(knowledge, "X", [], table, latest=latest)
    assert onset.clause is clause
    assert clause is OnsetClause.MEAN_OF_COMMON or onset.intervals == (((0.0, latest), 1.0),)


def test_nobody_is_seen_after_most_have_died() -> None:
    congenital = Onset(OnsetClause.NAME, (((0.0, 0.0), 1.0),))
    ages, limits = ages_at_visit(congenital, LASTING_YEARS, 10.0)
    assert limits == (0, 10)
    assert sum(ages[2:]) == 0
    assert abs(sum(ages) - 1) < 1e-9
    juvenile = Onset(OnsetClause.NAME, (((5.0, 15.0), 1.0),))
    assert ages_at_visit(juvenile, LASTING_YEARS, 2.0) == ages_at_visit(juvenile, LASTING_YEARS)  # a contradiction


def test_several_onsets_weigh_as_often_as_they_were_seen(knowledge: Knowledge, table: OnsetTable) -> None:
    rows = [row("HP:0003593", frequency="10%"), row("HP:0003581", frequency="80%"), row("HP:0003596")]
    assert [weight for _years, weight in onset_of(knowledge, "X", rows, table).intervals] == [0.1, 0.8, 0.5]


def test_a_congenital_disease_is_mostly_seen_in_children_but_adults_occur() -> None:
    ages, limits = ages_at_visit(Onset(OnsetClause.NAME, (((0.0, 0.0), 1.0),)), LASTING_YEARS)
    assert 0.65 < sum(ages[:2]) < 0.80
    assert sum(ages[2:]) > 0.20
    assert ages[4] < 0.001
    assert limits == (0, 60)


@given(
    intervals=st.lists(
        st.tuples(st.tuples(st.floats(0, 40), st.floats(0, 40)), st.floats(0.01, 1)), min_size=1, max_size=4
    ),
    mean=st.sampled_from([EPISODE_YEARS, PASSING_YEARS, LASTING_YEARS]),
)
def test_nobody_is_seen_before_onset(intervals: list[tuple[tuple[float, float], float]], mean: float) -> None:
    ordered = tuple(((min(years), max(years)), weight) for years, weight in intervals)
    ages, (youngest, oldest) = ages_at_visit(Onset(OnsetClause.NAME, ordered), mean)
    assert abs(sum(ages) - 1) < 1e-9
    assert min(ages) >= 0
    assert youngest == min(low for (low, _high), _weight in ordered)
    for share, (low, high) in zip(ages, AGE_BANDS, strict=True):
        assert share == 0 or (high > youngest and low < oldest)


def test_an_episode_is_seen_at_onset_a_passing_disease_soon_and_a_lasting_one_for_years() -> None:
    assert mean_years_since_onset("Infant botulism", State.ACUTE, is_inherited=False) == EPISODE_YEARS
    assert mean_years_since_onset("Hyperkalemic periodic paralysis", State.ACUTE, is_inherited=True) == LASTING_YEARS
    assert mean_years_since_onset("Self-limited neonatal epilepsy", State.MILD, is_inherited=False) == PASSING_YEARS
    assert mean_years_since_onset("Turner syndrome", State.CHRONIC, is_inherited=False) == LASTING_YEARS


@pytest.mark.parametrize(
    ("disease", "clause", "youngest", "oldest"),
    [
        ("ORPHA:56", "annotated_course", 0, 95),  # alkaptonuria: seen in infants, most notice it as adults
        ("ORPHA:640", "annotated_course", 5, 95),  # pressure palsies: juvenile or young adult
        ("ORPHA:678", "annotated_finding_onset", 0, 61),  # Papillon-Lefèvre: OMIM writes it without the accent
        ("ORPHA:178478", "name", 0, 2),  # infant botulism
        ("ORPHA:391673", "early_finding", 0, 1),  # necrotizing enterocolitis, of the premature
        ("ORPHA:33069", "early_finding", 0, 66),  # Dravet: febrile seizures
        ("ORPHA:707", "mean_of_common", 0, 95),  # plague
    ],
)
def test_known_diseases_have_the_ages_of_a_textbook(
    knowledge: Knowledge, disease: str, clause: str, youngest: float, oldest: float
) -> None:
    profile = next(p for p in every_rare(knowledge).profiles if p.disease == disease)
    assert profile.clauses[0] == clause
    assert abs(profile.age_limits[0] - youngest) <= 0.5
    assert abs(profile.age_limits[1] - oldest) <= 1.1


def test_a_disease_that_shows_as_developmental_delay_is_no_disease_of_the_old(knowledge: Knowledge) -> None:
    seen = 0
    for profile in every_rare(knowledge).profiles:
        typical = [x for f in profile.findings if f.low >= 0.8 for x in f.exact[:1]]
        if profile.clauses[0] != OnsetClause.EARLY_FINDING:
            continue
        if any("HP:0012758" in knowledge.ancestors(x) for x in typical):
            assert sum(np.array(profile.ages)[3:]) / sum(profile.ages) < 0.06
            seen += 1
    assert seen > 20


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            "sign,HP:0001508,Failure to thrive,0,2,estimate",
            "kind: 'sign', expected one of course, class, name, finding",
        ),
        ("finding,HP:9999999,Nothing,0,2,estimate", "HP:9999999 is not a current term"),
        ("finding,HP:0001508,Thin,0,2,estimate", "HP:0001508 is called 'Failure to thrive', not 'Thin'"),
        ("name,old,in the name,9,2,estimate", "the onset is reversed: 9 is above 2"),
        ("name,old,in the name,9,200,estimate", "onset_to_years: 200 is outside"),
        ("name,old,in the name,1,2,", "column source is empty"),
    ],
)
def test_a_bad_row_is_named(knowledge: Knowledge, line: str, fault: str) -> None:
    with pytest.raises(ProfileError, match=rf"rare_onset\.csv, line 2: {fault}"):
        load_onset_table(knowledge, f"kind,key,label,onset_from_years,onset_to_years,source\n{line}")


def test_every_age_is_a_definition_of_hpo_or_says_estimate() -> None:
    for line in read_table("rare_onset.csv"):
        key, source = line.text("key"), line.text("source")
        assert source == "estimate" or source.split(";")[0] in {
            f"{x} of {key} in hp.obo" for x in ("definition", "name")
        }


def test_every_onset_term_of_the_annotations_is_in_the_table(knowledge: Knowledge, table: OnsetTable) -> None:
    used = {a.onset for d in knowledge.diseases for a in knowledge.annotations(d.id)} - {""}
    assert used <= table.course.keys()


def test_the_ages_need_no_class(catalogue: Catalogue) -> None:
    """The sampler reads the same columns for both: common diseases have limits and shares of men too."""
    written = np.array([p.origin is Origin.TABLE and not p.rare for p in catalogue.profiles])
    common = [p for p, of_table in zip(catalogue.profiles, written, strict=True) if of_table]
    assert all(0 <= youngest < oldest <= 95 for youngest, oldest in (p.age_limits for p in common))
    assert sum(p.age_limits == (0, 95) for p in common) > 50
    assert {p.clauses for p in common} == {("", "")}
    assert set(catalogue.male_share[written].tolist()) == {0.0, 0.5, 1.0}
