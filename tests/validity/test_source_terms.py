"""A source's own words: what another source would use if it wrote alike."""

from collections import Counter

from raretriage.cohort.profiles import Origin
from raretriage.validity.source_terms import Uses


def uses(**terms: dict[Origin, int]) -> Uses:
    """300 common profiles, 3,000 of Orphanet's and 300 of OMIM's; each term in so many profiles of each."""
    counts = {origin: Counter({name: of.get(origin, 0) for name, of in terms.items()}) for origin in Origin}
    counts = {origin: Counter({name: n for name, n in counter.items() if n}) for origin, counter in counts.items()}
    return Uses({Origin.TABLE: 300, Origin.ORPHA: 3_000, Origin.OMIM: 300}, counts)


def test_a_term_that_all_use_is_nobodys() -> None:
    assert uses(cough={Origin.TABLE: 9, Origin.ORPHA: 90, Origin.OMIM: 9}).one_sided(by_chance=True) == frozenset()


def test_a_term_of_common_profiles_alone_is_theirs() -> None:
    assert uses(sneeze={Origin.TABLE: 9}).one_sided() == {"sneeze"}


def test_a_term_that_no_common_profile_uses_is_the_rare_ones() -> None:
    assert uses(gait={Origin.ORPHA: 90, Origin.OMIM: 9}).one_sided() == {"gait"}


def test_a_term_of_one_rare_source_is_its_own_although_common_ones_use_it_too() -> None:
    found = uses(
        often={Origin.TABLE: 9, Origin.ORPHA: 90},
        by_omim={Origin.TABLE: 9, Origin.OMIM: 2},
    ).one_sided()
    assert found == {"often", "by_omim"}


def test_a_small_source_may_lack_a_term_by_chance() -> None:
    # 5 % is reached where (1 - n / 3,000) ** 300 is 0.05: at 29.8 profiles
    assert uses(seldom={Origin.TABLE: 9, Origin.ORPHA: 29}).one_sided() == frozenset()
    assert uses(seldom={Origin.TABLE: 9, Origin.ORPHA: 30}).one_sided() == {"seldom"}
    assert uses(seldom={Origin.TABLE: 9, Origin.ORPHA: 29}).one_sided(by_chance=True) == {"seldom"}
