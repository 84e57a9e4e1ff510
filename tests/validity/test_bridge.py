"""A model that follows the source is seen on the bridge, where class and source change places; so is one that does not.

The catalogues here are made by hand: every profile shows one finding, so a model that looks for it is known through
and through.
"""

from dataclasses import replace

import numpy as np
import pytest

from raretriage.bucket import Metric
from raretriage.cohort import Catalogue
from raretriage.cohort.profiles import Origin
from raretriage.features import CATEGORICAL, NUMERIC, FeatureContract, ModelInput
from raretriage.knowledge import Knowledge
from raretriage.validity.bridge import BridgeReport, Scorer, measure_bridge
from raretriage.validity.sample import straight

MARK, OTHER = "HP:0001945", "HP:0012735"  # fever, cough
VISITS = 600


def showing(catalogue: Catalogue, is_marked: np.ndarray) -> Catalogue:
    """Patients of the marked profiles have fever and nothing else, the others cough."""
    mark, other = (catalogue.terms.ids.index(term) for term in (MARK, OTHER))
    term = np.where(is_marked, mark, other)
    finding, exact = np.full_like(catalogue.finding, -1), np.full_like(catalogue.exact, -1)
    finding[:, 0], exact[:, 0, 0] = term, term
    findings = catalogue.nuisance.findings.model_copy(
        update={"recorded": (0.0, 1.0), "excluded": (1.0,), "background": 0.0, "coarser": 0.0}
    )
    return replace(
        catalogue,
        finding=finding,
        low=np.ones_like(catalogue.low),
        high=np.ones_like(catalogue.high),
        exact=exact,
        exact_count=(exact >= 0).sum(axis=2),
        nuisance=catalogue.nuisance.model_copy(update={"findings": findings}),
    )


def has_mark(rows: ModelInput) -> tuple[np.ndarray, None]:
    return np.maximum(rows.phenotypes[:, 0], 0).astype(float), None


def measure(
    score: Scorer, training: Catalogue, bridge: Catalogue, knowledge: Knowledge, threshold: float = 0.5
) -> BridgeReport:
    contract = FeatureContract(
        numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=(MARK, OTHER), knowledge_version=knowledge.version
    )
    return measure_bridge(
        score, threshold, contract, training=training, bridge=bridge, knowledge=knowledge, seed=1, visits=VISITS
    )


def by_origin(catalogue: Catalogue) -> np.ndarray:
    return np.array([profile.origin is not Origin.TABLE for profile in catalogue.profiles])


@pytest.fixture(scope="module")
def of_source(catalogue: Catalogue, bridge: Catalogue, knowledge: Knowledge) -> dict[str, float]:
    """A model of annotated wording, perfect on the training catalogue."""
    training = straight(catalogue)
    report = measure(has_mark, showing(training, by_origin(training)), showing(bridge, by_origin(bridge)), knowledge)
    return {rate.name: rate.value for rate in report.rates}


@pytest.fixture(scope="module")
def of_disease(catalogue: Catalogue, bridge: Catalogue, knowledge: Knowledge) -> dict[str, float]:
    report = measure(has_mark, showing(catalogue, catalogue.rare), showing(bridge, bridge.rare), knowledge)
    return {rate.name: rate.value for rate in report.rates}


def test_a_model_of_the_source_is_perfect_in_training_and_always_wrong_on_the_bridge(of_source) -> None:
    assert of_source["false_alerts_common_of_training"] == of_source["missed_rare_of_training"] == 0
    assert of_source["false_alerts_common_from_annotations"] == of_source["missed_rare_written_as_common"] == 1
    assert of_source["roc_auc_rare"] == 0
    assert of_source["roc_auc_annotated_within_common"] == of_source["roc_auc_annotated_within_rare"] == 1
    assert of_source["roc_auc_rare_within_annotations"] == of_source["roc_auc_rare_within_table"] == 0.5


def test_a_model_of_the_disease_is_as_right_on_the_bridge(of_disease) -> None:
    assert of_disease["false_alerts_common_from_annotations"] == of_disease["missed_rare_written_as_common"] == 0
    assert of_disease["roc_auc_rare"] == 1
    assert of_disease["roc_auc_annotated_within_common"] == of_disease["roc_auc_annotated_within_rare"] == 0.5
    assert of_disease["roc_auc_rare_within_annotations"] == of_disease["roc_auc_rare_within_table"] == 1


def test_a_score_at_the_threshold_is_flagged(catalogue: Catalogue, bridge: Catalogue, knowledge: Knowledge) -> None:
    marked = showing(catalogue, catalogue.rare), showing(bridge, bridge.rare)
    at = {rate.name: rate.value for rate in measure(has_mark, *marked, knowledge, threshold=1.0).rates}
    assert at["missed_rare_written_as_common"] == 0
    above = {rate.name: rate.value for rate in measure(has_mark, *marked, knowledge, threshold=1.01).rates}
    assert above["missed_rare_written_as_common"] == 1


def test_figures_are_metrics_of_the_bridge_and_diseases_are_listed_worst_first(
    catalogue: Catalogue, bridge: Catalogue, knowledge: Knowledge
) -> None:
    def always_acute(rows: ModelInput) -> tuple[np.ndarray, np.ndarray]:
        return np.ones(len(rows.numeric)), np.tile([0.0, 0.0, 1.0, 0.0], (len(rows.numeric), 1))

    report = measure(always_acute, catalogue, bridge, knowledge)
    metrics = report.metrics()
    assert all(isinstance(metric, Metric) and metric.split == "bridge" for metric in metrics)
    values = {metric.name: metric.value for metric in metrics}
    assert 0.1 < values["accuracy_state"] < 0.7
    wrong = [row.wrong for row in report.diseases]
    assert wrong == sorted(wrong, reverse=True)
    assert {row.wrong for row in report.diseases if not row.rare} == {1.0}
    assert {row.wrong for row in report.diseases if row.rare} == {0.0}
    assert sum(row.n for row in report.diseases) >= 0.9 * VISITS
    assert {row.disease for row in report.diseases} <= {profile.disease for profile in bridge.profiles}


def test_no_disease_of_the_bridge_is_trained_on(catalogue: Catalogue, bridge: Catalogue) -> None:
    common = [profile for profile in bridge.profiles if not profile.rare]
    rare = [profile for profile in bridge.profiles if profile.rare]
    assert len(common) >= 20
    assert len(rare) >= 20
    assert {profile.origin for profile in rare} == {Origin.TABLE}
    assert Origin.TABLE not in {profile.origin for profile in common}
    assert not {p.disease for p in bridge.profiles} & {p.disease for p in catalogue.profiles}
    assert not {p.group for p in rare} & {p.group for p in catalogue.profiles}
