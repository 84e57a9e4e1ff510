from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from raretriage.cohort import CohortSpec
from raretriage.cohort.catalogue import STATES
from raretriage.domain import State
from raretriage.validity.summary import AGE_EDGES, QUANTILES, Kind, first_visit_shares, summarise
from tests.validity.drawn import SPEC, catalogue, chunks, knowledge, summary


def joined(get: Callable) -> np.ndarray:
    return np.concatenate([get(chunk.visits) for chunk in chunks()])


def test_classes_count_every_visit_once() -> None:
    state, rare = joined(lambda v: v.state), joined(lambda v: v.rare)
    assert sum(row.visits for row in summary().classes) == summary().visits == len(state)
    assert sum(row.share for row in summary().classes) == pytest.approx(1)
    for row in summary().classes:
        members = (state == STATES.index(row.state)) & (rare == row.is_rare)
        assert row.visits == members.sum()
        assert row.emergency == pytest.approx(joined(lambda v: v.is_emergency)[members].mean())
        assert row.median_age == pytest.approx(np.median(joined(lambda v: v.age_years)[members]))


def test_durations_are_the_quantiles_of_what_is_known() -> None:
    members = (joined(lambda v: v.state) == STATES.index(State.ACUTE)) & ~joined(lambda v: v.rare)
    days = joined(lambda v: v.days)[members]
    (row,) = (row for row in summary().classes if row.state is State.ACUTE and not row.is_rare)
    assert row.dated == np.isfinite(days).sum() < len(days)
    assert row.days == pytest.approx(np.nanquantile(days, QUANTILES))


def test_ages_fall_into_the_band_that_begins_at_or_below_them() -> None:
    age, state = joined(lambda v: v.age_years), joined(lambda v: v.state)
    for row in summary().ages:
        own = age[state == STATES.index(row.state)]
        assert sum(row.visits) == len(own)
        assert row.visits[0] == (own < 1).sum()
        assert row.visits[2] == ((own >= AGE_EDGES[2]) & (own < AGE_EDGES[3])).sum()
        assert row.visits[-1] == (own >= 80).sum()


def test_findings_are_counted_by_why_people_come() -> None:
    rows = {row.kind: row for row in summary().findings}
    assert {kind: sum(row.observed) for kind, row in rows.items()} == summary().visits_by_kind
    observed = joined(lambda v: (v.recorded.observed >= 0).sum(axis=1))
    excluded = joined(lambda v: (v.recorded.excluded >= 0).sum(axis=1))
    well = joined(lambda v: v.disease) < 0
    assert rows[Kind.WELL].observed[0] == (observed[well] == 0).sum()
    assert rows[Kind.WELL].excluded[2] == (excluded[well] == 2).sum()
    assert rows[Kind.RARE].observed[3] == (observed[joined(lambda v: v.rare)] == 3).sum()


def test_missing_shares_are_those_of_the_visits() -> None:
    rows = {row.field: row.shares for row in summary().missing}
    well, rare = joined(lambda v: v.disease) < 0, joined(lambda v: v.rare)
    pulse, days = np.isnan(joined(lambda v: v.measured.heart_rate)), np.isnan(joined(lambda v: v.days))
    assert rows["heart_rate"][Kind.RARE] == pytest.approx(pulse[rare].mean())
    assert rows["heart_rate"][Kind.COMMON] == pytest.approx(pulse[~rare & ~well].mean())
    assert rows["days"][Kind.WELL] == pytest.approx(days[well].mean())


def test_quarters_and_sites_hold_every_visit() -> None:
    quarters, sites = summary().quarters, summary().sites
    assert [row.quarter for row in quarters] == [f"{year} Q{q}" for year in (2022, 2023, 2024) for q in (1, 2, 3, 4)]
    assert sum(sum(row.visits) for row in quarters) == summary().visits
    first_quarter = joined(lambda v: v.day) < 31 + 28 + 31
    assert sum(quarters[0].visits) == first_quarter.sum()
    assert [row.name for row in sites] == [str(site) for site in SPEC.sites]
    assert sites[1].visits == (joined(lambda v: v.site) == 1).sum()
    assert sites[1].rare == pytest.approx(joined(lambda v: v.rare)[joined(lambda v: v.site) == 1].mean())


def test_the_share_of_estimates_follows_the_profiles() -> None:
    before = {row.table: row for row in summary().sources}["findings of common diseases"]
    plain = catalogue()
    first = plain.profiles[0]
    assert not first.rare
    sourced = replace(first, findings=tuple(replace(f, source="PMID:1") for f in first.findings))
    changed = replace(plain, profiles=(sourced, *plain.profiles[1:]))
    after = summarise(replace(SPEC, patients=1), changed, knowledge()).sources[0]
    were = sum(f.source == "estimate" for f in first.findings)
    assert after.table == "findings of common diseases"
    assert after.rows == before.rows
    assert before.by_kind["estimate"] - after.by_kind["estimate"] == were > 0
    assert after.by_kind["PMID"] - before.by_kind.get("PMID", 0) == len(first.findings)


def test_shares_of_first_visits_are_those_drawn() -> None:
    shares = first_visit_shares(SPEC, catalogue())
    assert shares.sum() == pytest.approx(1 - SPEC.healthy_share)
    assert shares[catalogue().rare].sum() == pytest.approx(SPEC.rare_share)
    drawn = np.concatenate([chunk.patients.disease for chunk in chunks()])
    for state in (State.MILD, State.ACUTE, State.CHRONIC):
        for is_rare in (False, True):
            members = (catalogue().state == STATES.index(state)) & (catalogue().rare == is_rare)
            share = np.isin(drawn, np.flatnonzero(members)).mean()
            expected = shares[members].sum()
            assert abs(share - expected) < 4 * (expected / len(drawn)) ** 0.5


def test_what_is_drawn_most_and_sourced_least_is_reviewed_first() -> None:
    for is_rare in (False, True):
        rows = [row for row in summary().review if row.is_rare == is_rare]
        ranks = [row.share * row.estimates for row in rows]
        assert len(rows) == 12
        assert ranks == sorted(ranks, reverse=True)
        assert ranks[-1] > 0
    first = summary().review[0]
    row = next(i for i, p in enumerate(catalogue().profiles) if p.disease == first.disease)
    profile = catalogue().profiles[row]
    assert first.share == pytest.approx(first_visit_shares(SPEC, catalogue())[row])
    sourced = replace(profile, findings=tuple(replace(f, source="DOI:10.1/x") for f in profile.findings))
    profiles = (*catalogue().profiles[:row], sourced, *catalogue().profiles[row + 1 :])
    again = summarise(replace(SPEC, patients=1), replace(catalogue(), profiles=profiles), knowledge()).review
    assert first.disease not in {one.disease for one in again}


def test_clauses_hold_every_disease_and_every_rare_profile() -> None:
    rows = summary().clauses
    assert sum(row.diseases for row in rows) == len(knowledge().diseases)
    assert sum(row.profiles for row in rows if row.verdict == "rare") == summary().rare_profiles
    annotated = [p for p in catalogue().profiles if not p.rare and p.origin != "table"]
    assert sum(row.profiles for row in rows if row.verdict != "rare") == len(annotated)


def test_a_cohort_without_rare_people_has_no_rare_rows() -> None:
    none = summarise(CohortSpec(patients=60, seed=1, rare_share=0.0), catalogue(), knowledge())
    assert none.visits_by_kind[Kind.RARE] == 0
    assert not any(row.is_rare for row in none.classes)
    assert np.isnan(none.missing[0].shares[Kind.RARE])
