"""The cheat tests: nothing but medicine may tell rare from common, one source from the other, or ill from well."""

from collections.abc import Mapping

import pytest

from raretriage.cohort import Catalogue
from raretriage.knowledge import Knowledge
from raretriage.validity.cheats import LEAST_VISITS, Check, run_checks
from raretriage.validity.mix import honest_mix
from raretriage.validity.naive_mix import naive_mix, one_sided

pytestmark = pytest.mark.slow

SEED = 5
ILL = 5_200

LIMITS = {
    "rare from the number of observed findings": 0.60,
    "rare from the number of absent findings": 0.60,
    "rare from both numbers of findings": 0.60,
    "rare from missingness": 0.60,
    "ill from unknown fields": 0.65,
    "rare AUC moved by permuting source-specific terms": 0.02,
    "OMIM or ORPHA within rare, all": 0.70,
    "OMIM or ORPHA within rare, diseases that both describe": 0.70,
}


@pytest.fixture(scope="module")
def honest(catalogue: Catalogue, knowledge: Knowledge) -> Mapping[str, Check]:
    found = run_checks(honest_mix(catalogue, seed=SEED, ill=ILL), knowledge, seed=SEED)
    return {check.name: check for check in found}


@pytest.fixture(scope="module")
def naive(catalogue: Catalogue, knowledge: Knowledge) -> Mapping[str, Check]:
    found = run_checks(naive_mix(catalogue, knowledge, seed=SEED, ill=ILL), knowledge, seed=SEED)
    return {check.name: check for check in found}


@pytest.mark.parametrize("name", LIMITS)
def test_the_cohort_passes(honest: Mapping[str, Check], name: str) -> None:
    check = honest[name]
    assert check.n >= LEAST_VISITS
    assert check.limit == LIMITS[name]
    assert check.low <= check.value <= check.high <= LIMITS[name]
    assert check.passed


@pytest.mark.parametrize("name", LIMITS)
def test_the_naive_mix_is_caught(naive: Mapping[str, Check], name: str) -> None:
    assert naive[name].low > LIMITS[name], "not only unsure: beyond the limit"
    assert not naive[name].passed


def test_every_limited_check_is_among_these(honest: Mapping[str, Check]) -> None:
    assert {name for name, check in honest.items() if check.limit is not None} == set(LIMITS)


def test_the_naive_mix_has_most_findings_in_rare_profiles_alone(catalogue: Catalogue, knowledge: Knowledge) -> None:
    words = one_sided(catalogue, knowledge)
    assert words.rare_alone > 0.8 * words.findings
    assert words.rare_alone + words.common_alone < words.findings
