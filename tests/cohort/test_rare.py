from collections import Counter

import numpy as np
import pytest

from raretriage.cohort import Catalogue, Profile, ProfileError, load_background, load_common, vocabulary
from raretriage.cohort import rare as rare_module
from raretriage.cohort.nuisance import load_nuisance
from raretriage.cohort.onset import OnsetClause
from raretriage.cohort.profiles import MIN_FINDINGS, read_table
from raretriage.cohort.rare import MAX_FINDINGS, load_rare
from raretriage.domain import State
from raretriage.knowledge import Knowledge


@pytest.fixture(scope="module")
def shared(knowledge: Knowledge) -> tuple[str, ...]:
    return vocabulary(load_common(knowledge), load_background(knowledge))


@pytest.fixture(scope="module")
def rare(knowledge: Knowledge, shared: tuple[str, ...]) -> list[Profile]:
    return load_rare(knowledge, load_common(knowledge), shared, load_nuisance())


def test_there_are_enough_rare_diseases_and_every_state_occurs(rare: list[Profile]) -> None:
    assert len(rare) >= 150
    assert len({p.disease for p in rare}) == len(rare)
    assert min(Counter(p.state for p in rare)[s] for s in (State.MILD, State.ACUTE, State.CHRONIC)) >= 20


def test_every_one_is_rare_by_the_rule(rare: list[Profile], knowledge: Knowledge) -> None:
    assert all(p.rare and knowledge.is_rare(p.disease) for p in rare)


def test_findings_are_shared_ones_and_the_exact_terms_are_kinds_of_them(
    rare: list[Profile], shared: tuple[str, ...], knowledge: Knowledge
) -> None:
    words = set(shared)
    for profile in rare:
        assert MIN_FINDINGS <= len(profile.findings) <= MAX_FINDINGS
        for finding in profile.findings:
            assert finding.hpo_id in words
            assert all(finding.hpo_id in knowledge.ancestors(x) for x in finding.exact)
            assert 0 <= finding.low <= finding.high <= 1


def test_a_finding_is_filed_under_the_nearest_shared_term(knowledge: Knowledge, rare: list[Profile]) -> None:
    by_id = {p.disease: p for p in rare}
    kawasaki = by_id["ORPHA:2331"]
    filed = {exact: f.hpo_id for f in kawasaki.findings for exact in f.exact}
    assert filed["HP:0001945"] == "HP:0001945"  # fever is itself a shared term
    assert all(knowledge.label(exact) for exact in filed)


def test_numbers_are_the_annotations_and_their_source_can_be_looked_up(
    rare: list[Profile], knowledge: Knowledge
) -> None:
    for profile in rare[:40]:
        rows = {(a.hpo_id, a.reference): a for a in knowledge.annotations(profile.disease)}
        for finding in profile.findings:
            _file, disease, term, reference = finding.source.split(" ")
            interval = rows[term, reference].interval
            assert disease == profile.disease
            assert interval is not None
            assert (finding.low, finding.high) == (interval.low, interval.high)


def test_choosing_again_chooses_the_same(knowledge: Knowledge, shared: tuple[str, ...], rare: list[Profile]) -> None:
    assert load_rare(knowledge, load_common(knowledge), shared, load_nuisance()) == rare


def test_without_a_known_onset_ages_are_those_of_common_diseases_with_the_same_state(catalogue: Catalogue) -> None:
    unknown = np.array([p.clauses[0] == OnsetClause.MEAN_OF_COMMON for p in catalogue.profiles])
    assert catalogue.rare[unknown].all()
    for state in (1, 2, 3):
        common = (catalogue.state == state) & ~catalogue.rare
        mean = catalogue.weight[common] @ catalogue.ages[common] / catalogue.weight[common].sum()
        of_rare = catalogue.ages[(catalogue.state == state) & unknown]
        assert len(of_rare) > 5
        assert abs(of_rare - mean).max() < 1e-9


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("ORPHA:1,Nothing,mild,estimate", "ORPHA:1 is called None"),
        ("ORPHA:558,Marfan,mild,estimate", "ORPHA:558 is called 'Marfan syndrome'"),
        ("ORPHA:99828,Dengue fever,acute,estimate", "ORPHA:99828 is not rare"),
    ],
)
def test_a_bad_row_of_states_is_named(
    knowledge: Knowledge, shared: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, row: str, fault: str
) -> None:
    text = "disease,name,state,source\n" + row
    monkeypatch.setattr(rare_module, "read_table", lambda name: read_table(name, text))
    with pytest.raises(ProfileError, match=rf"rare_states\.csv, line 2: {fault}"):
        load_rare(knowledge, load_common(knowledge), shared, load_nuisance())
