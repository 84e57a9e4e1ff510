"""Made-up patients of whom it is known which finding tells most about rare."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import entr
from sklearn.metrics import mutual_info_score

from raretriage.bucket import EVERYBODY
from raretriage.domain import FindingStatus, Phenotype, Presentation
from raretriage.features import CATEGORICAL, NUMERIC, Encoder, FeatureContract, columns_of
from raretriage.training.dataset import LabelledRows, labelled_rows, one_row_each
from raretriage.training.helpful_findings import (
    ASKED_ANYWAY,
    LEAST_PATIENTS,
    MOST,
    helpful_findings,
    least_bits,
    mutual_information,
)
from raretriage.training.splits import split_of_run
from tests.training.conftest import BRANCHES, ToyOntology

NERVES, (SEIZURE, ATAXIA, HEADACHE, _) = "HP:0000707", BRANCHES["HP:0000707"]
COUGH, RASH, FEVER, PAIN = "HP:0012735", "HP:0000988", *sorted(ASKED_ANYWAY)
CHILD, ADULT = 5.0, 40.0


class WithFever(ToyOntology):
    """The toy hierarchy, and what the form asks for."""

    def ancestors(self, hpo_id: str) -> frozenset[str]:
        return frozenset({hpo_id}) if hpo_id in ASKED_ANYWAY else super().ancestors(hpo_id)


def encoder(*vocabulary: str) -> Encoder:
    contract = FeatureContract(
        numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=tuple(sorted(vocabulary)), knowledge_version="toy-1"
    )
    return Encoder(contract, WithFever())


def patients(
    told: Sequence[Sequence[str]], is_rare: Sequence[bool], *, age: float | None = ADULT, who: Sequence[str] = ()
) -> LabelledRows:
    """One row for each of `told`: ids of observed findings, and of excluded ones with a `-` before them."""
    count = len(told)
    presentations = [
        Presentation(
            age_years=age,
            phenotypes=tuple(
                Phenotype(
                    hpo_id=one.removeprefix("-"),
                    status=FindingStatus.EXCLUDED if one.startswith("-") else FindingStatus.OBSERVED,
                )
                for one in findings
            ),
        )
        for findings in told
    ]
    nothing = np.full(count, "", dtype=object)
    return LabelledRows(
        columns=columns_of(presentations),
        patient_id=np.array(who or [f"p{i:04}" for i in range(count)], dtype=object),
        state=np.zeros(count, dtype=np.int64),
        is_rare=np.array(is_rare, dtype=np.bool_),
        disease=nothing,
        period=nothing,
        site=nothing,
        region=nothing,
    )


def listed(rows: LabelledRows, *vocabulary: str, group: str = EVERYBODY) -> list[str]:
    return [one.hpo_id for one in helpful_findings(rows, encoder(*vocabulary))[group]]


tables = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200).map(np.array)


@given(tables)
def test_bits_are_those_of_the_definition(table):
    observed, is_rare = table[:, :1], table[:, 1]
    [bits] = mutual_information(observed, is_rare)
    assert bits >= 0
    assert bits == pytest.approx(mutual_info_score(table[:, 0], table[:, 1]) / np.log(2), abs=1e-9)
    share = is_rare.mean()
    assert bits <= (entr(share) + entr(1 - share)) / np.log(2) + 1e-9, "no more than there is to know"


@given(tables)
def test_bits_are_the_same_with_the_two_changed_about_and_with_the_opposite(table):
    [bits] = mutual_information(table[:, :1], table[:, 1])
    for other in (table[:, ::-1], ~table, np.stack([~table[:, 0], table[:, 1]], axis=1)):
        assert mutual_information(other[:, :1], other[:, 1])[0] == pytest.approx(bits, abs=1e-12)


@given(tables)
def test_nothing_tells_more_than_the_answer_itself(table):
    is_rare = table[:, 1]
    bits = mutual_information(np.stack([table[:, 0], is_rare], axis=1), is_rare)
    share = is_rare.mean()
    assert bits[1] == pytest.approx((entr(share) + entr(1 - share)) / np.log(2), abs=1e-9)
    assert bits[0] <= bits[1] + 1e-12


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_what_equals_the_label_comes_first(seed):
    rng = np.random.default_rng(seed)
    is_rare = rng.permutation(np.arange(200) < 60)
    others = [COUGH, HEADACHE, "HP:0002014", "HP:0002027"]
    told = [[*([RASH] if rare else []), *(o for o in others if rng.random() < 0.4)] or [COUGH] for rare in is_rare]
    found = helpful_findings(patients(told, is_rare), encoder(RASH, *others))[EVERYBODY]
    assert found[0].hpo_id == RASH
    assert list(found) == sorted(found, key=lambda one: -one.bits)
    assert {one.n for one in found} == {200}


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.95))
def test_of_kin_the_one_that_tells_more_is_listed_alone(seed, share):
    """Every rare patient has a finding of the nerves; a part of it is seizures."""
    rng = np.random.default_rng(seed)
    is_rare = np.arange(400) < 120
    told = [[SEIZURE if rng.random() < share else NERVES] if rare else [RASH] for rare in is_rare]
    told = [[*own, *([NERVES] if rng.random() < 0.2 else [])] for own in told]
    rows = patients(told, is_rare)
    found = listed(rows, NERVES, SEIZURE, RASH)
    assert len({NERVES, SEIZURE} & set(found)) == 1
    observed = encoder(NERVES, SEIZURE, RASH).encode(rows.columns).phenotypes > 0
    bits = dict(zip(sorted([NERVES, SEIZURE, RASH]), mutual_information(observed, rows.is_rare), strict=True))
    by_name = sum(NERVES in own for own in told) >= 0.5 * sum(bool({NERVES, SEIZURE} & set(own)) for own in told)
    best = max([NERVES, SEIZURE], key=bits.__getitem__) if by_name else SEIZURE
    assert best in found


def test_siblings_are_not_kin():
    is_rare = np.arange(200) < 80
    told = [[SEIZURE if i % 2 else ATAXIA] if rare else [COUGH] for i, rare in enumerate(is_rare)]
    assert set(listed(patients(told, is_rare), SEIZURE, ATAXIA, COUGH)) == {SEIZURE, ATAXIA, COUGH}


def test_a_heading_that_is_mostly_told_by_its_kinds_is_no_question():
    is_rare = np.arange(300) < 100
    told = [[(SEIZURE, ATAXIA, HEADACHE)[i % 3]] if rare else [COUGH] for i, rare in enumerate(is_rare)]
    found = listed(patients(told, is_rare), NERVES, SEIZURE, ATAXIA, HEADACHE)
    assert set(found) == {SEIZURE, ATAXIA, HEADACHE}, "though the nerves equal the label"


def test_what_the_form_asks_for_anyway_is_no_question():
    is_rare = np.arange(200) < 80
    told = [[FEVER, PAIN] if rare else [COUGH] for rare in is_rare]
    assert listed(patients(told, is_rare), FEVER, PAIN, COUGH) == [COUGH]


def test_that_somebody_was_asked_earns_a_finding_nothing():
    is_rare = np.arange(200) < 80
    no = [["-" + RASH] if rare else [] for rare in is_rare]
    asked_of_the_rare = [[COUGH, RASH] if i % 2 else [COUGH, *no[i]] for i in range(200)]
    assert listed(patients(asked_of_the_rare, is_rare), RASH, COUGH) == []


def test_findings_that_tell_nothing_are_hardly_ever_listed():
    rng = np.random.default_rng(5)
    tables, findings = 400, 30
    by_chance = 0
    for _ in range(tables):
        bits = mutual_information(rng.random((500, findings)) < 0.3, rng.random(500) < 0.3)
        by_chance += bool((bits >= least_bits(500, findings)).any())
    assert 5 <= by_chance <= 40, "20 are expected of 400"


@pytest.mark.parametrize(("having", "found"), [(LEAST_PATIENTS, [RASH]), (LEAST_PATIENTS - 1, [])])
def test_what_few_have_is_not_listed(having, found):
    is_rare = np.arange(400) < having
    told = [[RASH] if rare else [HEADACHE] for rare in is_rare]
    assert listed(patients(told, is_rare), RASH) == found


def test_what_few_of_very_many_have_is_not_listed():
    is_rare = np.arange(2_600) < 25
    told = [[RASH] if rare else [HEADACHE] for rare in is_rare]
    assert listed(patients(told, is_rare), RASH) == []


def test_no_more_than_a_list_is_long():
    vocabulary = [kind for kinds in BRANCHES.values() for kind in kinds]
    is_rare = np.arange(1_200) < 400
    told = [[vocabulary[i % len(vocabulary)]] if rare else ["HP:0001626"] for i, rare in enumerate(is_rare)]
    assert len(listed(patients(told, is_rare), *vocabulary)) == MOST < len(vocabulary)


def test_each_age_band_has_its_own_list_and_unknown_age_is_in_everybodys_alone():
    is_rare = np.arange(200) < 80
    children = patients([[RASH] if rare else [COUGH] for rare in is_rare], is_rare, age=CHILD)
    adults = patients([[SEIZURE] if rare else [COUGH] for rare in is_rare], is_rare)
    ageless = patients([[HEADACHE] if rare else [COUGH] for rare in is_rare], is_rare, age=None)
    found = helpful_findings(together(children, adults, ageless), encoder(RASH, SEIZURE, HEADACHE))
    assert {group: {one.hpo_id for one in own} for group, own in found.items()} == {
        EVERYBODY: {RASH, SEIZURE, HEADACHE},
        "child": {RASH},
        "adult": {SEIZURE},
    }
    assert {group: {one.n for one in own} for group, own in found.items()} == {
        EVERYBODY: {600},
        "child": {200},
        "adult": {200},
    }
    [of_children] = found["child"]
    assert (of_children.observed, of_children.observed_of_rare) == (0.4, 1.0)


def together(*parts: LabelledRows) -> LabelledRows:
    """All rows of some patients, each a patient of its own, as one table."""
    starts = np.cumsum([0, *(len(part.is_rare) for part in parts)])
    findings = [
        replace(p.columns.findings, row=p.columns.findings.row + s) for p, s in zip(parts, starts, strict=False)
    ]
    first = parts[0].columns
    columns = replace(
        first,
        count=int(starts[-1]),
        numbers={name: np.concatenate([p.columns.numbers[name] for p in parts]) for name in first.numbers},
        categories={name: np.concatenate([p.columns.categories[name] for p in parts]) for name in first.categories},
        findings=replace(
            first.findings,
            **{name: np.concatenate([getattr(f, name) for f in findings]) for name in ("row", "hpo_id", "observed")},
        ),
    )
    arrays = ("state", "is_rare", "disease", "period", "site", "region")
    return replace(
        parts[0],
        columns=columns,
        patient_id=np.array([f"p{i:04}" for i in range(int(starts[-1]))], dtype=object),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays},
    )


def test_a_patient_counts_once_and_nobody_of_whom_no_finding_is_told():
    is_rare = np.arange(240) < 80
    told = [[RASH] if rare else [COUGH] for rare in is_rare]
    who = [f"p{i:03}" for i in range(200)] + ["p199"] * 40
    rows = patients([*told, *[[]] * 50], [*is_rare, *[False] * 50], who=[*who, *(f"q{i}" for i in range(50))])
    assert {one.n for one in helpful_findings(rows, encoder(RASH))[EVERYBODY]} == {200}


def test_the_row_of_a_patient_is_the_first_rare_one():
    who = np.array(["a", "a", "b", "b", "c"], dtype=object)
    is_rare = np.array([False, True, False, False, True])
    eligible = np.array([True, True, True, True, False])
    assert one_row_each(who, is_rare, eligible).tolist() == [1, 2]


def test_a_rule_of_chance_is_stricter_for_more_findings_and_fewer_patients():
    assert least_bits(500, 10) == pytest.approx(7.879 / (2 * 500 * np.log(2)), rel=1e-3)  # chi-squared table, 0.005
    assert least_bits(500, 100) > least_bits(500, 10) > least_bits(1000, 10)


def test_where_nobody_has_a_finding_nothing_is_listed():
    assert listed(patients([[]] * 5, [False] * 5), RASH) == []


def test_a_model_lists_what_its_own_fit_patients_tell_and_nobody_else(trained, encounters, make_config):
    """Of the whole table, of calibration or of test, the figures are others."""
    rows, _ = labelled_rows(encounters)
    split = split_of_run(rows, make_config())
    own = Encoder(trained.contract, ToyOntology())
    assert trained.helpful_findings == helpful_findings(rows.take(split.fit), own)
    assert {SEIZURE, ATAXIA} & {one.hpo_id for one in trained.helpful_findings[EVERYBODY]}
    most = len(np.unique(rows.patient_id[split.fit]))
    assert all(one.n <= most for found in trained.helpful_findings.values() for one in found)
    for others in (np.arange(len(rows.state)), split.calibration, split.test):
        assert trained.helpful_findings != helpful_findings(rows.take(others), own)
