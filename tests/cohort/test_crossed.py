from collections import Counter

import numpy as np
import pytest

from raretriage.cohort import (
    Catalogue,
    CohortSpec,
    Profile,
    ProfileError,
    sample_chunk,
)
from raretriage.cohort.catalogue import build_bridge_catalogue
from raretriage.cohort.crossed import BRIDGE_COMMON, BRIDGE_RARE, Crossed, load_crossed
from raretriage.cohort.profiles import Origin
from raretriage.domain import State
from raretriage.knowledge import Knowledge

COMMON_COLUMNS = (
    "disease,name,state,codes,weight,sex,age_0_4,age_5_14,age_15_44,age_45_64,age_65_95,"
    "course,duration_low_days,duration_high_days,source\n"
)


@pytest.fixture(scope="module")
def bridge(knowledge: Knowledge) -> Catalogue:
    return build_bridge_catalogue(knowledge)


def test_each_kind_is_in_the_other_kinds_words(bridge: Catalogue, knowledge: Knowledge) -> None:
    common = [p for p in bridge.profiles if not p.rare]
    rare = [p for p in bridge.profiles if p.rare]
    assert min(len(common), len(rare)) >= 20
    assert {p.origin for p in common} == {Origin.ORPHA, Origin.OMIM}
    assert {p.origin for p in rare} == {Origin.TABLE}
    assert not any(knowledge.is_rare(p.disease) for p in common)
    assert all(knowledge.is_rare(p.group) for p in rare)
    assert min(Counter(p.state for p in bridge.profiles)[s] for s in State if s is not State.HEALTHY) >= 5


def test_nothing_of_the_bridge_is_trained_on(bridge: Catalogue, catalogue: Catalogue) -> None:
    rare = {p.group for p in bridge.profiles if p.rare}
    assert len(rare) == BRIDGE_RARE
    assert not rare & {p.group for p in catalogue.profiles}
    assert not {p.disease for p in bridge.profiles} & {p.disease for p in catalogue.profiles}


def test_each_class_is_in_both_words_in_the_cohort_by_the_stated_shares(catalogue: Catalogue) -> None:
    written = np.array([p.origin is Origin.TABLE for p in catalogue.profiles])
    shares = catalogue.nuisance.words
    for is_rare, wanted in ((True, shares.rare), (False, shares.common)):
        for state in set(catalogue.state[catalogue.rare].tolist()) if is_rare else {None}:
            members = (catalogue.rare == is_rare) & ((catalogue.state == state) | (state is None))
            weight = catalogue.weight * members
            assert weight[written].sum() / weight.sum() == pytest.approx(wanted)


def test_who_described_a_disease_decides_nothing_but_its_findings(catalogue: Catalogue) -> None:
    table = {p.group: p for p in catalogue.profiles if p.rare and p.origin is Origin.TABLE}
    twins = [p for p in catalogue.profiles if p.group in table and p.origin is not Origin.TABLE]
    assert len(twins) > 50
    for twin in twins:
        other = table[twin.group]
        for name in ("state", "course", "sex", "male_share", "ages", "age_limits", "duration"):
            assert getattr(twin, name) == getattr(other, name)


def test_nobody_chose_the_bridge_set(knowledge: Knowledge, common: list[Profile], shared: tuple[str, ...]) -> None:
    crossed = load_crossed(knowledge, common, shared)
    assert len([p for p in crossed.bridge if not p.rare]) == BRIDGE_COMMON
    assert load_crossed(knowledge, list(reversed(common)), shared).held_back == crossed.held_back
    assert not {p.group for p in crossed.bridge} & {p.group for p in crossed.cohort}


def test_it_speaks_the_vocabulary_of_the_cohort(
    bridge: Catalogue, catalogue: Catalogue, shared: tuple[str, ...]
) -> None:
    assert {f.hpo_id for p in bridge.profiles for f in p.findings} <= set(shared)

    def by_label(of: Catalogue, rows: np.ndarray, shares: np.ndarray) -> dict[str, float]:
        return {of.terms.labels[row]: round(float(share), 12) for row, share in zip(rows, shares, strict=True)}

    for name in ("background", "asked"):
        ours, theirs = (by_label(of, getattr(of, name), getattr(of, f"{name}_share")) for of in (bridge, catalogue))
        assert ours == theirs


def test_the_same_sampler_draws_it(bridge: Catalogue) -> None:
    chunk = sample_chunk(CohortSpec(patients=500, seed=3, rare_share=0.5, healthy_share=0.0), bridge, 0)
    drawn = chunk.patients.disease
    assert bridge.rare[drawn].mean() == 0.5
    assert len(set(drawn.tolist())) > 50
    women = bridge.sex[drawn] == 0
    assert women.any()
    assert not chunk.patients.is_male[women].any()  # pre-eclampsia, polycystic ovaries, trisomy X


def bad(knowledge: Knowledge, common: list[Profile], shared: tuple[str, ...], line: str) -> Crossed:
    header = "disease,name,state,codes,sex,course,source\n"
    return load_crossed(knowledge, common, shared, annotated=header + line)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("ORPHA:673,Dengue,acute,ICD10:B54,any,self_limited,estimate", "ORPHA:673 is called 'Malaria', not 'Dengue'"),
        ("ORPHA:558,Marfan syndrome,chronic,ICD10:Q87.4,any,persistent,estimate", "ORPHA:558 is rare by the rule"),
        ('OMIM:145500,"Hypertension, essential",chronic,ICD10:I10,any,persistent,estimate', "keeps 0 findings"),
        ("ORPHA:673,Malaria,acute,ICD10:B999,any,self_limited,estimate", "codes: 'ICD10:B999', expected ICD10: and"),
        ("ORPHA:673,Malaria,acute,ORPHA:673,any,self_limited,estimate", "codes: 'ORPHA:673', expected ICD10: and"),
        ("ORPHA:673,Malaria,ill,ICD10:B54,any,self_limited,estimate", "state: 'ill' is not one of its values"),
        ("ORPHA:673,Malaria,acute,ICD10:B54,both,self_limited,estimate", "sex: 'both' is not one of its values"),
        ("ORPHA:673,Malaria,acute,ICD10:B54,any,self_limited,", "column source is empty"),
    ],
)
def test_a_bad_row_of_the_common_ones_is_named(
    knowledge: Knowledge, common: list[Profile], shared: tuple[str, ...], line: str, fault: str
) -> None:
    with pytest.raises(ProfileError, match=rf"annotated_common\.csv, line 2: .*{fault}"):
        bad(knowledge, common, shared, line)


@pytest.mark.parametrize(
    ("codes", "first_finding", "fault"),
    [
        ("ICD10:E75.2", "HP:0001250", "written_rare.csv, line 2: codes: 'ICD10:E75.2', expected one ORPHA"),
        ("ORPHA:673", "HP:0001250", "written_rare.csv, line 2: ORPHA:673 is not rare"),
        ("ORPHA:324", "HP:0012531", "outside the vocabulary"),
        ("ORPHA:324", "HP:9999999", "read as the common table is: findings.csv, line 2"),
    ],
)
def test_a_bad_row_of_the_rare_ones_is_named(
    knowledge: Knowledge, common: list[Profile], codes: str, first_finding: str, fault: str
) -> None:
    terms = ["HP:0001250", "HP:0001251", "HP:0001945", "HP:0002315", "HP:0012378", "HP:0012735", "HP:0001824"]
    terms += ["HP:0002027", first_finding] if first_finding not in terms else ["HP:0002027"]
    labels = {t: knowledge.label(t) if knowledge.find(t) else "Nothing" for t in terms}
    ordered = sorted(terms, key=lambda t: t != first_finding)
    findings = "".join(f"fabry,{t},{labels[t]},0.1,0.2,estimate\n" for t in ordered)
    vocabulary_here = tuple(t for t in terms if t not in {"HP:0012531", "HP:9999999"})
    with pytest.raises(ProfileError, match=fault):
        load_crossed(
            knowledge,
            common,
            vocabulary_here,
            annotated="disease,name,state,codes,sex,course,source\n",
            written=f"{COMMON_COLUMNS}fabry,Fabry disease,chronic,{codes},1,any,1,1,1,1,1,progressive,9,99,estimate\n",
            findings=f"disease,hpo_id,label,probability_low,probability_high,source\n{findings}",
        )
