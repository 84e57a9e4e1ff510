from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.validity.cases import STEPS, Case, CaseSet, Group, Source, Step, in_group, observed_of, with_fields
from tests.validity.tiny_run import patient

A, B, C = "HP:0001250", "HP:0001945", "HP:0012735"


def test_a_record_that_is_neither_used_nor_unused_is_a_fault():
    one = Case(cluster="x", group=Group.RARE, presentation=patient(A))
    CaseSet(source=Source.TEMPORAL, cases=(one,), read=3, unused={"bad": 2})
    with pytest.raises(ValueError, match="4 records read, but 1 used and 2 unused"):
        CaseSet(source=Source.TEMPORAL, cases=(one,), read=4, unused={"bad": 2})


def test_the_first_findings_are_told_in_the_order_of_the_source_and_nothing_else_changes():
    someone = patient(C, "-HP:0002650", A, B, pain=4, age_years=3)
    shown = Step("first 2", 2).shown(someone)
    assert [finding.hpo_id for finding in shown.phenotypes] == [C, A]
    assert (shown.pain, shown.age_years, shown.fever) == (4, 3, None)


def test_excluded_findings_are_told_only_where_the_step_says_so():
    someone = patient(C, "-HP:0002650")
    told = {step.name: [f.hpo_id for f in step.shown(someone).phenotypes] for step in STEPS}
    assert told["all observed"] == [C]
    assert told["all, with excluded"] == [C, "HP:0002650"]


@given(st.lists(st.sampled_from([A, B, C, "-HP:0002650"]), unique=True, max_size=4))
def test_every_step_tells_no_more_than_the_next(findings):
    someone = patient(*findings)
    told = [set(step.shown(someone).phenotypes) for step in STEPS]
    assert all(fewer <= more for fewer, more in pairwise(told))
    assert told[-1] == set(someone.phenotypes)
    assert told[-2] == set(observed_of(someone))


def test_only_the_named_fields_stay_known():
    bare = with_fields(patient(A, pain=4, age_years=3, sex="male"), frozenset({"age_years", "phenotypes"}))
    assert (bare.age_years, bare.pain, bare.sex, bare.pregnant.value) == (3, None, None, "unknown")
    assert [finding.hpo_id for finding in bare.phenotypes] == [A]


def test_a_group_by_itself_has_read_nobody_else():
    cases = tuple(Case(cluster=g.value, group=g, presentation=patient(A)) for g in (Group.SEEN, Group.UNSEEN))
    seen = in_group(CaseSet(source=Source.PUBLISHED, cases=cases, read=5, unused={"bad": 3}), Group.SEEN)
    assert ([case.cluster for case in seen.cases], seen.read) == (["seen"], 1)
