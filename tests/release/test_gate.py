from dataclasses import replace

import numpy as np
import pytest

from raretriage.bucket import EXPLANATION_FILE, DataCheck, GroupPromise, Manifest, StateSets, StoredFile
from raretriage.domain import Basis, InputTier, Refusal, State
from raretriage.release import Evidence, judge
from raretriage.training.certificate import certify_threshold
from raretriage.training.evaluation import Figures, Scored, said
from tests.manifests import PASSING_CHECKS, metric, passing_metrics, training_record
from tests.serving.tiny_model import certificate, tiny_graph, tiny_manifest

F1_ROW = "macro-F1 of the state above the rules'"
FILES = {name: StoredFile(sha256="0" * 64, bytes=1) for name in ("model.onnx", EXPLANATION_FILE)}


def manifest(**changes: object) -> Manifest:
    given = {"metrics": passing_metrics(), "checks": PASSING_CHECKS, "files": FILES} | changes
    return tiny_manifest(tiny_graph().SerializeToString(), **given)


def failed(env: str, **changes: object) -> list[str]:
    return [row.name for row in judge(Evidence.of(manifest(**changes))).failures(env)]


def with_figure(name: str, value: float, low: float, high: float) -> dict[str, object]:
    others = [m for m in passing_metrics() if m.name != name]
    return {"metrics": (*others, metric(name, value, low, high))}


def test_a_model_that_meets_every_condition_passes_both_levels():
    assert failed("dev") == failed("prod") == []


@pytest.mark.parametrize(
    ("name", "at_the_limit", "beyond", "level", "row"),
    [
        ("roc_auc_rare", (0.9, 0.8501, 0.95), (0.9, 0.85, 0.95), "dev", "ROC-AUC rare against the rest"),
        ("roc_auc_state_macro_ovr", (0.9, 0.8501, 0.95), (0.9, 0.85, 0.95), "dev", "ROC-AUC state"),
        (
            "f1_state_macro_minus_rules",
            (0.1, 0.001, 0.2),
            (0.1, 0.0, 0.2),
            "dev",
            "macro-F1 of the state above the rules'",
        ),
        ("specificity_rare", (0.95, 0.90, 0.97), (0.95, 0.8999, 0.97), "prod", "specificity, people who are not rare"),
        ("unsure_rate", (0.2, 0.1, 0.30), (0.2, 0.1, 0.3001), "prod", "NO SEGURO"),
        ("unsure_rate_acute", (0.2, 0.1, 0.50), (0.2, 0.1, 0.5001), "prod", "NO SEGURO, acute"),
        ("calibration_slope_rare", (1, 0.8, 1.25), (1, 0.7999, 1.2), "prod", "calibration slope, rare"),
        ("calibration_slope_rare", (1, 0.8, 1.25), (1, 0.9, 1.2501), "prod", "calibration slope, rare"),
    ],
)
def test_each_figure_counts_at_the_end_of_its_interval_that_speaks_against_the_model(
    name, at_the_limit, beyond, level, row
):
    assert failed("prod", **with_figure(name, *at_the_limit)) == []
    assert failed("prod", **with_figure(name, *beyond)) == [row]
    assert failed("dev", **with_figure(name, *beyond)) == ([row] if level == "dev" else [])


@pytest.mark.parametrize("name", sorted({m.name for m in passing_metrics()}))
def test_what_was_not_measured_does_not_pass(name):
    assert len(failed("prod", metrics=tuple(m for m in passing_metrics() if m.name != name))) == 1


def test_parity_is_asked_up_to_a_hundred_thousandth():
    assert failed("dev", training=training_record(parity=1e-5)) == []
    assert failed("dev", training=training_record(parity=1.1e-5)) == ["ONNX parity"]


def test_a_check_of_the_data_that_fails_or_was_never_made_forbids_dev():
    leak = DataCheck(name="no leaked patient", passed=False, found="3 patients in both", limit="nobody")
    assert failed("dev", checks=(leak,)) == ["no leaked patient"]
    assert failed("dev", checks=()) == ["no leaked patient"]


def test_without_a_certificate_of_findings_prod_is_forbidden_whatever_the_other_tiers_promise():
    refusal = Refusal(tier=InputTier.FINDINGS, basis=Basis.LOCAL, reason="too_costly: made up", positives=99)
    other = certificate(tier=InputTier.VITALS)
    names = failed("prod", certificates={InputTier.FINDINGS: refusal, InputTier.VITALS: other})
    assert "certificate, findings tier" in names
    assert failed("dev", certificates={InputTier.FINDINGS: refusal, InputTier.VITALS: other}) == []


def promise(verdict: str, group: str = "sex=female") -> GroupPromise:
    return GroupPromise(group=group, positives=80, misses=9, low=0.8, high=0.94, verdict=verdict)


def test_a_group_that_certifiably_falls_short_forbids_prod_and_one_that_cannot_be_certified_is_listed():
    assert failed("prod", groups=(promise("falls_short"),)) == ["no group certifiably falls short"]
    gate = judge(Evidence.of(manifest(groups=(promise("cannot_certify", "age_band=infant"),))))
    row = next(row for row in gate.rows if row.name == "no group certifiably falls short")
    assert (row.passed, "age_band=infant" in row.value) == (True, True)


def test_a_model_that_cannot_say_why_is_not_for_prod():
    assert failed("prod", files={"model.onnx": FILES["model.onnx"]}) == ["exact explanation in serving"]


def test_every_condition_that_fails_says_why():
    nothing = judge(Evidence.of(manifest(metrics=(), checks=(), files={"model.onnx": FILES["model.onnx"]})))
    assert all(row.reason for row in nothing.failures("prod"))
    assert all(not row.reason for row in nothing.rows if row.passed)


# Three models that a gate exists for, on made-up patients whom the good one tells apart.


@pytest.fixture(scope="module")
def people() -> Scored:
    rng = np.random.default_rng(5)
    state, is_rare = rng.integers(0, 4, 4_000), rng.random(4_000) < 0.2
    score = np.clip(rng.normal(0.08, 0.04, 4_000) + 0.6 * is_rare, 0.001, 0.999)
    return Scored(
        state_probabilities=np.eye(4)[state] * 0.9 + 0.025,
        rare_probability=score,
        state=state,
        is_rare=is_rare,
        cluster=np.arange(4_000).astype(str).astype(object),
    )


def judged(scored: Scored, *, bounds: float = 0.5, certificate_for: Scored | None = None) -> list[str]:
    """What a model that gives these answers fails, with the certificate and sets that it gets itself."""
    own = certificate_for or scored
    grid = np.linspace(0, 1, 201)
    try:
        promise = certify_threshold(own.rare_probability, own.is_rare, grid)
    except Exception as refused:  # noqa: BLE001 - a refusal is an answer here
        promise = Refusal(tier=InputTier.FINDINGS, basis=Basis.SIMULATED, reason=str(refused), positives=99)
    sets = StateSets(coverage=0.9, bounds={tier: dict.fromkeys(State, bounds) for tier in InputTier})
    figures = Figures(scored, split="temporal", tier=InputTier.FINDINGS, draws=60, rng=np.random.default_rng(1))
    made = (
        *figures.discrimination(),
        *figures.promise(promise),
        *figures.sets(*said(scored, InputTier.FINDINGS, promise, sets)),
        *figures.against_rules(np.zeros(len(scored.state), dtype=np.int64)),
    )
    return failed("prod", metrics=made, certificates={InputTier.FINDINGS: promise}, state_sets=sets)


def test_the_good_model_fails_nothing_but_its_slope(people):
    """Made-up scores are not calibrated."""
    assert judged(people) == ["calibration slope, rare"]


def test_a_model_that_flags_everyone_fails(people):
    everyone = replace(people, rare_probability=np.full(4_000, 0.99))
    names = judged(everyone)
    assert {"ROC-AUC rare against the rest", "certificate, findings tier"} <= set(names)
    # And with somebody else's certificate, its price is seen.
    assert "specificity, people who are not rare" in judged(everyone, certificate_for=people)


def test_a_model_that_always_says_no_seguro_fails(people):
    assert {"NO SEGURO", *(f"NO SEGURO, {state.value}" for state in State)} <= set(judged(people, bounds=0.0))
