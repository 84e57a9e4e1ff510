"""The rare profiles where Orphanet's tables are given; the rules themselves are tested without them."""

from collections import Counter
from pathlib import Path

import pytest

from raretriage.cohort.catalogue import build_bridge_catalogue, rare_profiles
from raretriage.cohort.onset import OnsetClause
from raretriage.cohort.profiles import Origin
from raretriage.cohort.rare import LeftOut, RareProfiles
from raretriage.cohort.rare_weight import PrevalenceClause
from raretriage.knowledge import Knowledge, build_knowledge, locate_sources, read_orphanet

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def with_tables(shared_data: Path) -> Knowledge:
    folder = shared_data / "orphanet"

    def read(name: str) -> bytes | None:
        return (folder / name).read_bytes() if (folder / name).is_file() else None

    return build_knowledge(*locate_sources(), orphanet=read_orphanet(read))


@pytest.fixture(scope="module")
def rare(with_tables: Knowledge) -> RareProfiles:
    return rare_profiles(with_tables)


def test_omims_descriptions_join_the_cohort(rare: RareProfiles) -> None:
    origins = Counter(p.origin for p in rare.profiles)
    assert origins[Origin.OMIM] >= 1_400
    assert origins[Origin.ORPHA] >= 3_000


def test_hardly_any_onset_is_guessed(rare: RareProfiles) -> None:
    onsets = Counter(clauses.onset for clauses in rare.clauses.values())
    assert onsets[OnsetClause.ORPHANET_AGE_GROUP] > len(rare.clauses) / 2
    assert onsets[OnsetClause.MEAN_OF_COMMON] < 0.02 * len(rare.clauses)


def test_a_known_prevalence_weighs_and_no_disease_is_most_of_the_patients(rare: RareProfiles) -> None:
    known = [c for c in rare.clauses.values() if c.weight is not PrevalenceClause.MEDIAN_OF_KNOWN]
    assert len(known) > len(rare.clauses) / 2
    for state in {p.state for p in rare.profiles}:
        weights: Counter[str] = Counter()
        for profile in rare.profiles:
            if profile.state is state:
                weights[profile.group] += profile.weight
        assert max(weights.values()) > 2 * min(weights.values())
        assert max(weights.values()) < 0.05 * sum(weights.values())


def test_disorders_without_annotations_are_counted_apart(rare: RareProfiles, with_tables: Knowledge) -> None:
    reasons = Counter(rare.left_out.values())
    assert reasons[LeftOut.NOT_ANNOTATED] > 1_000
    rare_ids = {d.id for d in with_tables.diseases if d.clause.is_rare}
    assert {p.disease for p in rare.profiles} | rare.left_out.keys() == rare_ids


def test_the_bridge_stands_on_the_right_sides_of_the_rule_with_tables_too(
    with_tables: Knowledge, rare: RareProfiles
) -> None:
    bridge = build_bridge_catalogue(with_tables)
    assert bridge.rare.sum() >= 20
    assert (~bridge.rare).sum() >= 20
    assert not {p.group for p in bridge.profiles if p.rare} & rare.clauses.keys()
