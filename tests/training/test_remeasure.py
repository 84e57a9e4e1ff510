from dataclasses import replace

import pytest

from raretriage.domain import InputTier
from raretriage.release.onnx import export_graph, run_graph
from raretriage.training.remeasure import draw_again, temporal_figures


def test_the_exported_graph_is_measured_to_the_figures_of_the_training_run(trained, encounters, ontology, make_config):
    graph = export_graph(trained.state, trained.rare, trained.contract)
    config = make_config()
    again = temporal_figures(
        draw_again(encounters, contract=trained.contract, ontology=ontology, config=config),
        certificates=trained.certificates,
        state_sets=trained.state_sets,
        score=lambda rows: run_graph(graph, rows),
        config=config,
    )
    assert again.groups == trained.groups
    before = [metric for metric in trained.metrics if metric.split == "temporal"]
    assert [(m.name, m.tier, m.group, m.n) for m in again.metrics] == [(m.name, m.tier, m.group, m.n) for m in before]
    for new, old in zip(again.metrics, before, strict=True):
        # A probability that the graph rounds to the other side of a bound moves one encounter of a few hundred.
        assert (new.value, new.low, new.high) == pytest.approx((old.value, old.low, old.high), rel=0.01, abs=0.01)


def test_other_answers_give_other_figures(trained, encounters, ontology, make_config):
    graph = export_graph(trained.state, trained.rare, trained.contract)

    def upside_down(rows):
        state, rare = run_graph(graph, rows)
        return state[:, ::-1], 1 - rare

    config = replace(make_config(), draws=20)
    figures = temporal_figures(
        draw_again(encounters, contract=trained.contract, ontology=ontology, config=config),
        certificates=trained.certificates,
        state_sets=trained.state_sets,
        score=upside_down,
        config=config,
    ).metrics
    auc = next(m for m in figures if (m.name, m.tier) == ("roc_auc_rare", InputTier.FINDINGS))
    assert auc.value < 0.2
