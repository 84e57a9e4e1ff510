from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from raretriage.cohort import Profile
from raretriage.cohort.annotated import MAX_FINDINGS, MIN_ANNOTATED, UNSTATED
from raretriage.cohort.nuisance import load_nuisance
from raretriage.cohort.onset import OnsetClause
from raretriage.cohort.profiles import AGE_LIMITS, Origin
from raretriage.cohort.rare import LeftOut, RareProfiles, load_rare
from raretriage.cohort.rare_state import StateClause
from raretriage.cohort.rare_weight import PrevalenceClause
from raretriage.domain import State
from raretriage.knowledge import Clause, Knowledge, Prevalence
from raretriage.knowledge.prevalence import Kind
from tests.cohort.described import every_rare

MARFAN, MARFAN_OMIM, FABRY, PLAGUE = "ORPHA:558", "OMIM:154700", "ORPHA:324", "ORPHA:707"


@pytest.fixture(scope="module")
def rare(knowledge: Knowledge) -> RareProfiles:
    return every_rare(knowledge)


def only(knowledge: Knowledge, **changes: dict[str, object]) -> Knowledge:
    """The knowledge with no rare diseases but these, each with its changes. Ids are written ORPHA_558."""
    wanted = {disease.replace("_", ":"): change for disease, change in changes.items()}
    diseases = tuple(
        replace(d, clause=Clause.ORPHA_ENTRY, **wanted[d.id])
        if d.id in wanted
        else replace(d, clause=Clause.NO_VERDICT, group=d.id)
        for d in knowledge.diseases
    )
    return replace(knowledge, diseases=diseases)


def load(knowledge: Knowledge, common: Sequence[Profile], shared: Sequence[str], *held_back: str) -> RareProfiles:
    return load_rare(knowledge, common, shared, load_nuisance(), frozenset(held_back))


def test_every_rare_entry_is_a_profile_or_left_out_with_a_reason(rare: RareProfiles, knowledge: Knowledge) -> None:
    profiles = {p.disease for p in rare.profiles}
    assert not profiles & rare.left_out.keys()
    assert profiles | rare.left_out.keys() == {d.id for d in knowledge.diseases if d.clause.is_rare}
    assert len(profiles) == len(rare.profiles) >= 3_500
    assert {p.group for p in rare.profiles} == rare.clauses.keys()


def test_every_state_has_many_and_both_origins_occur(rare: RareProfiles) -> None:
    states = Counter(p.state for p in rare.profiles)
    assert min(states[s] for s in (State.MILD, State.ACUTE, State.CHRONIC)) >= 90
    origins = Counter(p.origin for p in rare.profiles)
    assert origins[Origin.ORPHA] >= 3_000
    assert origins[Origin.OMIM] >= 300
    assert all(p.rare for p in rare.profiles)


def test_findings_are_shared_ones_and_the_exact_terms_are_kinds_of_them(
    rare: RareProfiles, shared: tuple[str, ...], knowledge: Knowledge
) -> None:
    words = set(shared)
    for profile in rare.profiles:
        assert MIN_ANNOTATED <= len(profile.findings) <= MAX_FINDINGS
        assert {finding.hpo_id for finding in profile.findings} <= words
        assert all(f.hpo_id in knowledge.ancestors(x) for f in profile.findings for x in f.exact)


def test_numbers_are_the_annotations_and_their_source_can_be_looked_up(
    rare: RareProfiles, knowledge: Knowledge
) -> None:
    stated = 0
    for profile in rare.profiles[::40]:
        rows = {(a.hpo_id, a.reference): a for a in knowledge.annotations(profile.disease) if a.frequency}
        for finding in profile.findings:
            if finding.source == "estimate":
                assert (finding.low, finding.high) == (UNSTATED.low, UNSTATED.high)
                continue
            _file, disease, term, reference = finding.source.split(" ")
            assert disease == profile.disease
            assert any(
                row.interval is not None and (row.interval.low, row.interval.high) == (finding.low, finding.high)
                for row in knowledge.annotations(disease)
                if (row.hpo_id, row.reference) == (term, reference)
            )
            assert (term, reference) in rows
            stated += 1
    assert stated > 500


def test_descriptions_of_one_disease_differ_in_nothing_but_findings(rare: RareProfiles) -> None:
    by_group: dict[str, list[Profile]] = {}
    for profile in rare.profiles:
        by_group.setdefault(profile.group, []).append(profile)
    several = [profiles for profiles in by_group.values() if len(profiles) > 1]
    assert len(several) > 200
    for profiles in several:
        assert len({replace(p, disease="", origin=Origin.TABLE, findings=()) for p in profiles}) == 1


def test_a_disease_is_drawn_as_often_however_many_describe_it(rare: RareProfiles) -> None:
    weights: Counter[str] = Counter()
    for profile in rare.profiles:
        weights[profile.group] += profile.weight
    # without Orphanet's tables no prevalence is known, so all weigh alike
    assert {round(weight, 9) for weight in weights.values()} == {1.0}


def test_choosing_again_chooses_the_same(
    knowledge: Knowledge, common: list[Profile], shared: tuple[str, ...], rare: RareProfiles
) -> None:
    assert load_rare(knowledge, common, shared, load_nuisance()) == rare


def test_without_a_known_onset_ages_are_those_of_common_diseases_with_the_same_state(
    rare: RareProfiles, common: list[Profile]
) -> None:
    for state in (State.MILD, State.ACUTE, State.CHRONIC):
        alike = [p for p in common if p.state is state]
        shares = np.array([np.array(p.ages) / sum(p.ages) for p in alike])
        mean = np.average(shares, axis=0, weights=[p.weight for p in alike])
        guessed = [p for p in rare.profiles if p.clauses[0] == OnsetClause.MEAN_OF_COMMON and p.state is state]
        assert len(guessed) > 5
        assert all(np.allclose(p.ages, mean) for p in guessed)
        assert {p.age_limits for p in guessed} == {AGE_LIMITS}


def test_two_entries_of_a_group_share_what_either_knows(
    knowledge: Knowledge, common: list[Profile], shared: tuple[str, ...]
) -> None:
    known = Prevalence(16, 16, Kind.BIRTH, "Worldwide")
    joined = only(
        knowledge,
        ORPHA_558={"prevalence": known, "onset_classes": ("Childhood",)},
        OMIM_154700={"group": MARFAN, "prevalence": known},
        ORPHA_324={"prevalence": Prevalence(1, 1, Kind.POINT, "Worldwide")},
    )
    made = load(joined, common, shared)
    marfan = [p for p in made.profiles if p.group == MARFAN]
    assert [(p.disease, p.origin) for p in marfan] == [(MARFAN, Origin.ORPHA), (MARFAN_OMIM, Origin.OMIM)]
    assert {p.name for p in marfan} == {"Marfan syndrome"}
    assert {p.codes for p in marfan} == {marfan[0].codes}
    fabry = next(p for p in made.profiles if p.disease == FABRY)
    assert sum(p.weight for p in marfan) / fabry.weight == pytest.approx(2.0)  # 16 times, to the power 0.25
    assert made.clauses[MARFAN].weight is PrevalenceClause.BIRTH
    counts = made.counts()
    assert counts["profiles by origin"] == {"orpha": 2, "omim": 1}
    assert counts["diseases by clause of weight"] == {"birth": 1, "point": 1}


def test_orphanets_age_groups_reach_the_profile_where_no_course_is_annotated(
    knowledge: Knowledge, common: list[Profile], shared: tuple[str, ...]
) -> None:
    made = load(only(knowledge, ORPHA_707={"onset_classes": ("Elderly",)}), common, shared)
    assert made.clauses[PLAGUE].onset is OnsetClause.ORPHANET_AGE_GROUP
    assert made.profiles[0].age_limits[0] == 65
    assert made.clauses[PLAGUE].state is StateClause.TABLE


def test_who_is_left_out_and_why(knowledge: Knowledge, common: list[Profile], shared: tuple[str, ...]) -> None:
    few = next(d.id for d in knowledge.diseases if d.id.startswith("ORPHA:") and d.clause is Clause.ORPHA_ENTRY)
    lethal = next(d.id for d in knowledge.diseases if d.name == "Hydrolethalus")
    decipher = next(d.id for d in knowledge.diseases if d.id.startswith("DECIPHER:"))
    rest = {few.replace(":", "_"): {}, lethal.replace(":", "_"): {}, decipher.replace(":", "_"): {}}
    made = load(only(knowledge, ORPHA_558={}, ORPHA_324={}, **rest), common, ("HP:0001250",), MARFAN)
    assert made.left_out == {
        decipher: LeftOut.OTHER_CATALOGUE,
        MARFAN: LeftOut.HELD_FOR_BRIDGE,
        lethal: LeftOut.KILLS_BEFORE_BIRTH,
        few: LeftOut.TOO_FEW_SHARED_FINDINGS,
        FABRY: LeftOut.TOO_FEW_SHARED_FINDINGS,
    }
    assert made.profiles == ()


def test_a_shorter_vocabulary_makes_no_profile_of_fewer_than_five_findings(
    knowledge: Knowledge, common: list[Profile], shared: tuple[str, ...]
) -> None:
    one = only(knowledge, ORPHA_558={})
    terms = [f.hpo_id for f in load(one, common, shared).profiles[0].findings]
    assert len(load(one, common, terms[:MIN_ANNOTATED]).profiles) == 1
    assert load(one, common, terms[: MIN_ANNOTATED - 1]).left_out == {MARFAN: LeftOut.TOO_FEW_SHARED_FINDINGS}
