"""From the lake's encounters to a trained model: one function."""

import logging
from dataclasses import replace

import numpy as np
import pyarrow as pa

from raretriage.bucket import DataVersion
from raretriage.domain import Basis, Certificate, InputTier, Refusal, State
from raretriage.features import CATEGORICAL, NUMERIC, Encoder, FeatureContract, Ontology, fit_vocabulary
from raretriage.training import weighted
from raretriage.training.baseline import ruled_states
from raretriage.training.calibration import answers, certify, one_row_a_patient, sets_of_states
from raretriage.training.candidates import of_kind
from raretriage.training.comparison import Comparison, Fitter, Progress, Task, compare, cross_validate
from raretriage.training.config import TrainingConfig
from raretriage.training.conflicts import label_conflicts
from raretriage.training.dataset import LabelledRows, RowCounts, labelled_rows
from raretriage.training.errors import NotEnoughData
from raretriage.training.evaluation import K_FOLD, LEFT_OUT_DISEASES, LEFT_OUT_SITE, Figures, Scored
from raretriage.training.inputs import TierInputs, parity_sample, tier_inputs
from raretriage.training.metric_plots import metric_plots
from raretriage.training.model import SplitCounts, TrainedModel, training_range, untrained_groups
from raretriage.training.plots import certificate_plot, model_plots
from raretriage.training.record import run_record
from raretriage.training.remeasure import measure_temporal
from raretriage.training.selection import CandidateRow
from raretriage.training.splits import (
    Split,
    left_out_disease_folds,
    left_out_site_folds,
    patient_folds,
    patients_sha256,
    split_of_run,
)
from raretriage.training.tracking import Tracker

log = logging.getLogger(__name__)


def train(
    encounters: pa.Table,
    *,
    ontology: Ontology,
    knowledge_version: str,
    config: TrainingConfig,
    tracker: Tracker | None = None,
    progress: Progress = lambda _n: None,
) -> TrainedModel:
    """Compare, choose, fit, certify and measure.

    The same rows and the same `config` give the same model, in whatever order the table has them.

    Args:
        encounters: schema `raretriage.privacy.schemas.ENCOUNTERS`, from the lake.
        ontology: what findings are rolled up by; the service must use the same, `knowledge_version`.
        config: choices and provenance.
        tracker: where the run is written down; None writes nothing.
        progress: called with the number of steps newly done, `config.steps` in all.

    Raises:
        NotEnoughData: a state, a rarity, a quarter or a finding that a model needs is not there.
        UnknownFinding: a finding is not in the ontology.
    """
    _, left_out_seed, draw_seed = np.random.SeedSequence(config.seed).spawn(3)
    rows, row_counts = labelled_rows(encounters)
    split = split_of_run(rows, config)
    fit, calibration, test = (rows.take(part) for part in (split.fit, split.calibration, split.test))
    encoder = Encoder(_contract(fit, knowledge_version), ontology)
    fit_inputs = tier_inputs(fit.columns, encoder)
    fitter = Fitter(fit, fit_inputs, encoder.contract, seed=config.seed, workers=config.workers, progress=progress)

    candidates = [of_kind(kind) for kind in config.kinds]
    comparison = compare(fitter, candidates, patient_folds(fit, folds=config.folds, seed=config.seed))
    left_out = _left_out(fitter, comparison, config, np.random.default_rng(left_out_seed))
    everything = np.arange(len(fit.state))
    (state, rare), _ = fitter.fit(
        [Task("state", comparison.chosen["state"], everything), Task("rare", comparison.chosen["rare"], everything)]
    )

    calibration_inputs = tier_inputs(calibration.columns, encoder)
    calibrated = {tier: answers(state, rare, calibration, calibration_inputs, tier) for tier in InputTier}
    certificates = {
        tier: certify(scored, calibration_inputs.reaches[tier], tier, config) for tier, scored in calibrated.items()
    }
    sets = sets_of_states(calibrated, calibration_inputs, coverage=config.state_coverage)

    rng = np.random.default_rng(draw_seed)
    test_inputs = tier_inputs(test.columns, encoder)
    tested = {tier: answers(state, rare, test, test_inputs, tier) for tier in InputTier}
    measured = measure_temporal(tested, test, certificates=certificates, state_sets=sets, draws=config.draws, rng=rng)
    metrics = list(measured.metrics)
    progress(3)
    for name, scored in {K_FOLD: _chosen_out_of_fold(comparison), **left_out}.items():
        metrics += Figures(scored, split=name, tier=InputTier.FINDINGS, draws=config.draws, rng=rng).discrimination()

    trained = TrainedModel(
        state=state,
        rare=rare,
        rare_mean=fitter.mean_row(rare, "rare", everything),
        estimators={head: chosen.name for head, chosen in comparison.chosen.items()},
        contract=encoder.contract,
        certificates=certificates,
        state_sets=sets,
        training_range=training_range(fit),
        untrained_groups=untrained_groups(fit),
        metrics=tuple(metrics),
        groups=measured.groups,
        candidates=(_rules_row(fit, fit_inputs), *comparison.table),
        plots=_plots(tested, test_inputs, calibrated, calibration_inputs, certificates, config)
        | metric_plots(metrics, basis=config.basis, coverage=config.state_coverage),
        sample=parity_sample(rows.columns, encoder),
        data=_data_version(fit, config),
        counts=_counts(rows, split, row_counts),
        fit_patients_sha256=patients_sha256(fitter.rows.patient_id),
        calibration_patients_sha256=patients_sha256(calibration.patient_id),
        run_id=None,
    )
    progress(1)
    if tracker is not None:
        trained = replace(trained, run_id=tracker.record(run_record(trained, comparison, config)))
    progress(1)
    log.info("training.done", extra={"estimators": dict(trained.estimators), "patients": trained.data.patients})
    return trained


def contract_of_fit(encounters: pa.Table, *, config: TrainingConfig, knowledge_version: str) -> FeatureContract:
    """The contract that `train` would make of these encounters."""
    rows, _ = labelled_rows(encounters)
    return _contract(rows.take(split_of_run(rows, config).fit), knowledge_version)


def _contract(fit: LabelledRows, knowledge_version: str) -> FeatureContract:
    vocabulary = fit_vocabulary(fit.columns, patient_id=fit.patient_id, is_rare=fit.is_rare)
    if not vocabulary:
        raise NotEnoughData(
            "no finding was observed in enough patients without a rare disease: a model needs findings that others "
            "have too; ingest encounters with coded findings"
        )
    return FeatureContract(
        numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=vocabulary, knowledge_version=knowledge_version
    )


def _left_out(
    fitter: Fitter, comparison: Comparison, config: TrainingConfig, rng: np.random.Generator
) -> dict[str, Scored]:
    """Answers to rare diseases, and to hospitals, that the model had never met. One hospital alone leaves none out."""
    folds, cluster = left_out_disease_folds(fitter.rows, folds=config.folds, rng=rng)
    answered = {LEFT_OUT_DISEASES: cross_validate(fitter, comparison.chosen, folds, cluster)}
    by_site = left_out_site_folds(fitter.rows, folds=config.folds)
    if by_site:
        answered[LEFT_OUT_SITE] = cross_validate(fitter, comparison.chosen, by_site, fitter.rows.patient_id)
    fitter.progress(2 * (config.folds - len(by_site)))
    return answered


def _chosen_out_of_fold(comparison: Comparison) -> Scored:
    """Both heads' out-of-fold answers; the folds were the same, so the rows are."""
    by_state = comparison.out_of_fold[comparison.chosen["state"].name]
    by_rare = comparison.out_of_fold[comparison.chosen["rare"].name]
    return replace(by_state, rare_probability=by_rare.rare_probability)


def _rules_row(fit: LabelledRows, inputs: TierInputs) -> CandidateRow:
    """The rule model on the encounters that the candidates were compared on. It says no probabilities, nor rarity."""
    rows = np.flatnonzero(inputs.reaches[InputTier.FINDINGS])
    matrix = weighted.confusion(
        fit.state[rows], ruled_states(fit.columns)[rows], np.ones((1, len(rows))), classes=len(State)
    )
    nothing = float("nan")
    return CandidateRow(
        name="rules",
        roc_auc_rare=nothing,
        roc_auc_rare_se=nothing,
        pr_auc_rare=nothing,
        brier_rare=nothing,
        roc_auc_state=nothing,
        f1_state=float(weighted.macro_f1(matrix)[0]),
        f1_state_se=nothing,
        brier_state=nothing,
        seconds=0.0,
    )


def _plots(
    tested: dict[InputTier, Scored],
    test_inputs: TierInputs,
    calibrated: dict[InputTier, Scored],
    inputs: TierInputs,
    certificates: dict[InputTier, Certificate | Refusal],
    config: TrainingConfig,
) -> dict[str, bytes]:
    plots: dict[str, bytes] = {}
    if len(reached := np.flatnonzero(test_inputs.reaches[InputTier.FINDINGS])):
        shown = tested[InputTier.FINDINGS].take(reached)
        promise = certificates[InputTier.FINDINGS]
        threshold = promise.threshold if isinstance(promise, Certificate) else None
        plots |= model_plots(shown, what="temporal test", basis=config.basis, threshold=threshold)
    for tier, scored in calibrated.items():
        one_each = scored.take(one_row_a_patient(scored, inputs.reaches[tier]))
        plots[f"certificate_{tier.value}.png"] = certificate_plot(
            one_each.rare_probability,
            one_each.is_rare,
            certificates[tier],
            target=config.target,
            confidence=config.confidence,
        )
    return plots


def _data_version(fit: LabelledRows, config: TrainingConfig) -> DataVersion:
    return DataVersion(
        lake_version=config.lake_version,
        encounters=len(fit.state),
        patients=len(np.unique(fit.patient_id)),
        simulated=config.basis is Basis.SIMULATED,
        periods=tuple(sorted(set(fit.period))),
    )


def _counts(rows: LabelledRows, split: Split, row_counts: RowCounts) -> SplitCounts:
    parts = {"fit": split.fit, "calibration": split.calibration, "temporal test": split.test}
    return SplitCounts(
        rows=row_counts,
        encounters={name: len(part) for name, part in parts.items()},
        patients={name: len(np.unique(rows.patient_id[part])) for name, part in parts.items()},
        older_rows_left_out=split.older_rows_left_out,
        test_periods=split.test_periods,
        conflicts=label_conflicts(rows),
    )
