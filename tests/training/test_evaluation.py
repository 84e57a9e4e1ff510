import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.bucket import StateSets
from raretriage.domain import Basis, Certificate, InputTier, Price, RareFlag, Refusal, State, decide
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


# Ten encounters worked by hand: four rare of whom three are flagged, six others of whom one is.

TEN = Scored(
    state_probabilities=np.eye(4)[[0, 0, 1, 1, 2, 2, 3, 3, 0, 1]] * 0.6 + 0.1,
    rare_probability=np.array([0.9, 0.8, 0.7, 0.2, 0.6, 0.4, 0.3, 0.1, 0.1, 0.1]),
    state=np.array([0, 0, 1, 1, 2, 2, 3, 3, 1, 1]),
    is_rare=np.arange(10) < 4,
    cluster=np.array([f"p{i}" for i in range(10)], dtype=object),
)


@pytest.mark.parametrize(
    ("name", "value", "n"),
    [
        ("sensitivity_rare", 3 / 4, 4),
        ("specificity_rare", 5 / 6, 6),
        ("alerts_per_1000", 400, 10),
        ("ppv_rare", 3 / 4, 4),
        ("npv_rare", 5 / 6, 6),
        ("number_needed_to_evaluate", 4 / 3, 4),
        # Of 1,000 with 10 rare 7.5 are found, and 165 of the other 990 are flagged.
        ("alerts_per_1000_at_1pct", 172.5, 10),
        ("ppv_rare_at_1pct", 7.5 / 172.5, 4),
        # Of 1,000 with one rare: 0.75 and 166.5.
        ("alerts_per_1000_at_0.1pct", 167.25, 10),
        ("ppv_rare_at_0.1pct", 0.75 / 167.25, 4),
    ],
)
def test_each_figure_of_the_promise_worked_by_hand(name, value, n):
    made = by_name(figures(TEN).promise(certificate(0.5)))[name]
    assert (made.value, made.n) == (pytest.approx(value), n)


def test_no_figure_of_the_promise_is_forgotten_above():
    assert len(by_name(figures(TEN).promise(certificate(0.5)))) == 10


def test_where_everybody_is_flagged_nobody_is_spared_and_where_nobody_is_no_alert_can_be_right():
    everybody, nobody = (by_name(figures(TEN).promise(certificate(at))) for at in (0.0, 1.0))
    assert "npv_rare" not in everybody
    assert everybody["ppv_rare"].value == 0.4
    assert {"ppv_rare", "number_needed_to_evaluate", "ppv_rare_at_1pct"}.isdisjoint(nobody)
    assert (nobody["npv_rare"].value, nobody["alerts_per_1000"].value) == (0.6, 0)


@pytest.mark.filterwarnings("error")
def test_a_number_needed_stays_a_number_though_in_some_draws_no_alert_is_right():
    few = TEN.take(np.array([2, 4, 5, 6, 7, 8, 9]))  # one rare, whom a third of all draws lack
    made = by_name(figures(few, draws=300).promise(certificate(0.5)))
    assert made["number_needed_to_evaluate"].value == 2
    assert np.isfinite([made["number_needed_to_evaluate"].low, made["number_needed_to_evaluate"].high]).all()
    wrong = by_name(figures(TEN.take(np.arange(3, 10))).promise(certificate(0.5)))
    assert wrong["ppv_rare"].value == 0
    assert "number_needed_to_evaluate" not in wrong


def test_without_a_rare_patient_nothing_is_said_of_a_place_with_some():
    made = by_name(figures(TEN.take(np.arange(4, 10))).promise(certificate(0.5)))
    assert set(made) == {"specificity_rare", "alerts_per_1000", "ppv_rare", "npv_rare"}


def test_what_95_percent_sensitivity_leaves_of_specificity_worked_by_hand():
    """All four rare must be flagged, so the threshold is 0.2: three of the six others are not."""
    made = by_name(figures(TEN).discrimination())["specificity_at_95_sensitivity"]
    assert (made.value, made.n) == (0.5, 6)


def test_the_other_figures_without_a_threshold_worked_by_hand():
    made = {name: metric.value for name, metric in by_name(figures(TEN).discrimination()).items()}
    assert made["roc_auc_rare"] == pytest.approx(21 / 24)  # three above all six, one above three
    assert made["pr_auc_rare"] == pytest.approx((1 + 1 + 1 + 4 / 7) / 4)
    assert made["brier_rare"] == pytest.approx((0.01 + 0.04 + 0.09 + 0.64 + 0.36 + 0.16 + 0.09 + 3 * 0.01) / 10)
    assert made["prevalence_rare"] == 0.4
    # At 1 %: 0.01 / 4 a rare one, 0.99 / 6 another; the fourth stands below three others.
    assert made["pr_auc_rare_at_1pct"] == pytest.approx((3 + 0.01 / (0.01 + 0.99 * 3 / 6)) / 4)
    assert made["pr_auc_rare_at_0.1pct"] == pytest.approx((3 + 0.001 / (0.001 + 0.999 * 3 / 6)) / 4)
    # One of ten, mild, is called healthy.
    assert made["accuracy_state"] == 0.9
    assert made["balanced_accuracy_state"] == pytest.approx((1 + 3 / 4 + 1 + 1) / 4)
    assert made["f1_state_healthy"] == pytest.approx(4 / 5)
    assert made["f1_state_mild"] == pytest.approx(6 / 7)
    assert made["f1_state_macro"] == pytest.approx((4 / 5 + 6 / 7 + 2) / 4)
    # Squared distances: 0.3² and three times 0.1² where right, 0.9², 0.7² and twice 0.1² - of 0.7 and 0.1 - where not.
    assert made["brier_state"] == pytest.approx((9 * (0.3**2 + 3 * 0.1**2) + 0.9**2 + 0.7**2 + 2 * 0.1**2) / 10)


def test_calibration_is_that_of_the_rare_probabilities():
    rng = np.random.default_rng(8)
    truly = rng.uniform(0.05, 0.95, 4_000)
    logit = np.log(truly / (1 - truly))
    made = by_name(
        figures(
            Scored(
                state_probabilities=np.full((4_000, 4), 0.25),
                rare_probability=1 / (1 + np.exp(-(2 * logit + 1))),
                state=np.arange(4_000) % 4,
                is_rare=rng.random(4_000) < truly,
                cluster=np.array([f"p{i}" for i in range(4_000)], dtype=object),
            ),
            draws=40,
        ).discrimination()
    )
    assert made["calibration_slope_rare"].value == pytest.approx(0.5, abs=0.05)
    assert made["calibration_intercept_rare"].value == pytest.approx(-0.5, abs=0.1)


def test_a_state_that_nobody_has_is_left_out_and_the_rest_is_said():
    made = by_name(figures(TEN.take(np.arange(6))).discrimination())
    assert {"recall_state_chronic", "f1_state_chronic", "roc_auc_state_macro_ovr"}.isdisjoint(made)
    assert {"f1_state_macro", "f1_state_mild", "roc_auc_rare"} <= set(made)


def test_unsure_is_counted_for_each_state_apart():
    possible, unsure = np.ones((10, 4), dtype=bool), np.array([1, 0, 1, 1, 0, 0, 0, 0, 1, 0], dtype=bool)
    made = by_name(figures(TEN).sets(possible, unsure))
    rates = {name.removeprefix("unsure_rate"): (m.value, m.n) for name, m in made.items() if "unsure_rate" in name}
    assert rates == {"": (0.4, 10), "_healthy": (0.5, 2), "_mild": (0.75, 4), "_acute": (0, 2), "_chronic": (0, 2)}
    assert made["accuracy_state_when_sure"].n == 6


@settings(max_examples=40)
@given(seed=st.integers(0, 10_000), promise=st.sampled_from([certificate(0.3), certificate(0.5), REFUSAL]))
def test_said_is_the_services_decision_row_by_row(seed, promise):
    rng = np.random.default_rng(seed)
    count = 60
    answered = Scored(
        state_probabilities=rng.dirichlet(np.ones(4), count).round(1),  # rounded, so that some lie on a bound
        rare_probability=rng.random(count).round(1),
        state=rng.integers(0, 4, count),
        is_rare=rng.random(count) < 0.3,
        cluster=np.arange(count).astype(str).astype(object),
    )
    bounds = dict(zip(State, rng.choice([0.1, 0.3, 0.5, 0.7], 4), strict=True))
    possible, unsure = said(answered, TIER, promise, sets(**{state.value: bounds[state] for state in State}))
    for row in range(count):
        states = [s for place, s in enumerate(State) if answered.state_probabilities[row, place] >= bounds[s]]
        if isinstance(promise, Refusal):
            flag = RareFlag.NOT_ASSESSED
        else:
            flag = RareFlag.YES if answered.rare_probability[row] >= promise.threshold else RareFlag.NO
        decision = decide(states, flag, tier=TIER)
        assert [s for place, s in enumerate(State) if possible[row, place]] == list(decision.states)
        assert unsure[row] == (decision.state is None)
