from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.cohort import Catalogue
from raretriage.cohort.recorded import comorbidities, record
from raretriage.knowledge import Knowledge


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), share_ill=st.floats(0, 1))
def test_a_record_never_contradicts_itself(
    catalogue: Catalogue, knowledge: Knowledge, seed: int, share_ill: float
) -> None:
    rng = np.random.default_rng(seed)
    disease = np.where(rng.random(60) < share_ill, rng.integers(0, len(catalogue.profiles), 60), -1)
    got = record(rng, catalogue, disease, rng.integers(0, 2, 60))
    ids = catalogue.terms.ids
    for observed_row, excluded_row in zip(got.observed.tolist(), got.excluded.tolist(), strict=True):
        observed, excluded = [ids[t] for t in observed_row if t >= 0], [ids[t] for t in excluded_row if t >= 0]
        assert len(observed) == len(set(observed))
        assert len(excluded) == len(set(excluded))
        implied = frozenset().union(*(knowledge.ancestors(x) for x in observed))
        assert implied.isdisjoint(excluded), "an excluded finding of which the patient has a kind"


def test_what_is_written_is_the_term_a_kind_of_it_the_next_coarser_or_background(catalogue: Catalogue) -> None:
    terms = catalogue.terms
    for disease in (0, len(catalogue.profiles) - 1):
        slots = catalogue.finding[disease][catalogue.finding[disease] >= 0]
        exact = catalogue.exact[disease][catalogue.exact[disease] >= 0]
        allowed = set(slots) | set(exact) | set(catalogue.background)
        allowed |= {int(terms.coarser[t]) for t in allowed}
        got = record(np.random.default_rng(0), catalogue, np.full(3_000, disease), np.arange(3_000) % 2).observed
        assert set(got[got >= 0].tolist()) <= allowed


def test_the_number_of_findings_is_one_distribution_for_all_ill(catalogue: Catalogue) -> None:
    expected = np.array(catalogue.nuisance.findings.recorded)
    for disease in (0, 1, 30, len(catalogue.profiles) - 1):
        got = record(np.random.default_rng(3), catalogue, np.full(6_000, disease), np.arange(6_000) % 2).observed
        counts = np.bincount((got >= 0).sum(axis=1), minlength=len(expected)) / 6_000
        # a coarser or background term may repeat one that is there: a little is lost, alike for all
        assert abs(counts @ np.arange(len(expected)) - expected @ np.arange(len(expected))) < 0.45
        assert abs(counts - expected).max() < 0.09


def test_healthy_people_have_fewer_findings_but_not_none(catalogue: Catalogue) -> None:
    got = record(np.random.default_rng(4), catalogue, np.full(5_000, -1), np.arange(5_000) % 2).observed
    counts = (got >= 0).sum(axis=1)
    assert 0.8 < counts.mean() < 1.3
    assert set(got[got >= 0].tolist()) <= {
        *catalogue.background.tolist(),
        *catalogue.terms.coarser[catalogue.background].tolist(),
    }


def test_a_frequent_finding_is_written_more_often_than_a_seldom_one(catalogue: Catalogue) -> None:
    disease = next(i for i, p in enumerate(catalogue.profiles) if p.disease == "influenza")
    got = record(np.random.default_rng(5), catalogue, np.full(5_000, disease), np.arange(5_000) % 2).observed
    ids = catalogue.terms.ids
    fever, vomiting = ((got == ids.index(x)).any(axis=1).mean() for x in ("HP:0001945", "HP:0002013"))
    assert fever > 2 * vomiting > 0


def test_what_a_patient_surely_has_comes_before_what_is_unlikely(catalogue: Catalogue) -> None:
    """One certain finding among eleven at 5 %: by chance in proportion it would be written first in two of three."""
    low = catalogue.low.copy()
    low[0] = np.where(catalogue.finding[0] >= 0, 0.05, 0.0)
    low[0, 3] = 1.0
    certain = replace(catalogue, low=low, high=low)
    got = record(np.random.default_rng(8), certain, np.zeros(20_000, dtype=np.int64), np.arange(20_000) % 2).observed
    single = got[(got >= 0).sum(axis=1) == 1].max(axis=1)
    term = catalogue.finding[0, 3]
    assert np.isin(single, [term, catalogue.terms.coarser[term]]).mean() > 0.8


def test_exclusions_are_asked_of_everybody_alike(catalogue: Catalogue) -> None:
    rare = int(np.flatnonzero(catalogue.rare)[0])
    means = [
        (record(np.random.default_rng(6), catalogue, np.full(5_000, d), np.arange(5_000) % 2).excluded >= 0)
        .sum(axis=1)
        .mean()
        for d in (-1, 0, rare)
    ]
    assert max(means) - min(means) < 0.12
    assert min(means) > 1.5


def test_nobody_has_or_is_asked_for_a_finding_of_the_other_sex(catalogue: Catalogue, knowledge: Knowledge) -> None:
    """Neither ovarian failure in a man nor an undescended testis in a woman, whatever the disease."""
    only_women, only_men = {"HP:0010460", "HP:0030012"}, {"HP:0010461", "HP:0012874"}
    disease = np.repeat(np.arange(len(catalogue.profiles)), 40)
    is_male = np.arange(len(disease)) % 2
    got = record(np.random.default_rng(9), catalogue, disease, is_male)
    written = np.concatenate([got.observed, got.excluded], axis=1)
    above = [knowledge.ancestors(hpo_id) for hpo_id in catalogue.terms.ids]
    of_sex = [np.isin(written, [t for t, up in enumerate(above) if up & roots]) for roots in (only_women, only_men)]
    assert not of_sex[0][is_male == 1].any()
    assert not of_sex[1][is_male == 0].any()
    assert min(of_sex[0][is_male == 0].any(axis=1).sum(), of_sex[1][is_male == 1].any(axis=1).sum()) > 100


def test_an_exact_term_of_the_other_sex_gives_way_to_the_shared_one(catalogue: Catalogue) -> None:
    """Infertility may be written as azoospermia, in a man."""
    exact, only_sex = catalogue.exact.copy(), catalogue.terms.only_sex.copy()
    mens = int(np.flatnonzero(only_sex == 1)[0])
    exact[0][catalogue.finding[0] >= 0, 0] = mens
    exact_count = np.where(exact[:, :, 0] >= 0, 1, catalogue.exact_count)
    turned = replace(catalogue, exact=exact, exact_count=exact_count)
    is_male = np.arange(2_000) % 2
    got = record(np.random.default_rng(10), turned, np.zeros(2_000, dtype=np.int64), is_male).observed
    assert (got[is_male == 1] == mens).any()
    assert not (got[is_male == 0] == mens).any()


def test_comorbidity_comes_with_age_never_with_the_own_disease(catalogue: Catalogue) -> None:
    size = 4_000
    own = np.full(size, int(np.flatnonzero(~catalogue.rare & (catalogue.state == 3))[0]))
    counts = []
    for band in (0, 4):
        got = comorbidities(np.random.default_rng(7), catalogue, np.full(size, band), np.zeros(size, np.int64), own)
        present = got[got >= 0]
        assert own[0] not in present
        assert not catalogue.rare[present].any()
        assert (catalogue.sex[present] != 1).all(), "a man's disease in a woman"
        counts.append((got >= 0).sum(axis=1).mean())
    assert counts[0] < 0.1 < 1.2 < counts[1]
