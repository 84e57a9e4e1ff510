import numpy as np
import pytest

from raretriage.bucket import StateSets
from raretriage.domain import Basis, Certificate, InputTier, Price, Refusal, State
from raretriage.training.evaluation import Figures, Scored, said

TIER = InputTier.FINDINGS
REFUSAL = Refusal(tier=TIER, basis=Basis.SIMULATED, reason="too_costly: made up", positives=70)


def certificate(threshold: float = 0.5) -> Certificate:
    return Certificate(
        tier=TIER,
        basis=Basis.SIMULATED,
        target=0.95,
        confidence=0.95,
        threshold=threshold,
        positives=100,
        misses=1,
        sensitivity_lower_bound=0.953,
        negatives=100,
        specificity=0.8,
        prices=(Price(prevalence=0.1, alerts_per_1000=270, number_needed_to_evaluate=3, net_benefit=0.07),),
    )


@pytest.fixture
def scored() -> Scored:
    rng = np.random.default_rng(2)
    state = rng.integers(0, 4, 400)
    probabilities = rng.dirichlet(np.ones(4), 400) * 0.7 + np.eye(4)[state] * 0.3
    is_rare = rng.random(400) < 0.3
    return Scored(
        state_probabilities=probabilities,
        rare_probability=np.clip(rng.random(400) / 2 + is_rare / 2.5, 0, 1),
        state=state,
        is_rare=is_rare,
        cluster=np.array([f"p{i // 2}" for i in range(400)], dtype=object),
    )


def figures(scored: Scored, seed: int = 0, draws: int = 100) -> Figures:
    return Figures(scored, split="temporal", tier=TIER, draws=draws, rng=np.random.default_rng(seed))


def by_name(metrics) -> dict:
    return {metric.name: metric for metric in metrics}


def test_every_figure_carries_its_split_tier_n_and_interval(scored):
    made = list(figures(scored).discrimination())
    assert {"roc_auc_rare", "pr_auc_rare", "f1_state_macro", "roc_auc_state_macro_ovr", "recall_state_acute"} <= set(
        by_name(made)
    )
    for metric in made:
        assert (metric.split, metric.tier) == ("temporal", TIER)
        assert metric.low <= metric.value <= metric.high
        assert metric.low < metric.high
    assert by_name(made)["recall_state_acute"].n == np.sum(scored.state == 2)
    assert by_name(made)["roc_auc_rare"].n == 400


def test_the_same_seed_gives_the_same_intervals(scored):
    assert list(figures(scored, 3).discrimination()) == list(figures(scored, 3).discrimination())
    assert list(figures(scored, 3).discrimination()) != list(figures(scored, 4).discrimination())


def test_intervals_widen_when_rows_belong_to_fewer_patients(scored):
    def width(cluster_size: int) -> float:
        clusters = np.array([f"p{i // cluster_size}" for i in range(400)], dtype=object)
        order = np.argsort(scored.rare_probability)
        sorted_rows = scored.take(order)
        clustered = Scored(
            sorted_rows.state_probabilities,
            sorted_rows.rare_probability,
            sorted_rows.state,
            sorted_rows.is_rare,
            clusters,
        )
        metric = by_name(figures(clustered, draws=300).discrimination())["prevalence_rare"]
        return metric.high - metric.low

    assert width(40) > 2 * width(1)


def test_the_promise_is_measured_at_the_certified_threshold(scored):
    made = by_name(figures(scored).promise(certificate(0.45)))
    flagged = scored.rare_probability >= 0.45
    assert made["sensitivity_rare"].value == pytest.approx(flagged[scored.is_rare].mean())
    assert made["specificity_rare"].value == pytest.approx((~flagged[~scored.is_rare]).mean())
    assert made["alerts_per_1000"].value == pytest.approx(1000 * flagged.mean())
    assert made["sensitivity_rare"].n + made["specificity_rare"].n == 400


def test_nothing_is_claimed_where_nothing_is_certified(scored):
    assert list(figures(scored).promise(REFUSAL)) == []


def sets(healthy=0.5, mild=0.5, acute=0.5, chronic=0.5) -> StateSets:
    return StateSets(coverage=0.9, bounds={TIER: dict(zip(State, (healthy, mild, acute, chronic), strict=True))})


def answer(probabilities: list[float], rare: float) -> Scored:
    return Scored(
        np.array([probabilities]), np.array([rare]), np.array([0]), np.array([False]), np.array(["p"], dtype=object)
    )


@pytest.mark.parametrize(
    ("probabilities", "rare", "promise", "possible", "unsure"),
    [
        ([0.1, 0.1, 0.7, 0.1], 0.1, certificate(), [0, 0, 1, 0], False),
        ([0.1, 0.1, 0.7, 0.1], 0.9, certificate(), [0, 0, 1, 0], False),
        ([0.0, 0.5, 0.5, 0.0], 0.1, certificate(), [0, 1, 1, 0], True),
        ([0.25, 0.25, 0.25, 0.25], 0.1, certificate(), [0, 0, 0, 0], True),
        ([0.7, 0.1, 0.1, 0.1], 0.49, certificate(), [1, 0, 0, 0], False),
        ([0.7, 0.1, 0.1, 0.1], 0.5, certificate(), [1, 0, 0, 0], True),  # healthy but rare
        ([0.7, 0.1, 0.1, 0.1], 0.5, REFUSAL, [1, 0, 0, 0], False),
    ],
)
def test_no_seguro_is_counted_as_the_service_would_say_it(probabilities, rare, promise, possible, unsure):
    states, is_unsure = said(answer(probabilities, rare), TIER, promise, sets())
    assert states.astype(int).tolist() == [possible]
    assert is_unsure.tolist() == [unsure]


def test_coverage_and_unsure_rate(scored):
    possible, is_unsure = said(scored, TIER, REFUSAL, sets(0.5, 0.5, 0.5, 0.5))
    made = by_name(figures(scored).sets(possible, is_unsure))
    covered = scored.state_probabilities[np.arange(400), scored.state] >= 0.5
    assert made["set_coverage"].value == pytest.approx(covered.mean())
    assert made["set_coverage_mild"].value == pytest.approx(covered[scored.state == 1].mean())
    assert made["unsure_rate"].value == pytest.approx(is_unsure.mean())
    assert 0 < made["unsure_rate"].value < 1
    right = scored.predicted == scored.state
    assert made["accuracy_state_when_sure"].value == pytest.approx(right[~is_unsure].mean())


def test_the_difference_to_the_rules_is_paired(scored):
    """Against a rule model that says the same, every draw's difference is nought; unpaired it would vary."""
    made = by_name(figures(scored).against_rules(scored.predicted))
    difference = made["f1_state_macro_minus_rules"]
    assert (difference.value, difference.low, difference.high) == (0, 0, 0)
    worse = by_name(figures(scored).against_rules(np.zeros(400, dtype=np.int64)))
    assert worse["f1_state_macro_minus_rules"].low > 0
    assert worse["f1_state_macro_rules"].value < 0.2
