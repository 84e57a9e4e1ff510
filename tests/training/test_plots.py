import numpy as np
import pytest

from raretriage.domain import Basis, InputTier, Refusal
from raretriage.training.evaluation import Scored
from raretriage.training.plots import certificate_plot, model_plots, wilson_interval


@pytest.fixture(scope="module")
def scored() -> Scored:
    rng = np.random.default_rng(0)
    is_rare = rng.random(200) < 0.3
    return Scored(
        rng.dirichlet(np.ones(4), 200), rng.random(200), rng.integers(0, 4, 200), is_rare, np.arange(200).astype(object)
    )


def test_every_figure_of_simulated_patients_says_so(scored):
    figures = model_plots(scored, what="temporal test", basis=Basis.SIMULATED)
    assert set(figures) == {
        *("roc_rare.png", "precision_recall_rare.png", "calibration_rare.png", "confusion_state.png"),
        *("score_histogram_rare.png", "decision_curve_rare.png"),
    }
    refusal = Refusal(tier=InputTier.BASIC, basis=Basis.SIMULATED, reason="too_costly", positives=60)
    figures["certificate.png"] = certificate_plot(
        scored.rare_probability, scored.is_rare, refusal, target=0.95, confidence=0.95
    )
    for png in figures.values():
        assert png.startswith(b"\x89PNG")
        assert b"(simulated)" in png  # the title, which is in the picture too


def test_figures_of_local_patients_do_not_say_simulated(scored):
    for png in model_plots(scored, what="temporal test", basis=Basis.LOCAL).values():
        assert b"temporal test" in png
        assert b"simulated" not in png


def test_the_same_answers_give_the_same_picture(scored):
    assert model_plots(scored, what="x", basis=Basis.LOCAL) == model_plots(scored, what="x", basis=Basis.LOCAL)


def test_without_a_rare_patient_there_is_no_picture_of_the_rare_head(scored):
    nobody = scored.take(np.flatnonzero(~scored.is_rare))
    assert set(model_plots(nobody, what="x", basis=Basis.LOCAL)) == {"confusion_state.png"}


def test_the_certified_threshold_is_in_the_picture(scored):
    without = model_plots(scored, what="x", basis=Basis.LOCAL)
    marked = model_plots(scored, what="x", basis=Basis.LOCAL, threshold=0.4)
    changed = {name for name, png in marked.items() if png != without[name]}
    assert changed == {"roc_rare.png", "score_histogram_rare.png", "decision_curve_rare.png"}


def test_an_interval_of_a_bin_is_wilsons():
    """81 of 263: 0.2553 to 0.3662, Newcombe 1998, Stat Med 17:857, table I."""
    low, high = wilson_interval(np.array([81.0]), np.array([263.0]))
    assert (low[0], high[0]) == pytest.approx((0.2553, 0.3662), abs=5e-5)
