import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.cohort.annotated import MAX_FINDINGS, UNSTATED, Filing, typical
from raretriage.knowledge import Annotation, Knowledge

SEIZURE, FOCAL_SEIZURE, FEBRILE_SEIZURE = "HP:0001250", "HP:0007359", "HP:0002373"
ATAXIA, FEVER, CONGENITAL_ONSET = "HP:0001251", "HP:0001945", "HP:0003577"
VERY_FREQUENT, FREQUENT, OCCASIONAL = "HP:0040281", "HP:0040282", "HP:0040283"


def row(hpo_id: str, frequency: str = FREQUENT, *, excluded: bool = False, entry: str = "OMIM:1") -> Annotation:
    return Annotation(entry, hpo_id, excluded, frequency, "", "", "PMID:1")


@pytest.fixture(scope="module")
def filing(knowledge: Knowledge) -> Filing:
    return Filing(knowledge, {SEIZURE, ATAXIA, "HP:0012638"})  # abnormal nervous system physiology


def test_a_finding_is_filed_under_the_nearest_shared_term(filing: Filing) -> None:
    assert filing.drawer(FOCAL_SEIZURE) == SEIZURE
    assert filing.drawer(ATAXIA) == ATAXIA
    assert filing.drawer("HP:0001337") == "HP:0012638"  # tremor: nothing nearer is shared
    assert filing.drawer(FEVER) is None
    assert filing.drawer(CONGENITAL_ONSET) is None


def test_the_shared_term_is_as_frequent_as_its_most_frequent_kind(filing: Filing) -> None:
    (seizure,) = filing.findings([row(FEBRILE_SEIZURE, OCCASIONAL), row(FOCAL_SEIZURE, VERY_FREQUENT)])
    assert (seizure.hpo_id, seizure.low, seizure.high) == (SEIZURE, 0.80, 0.99)
    assert seizure.exact == (FOCAL_SEIZURE, FEBRILE_SEIZURE)
    assert seizure.source == f"phenotype.hpoa OMIM:1 {FOCAL_SEIZURE} PMID:1"


def test_excluded_rows_and_what_nobody_common_has_are_left_out(filing: Filing) -> None:
    assert filing.findings([row(SEIZURE, excluded=True), row(FEVER), row(CONGENITAL_ONSET)]) == ()


@pytest.mark.parametrize("entry", ["ORPHA:1", "OMIM:1"])
def test_a_row_without_a_frequency_is_an_estimate_alike_in_every_entry(filing: Filing, entry: str) -> None:
    (finding,) = filing.findings([row(SEIZURE, "", entry=entry)])
    assert (finding.low, finding.high, finding.source) == (UNSTATED.low, UNSTATED.high, "estimate")


def test_a_stated_frequency_is_taken_before_an_equal_estimate(filing: Filing) -> None:
    (finding,) = filing.findings([row(FEBRILE_SEIZURE, ""), row(FOCAL_SEIZURE, FREQUENT)])
    assert finding.source.endswith(f"{FOCAL_SEIZURE} PMID:1")


def many(knowledge: Knowledge, count: int) -> list[str]:
    """Findings of which none is a kind of another."""
    found = [t.id for t in knowledge.ontology.current_terms() if knowledge.is_finding(t.id)]
    above = {parent for term in found for parent in knowledge.ancestors(term) - {term}}
    return [term for term in found if term not in above][:: 200 // 5][:count]


def test_the_likeliest_are_kept(knowledge: Knowledge) -> None:
    terms = many(knowledge, MAX_FINDINGS + 6)
    rows = [row(t, VERY_FREQUENT if i % 5 == 0 else OCCASIONAL) for i, t in enumerate(terms)]
    kept = Filing(knowledge, terms).findings(rows)
    assert len(kept) == MAX_FINDINGS
    assert {f.hpo_id for f in kept if f.low == 0.80} == set(terms[::5])
    assert [f.low for f in kept] == sorted((f.low for f in kept), reverse=True)


def test_one_patient_of_one_does_not_stand_before_very_frequent(filing: Filing) -> None:
    assert [f.hpo_id for f in filing.findings([row(SEIZURE, "1/1"), row(ATAXIA, VERY_FREQUENT)])] == [ATAXIA, SEIZURE]


def test_of_equally_likely_ones_the_oldest_ids_are_not_preferred(knowledge: Knowledge) -> None:
    terms = sorted(many(knowledge, 2 * MAX_FINDINGS))
    first = {f.hpo_id for f in Filing(knowledge, terms).findings([row(t, entry="ORPHA:1") for t in terms])}
    second = {f.hpo_id for f in Filing(knowledge, terms).findings([row(t, entry="ORPHA:2") for t in terms])}
    assert first != second
    assert 4 < len(first & set(terms[:MAX_FINDINGS])) < MAX_FINDINGS - 4  # half of either half, not the first half


@given(seed=st.integers(0, 1000))
def test_the_order_of_the_rows_changes_nothing(filing: Filing, seed: int) -> None:
    rows = [row(FOCAL_SEIZURE, "1/1"), row(SEIZURE, "3/9"), row(ATAXIA, ""), row(FEBRILE_SEIZURE, "1/1")]
    shuffled = random.Random(seed).sample(rows, len(rows))
    assert filing.findings(shuffled) == filing.findings(rows)


def test_only_stated_frequencies_make_a_finding_typical() -> None:
    rows = [row(SEIZURE, ""), row(ATAXIA, FREQUENT), row(FEVER, OCCASIONAL), row(FOCAL_SEIZURE, excluded=True)]
    assert typical(rows) == [ATAXIA]
    assert typical(rows, 0.5) == []
