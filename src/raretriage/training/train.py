"""From the lake's encounters to a trained model: one function."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from sklearn.pipeline import Pipeline

from raretriage.bucket import DataVersion, StateSets
from raretriage.domain import Basis, Certificate, InputTier, Refusal, State
from raretriage.features import CATEGORICAL, NUMERIC, Encoder, FeatureContract, Ontology, fit_vocabulary
from raretriage.training import weighted
from raretriage.training.baseline import ruled_states
from raretriage.training.calibration import answers, certify, one_row_a_patient, sets_of_states
from raretriage.training.candidates import HEADS, of_kind
from raretriage.training.comparison import Comparison, Fitter, Progress, Task, compare, cross_validate
from raretriage.training.config import TrainingConfig
from raretriage.training.conflicts import label_conflicts
from raretriage.training.dataset import LabelledRows, RowCounts, labelled_rows
from raretriage.training.errors import NotEnoughData
from raretriage.training.evaluation import K_FOLD, LEFT_OUT_DISEASES, LEFT_OUT_SITE, Figures, FloatArray, Scored
from raretriage.training.helpful_findings import helpful_findings
from raretriage.training.inputs import TierInputs, parity_sample, tier_inputs
from raretriage.training.metric_plots import metric_plots
from raretriage.training.model import SplitCounts, TrainedModel, training_range, untrained_groups
from raretriage.training.platt import PlattScaled, fitted_line
from raretriage.training.plots import certificate_plot, model_plots
from raretriage.training.record import run_record
from raretriage.training.remeasure import measure_held_out
from raretriage.training.selection import CandidateRow
from raretriage.training.splits import (
    Split,
    left_out_disease_folds,
    left_out_site_folds,
    patient_folds,
    patients_sha256,
    some_patients,
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
    compared = _compared(fit, encoder, config, np.random.default_rng(left_out_seed), progress)
    heads = _fitted(fit, encoder, compared, config, progress)
    promised = _promised(heads, calibration, encoder, config)
    rng = np.random.default_rng(draw_seed)
    test_inputs = tier_inputs(test.columns, encoder)
    tested = {tier: answers(heads.state, heads.rare, test, test_inputs, tier) for tier in InputTier}
    measured = measure_held_out(
        tested,
        test,
        certificates=promised.certificates,
        state_sets=promised.state_sets,
        draws=config.draws,
        rng=rng,
    )
    metrics = list(measured.metrics)
    progress(3)
    for name, unscaled in {K_FOLD: compared.out_of_fold, **compared.left_out}.items():
        scored = replace(unscaled, rare_probability=heads.rare.line.moved(unscaled.rare_probability))
        metrics += Figures(scored, split=name, tier=InputTier.FINDINGS, draws=config.draws, rng=rng).discrimination()

    trained = TrainedModel(
        state=heads.state,
        rare=heads.rare,
        rare_mean=heads.rare_mean,
        estimators={head: chosen.name for head, chosen in compared.comparison.chosen.items()},
        contract=encoder.contract,
        certificates=promised.certificates,
        state_sets=promised.state_sets,
        training_range=training_range(fit),
        helpful_findings=helpful_findings(
            some_patients(fit, encounters=config.most_compared, seed=config.seed), encoder
        ),
        untrained_groups=untrained_groups(fit),
        metrics=tuple(metrics),
        groups=measured.groups,
        candidates=(compared.rules, *compared.comparison.table),
        plots=_temporal_plots(tested, test_inputs, promised.certificates, config)
        | promised.plots
        | metric_plots(metrics, basis=config.basis, coverage=config.state_coverage),
        sample=parity_sample(rows.columns, encoder),
        data=_data_version(fit, config),
        counts=_counts(rows, split, row_counts),
        fit_patients_sha256=heads.patients_sha256,
        calibration_patients_sha256=promised.patients_sha256,
        run_id=None,
    )
    progress(1)
    if tracker is not None:
        trained = replace(trained, run_id=tracker.record(run_record(trained, compared.comparison, config)))
    progress(1)
    log.info("training.done", extra={"estimators": dict(trained.estimators), "patients": trained.data.patients})
    return trained


@dataclass(frozen=True, slots=True)
class _Compared:
    """What was chosen, and how the chosen do on what they had never met."""

    comparison: Comparison
    out_of_fold: Scored
    left_out: Mapping[str, Scored]
    rules: CandidateRow


@dataclass(frozen=True, slots=True)
class _Heads:
    state: Pipeline
    rare: PlattScaled
    rare_mean: FloatArray
    """What the rare head's estimator was given on average."""
    patients_sha256: str
    """Of those whose encounters both were given."""


@dataclass(frozen=True, slots=True)
class _Promised:
    certificates: dict[InputTier, Certificate | Refusal]
    state_sets: StateSets
    plots: dict[str, bytes]
    patients_sha256: str


def _compared(
    fit: LabelledRows, encoder: Encoder, config: TrainingConfig, rng: np.random.Generator, progress: Progress
) -> _Compared:
    """The comparison, on a sample of the fit patients where there are very many."""
    rows = some_patients(fit, encounters=config.most_compared, seed=config.seed)
    inputs = tier_inputs(rows.columns, encoder, [InputTier.FINDINGS])
    fitter = Fitter(rows, inputs, encoder.contract, seed=config.seed, workers=config.workers, progress=progress)
    candidates = [of_kind(kind) for kind in config.kinds]
    comparison = compare(fitter, candidates, patient_folds(rows, folds=config.folds, seed=config.seed))
    return _Compared(
        comparison,
        _chosen_out_of_fold(comparison),
        _left_out(fitter, comparison, config, rng),
        _rules_row(rows, inputs),
    )


def _fitted(
    fit: LabelledRows, encoder: Encoder, compared: _Compared, config: TrainingConfig, progress: Progress
) -> _Heads:
    """Both heads on all fit encounters, the rare one on the line of its out-of-fold answers.

    One after the other where two at a time would take too much memory.
    """
    everything = np.arange(len(fit.state))
    workers = config.workers if len(everything) <= config.most_compared else 1
    fitter = Fitter(
        fit,
        tier_inputs(fit.columns, encoder, [InputTier.FINDINGS]),
        encoder.contract,
        seed=config.seed,
        workers=workers,
        progress=progress,
    )
    (state, rare), _ = fitter.fit([Task(head, compared.comparison.chosen[head], everything) for head in HEADS])
    mean = fitter.mean_row(rare, "rare", everything)
    line = fitted_line(compared.out_of_fold.rare_probability, compared.out_of_fold.is_rare)
    return _Heads(state, PlattScaled(rare, line), mean, patients_sha256(fitter.rows.patient_id))


def _promised(heads: _Heads, calibration: LabelledRows, encoder: Encoder, config: TrainingConfig) -> _Promised:
    """Certificates and state sets from patients who were in no fit."""
    inputs = tier_inputs(calibration.columns, encoder)
    answered = {tier: answers(heads.state, heads.rare, calibration, inputs, tier) for tier in InputTier}
    certificates = {tier: certify(scored, inputs.reaches[tier], tier, config) for tier, scored in answered.items()}
    return _Promised(
        certificates,
        sets_of_states(answered, inputs, coverage=config.state_coverage),
        _certificate_plots(answered, inputs, certificates, config),
        patients_sha256(calibration.patient_id),
    )


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


def _temporal_plots(
    tested: Mapping[InputTier, Scored],
    inputs: TierInputs,
    certificates: Mapping[InputTier, Certificate | Refusal],
    config: TrainingConfig,
) -> dict[str, bytes]:
    reached = np.flatnonzero(inputs.reaches[InputTier.FINDINGS])
    if not len(reached):
        return {}
    promise = certificates[InputTier.FINDINGS]
    return model_plots(
        tested[InputTier.FINDINGS].take(reached),
        what="temporal test",
        basis=config.basis,
        threshold=promise.threshold if isinstance(promise, Certificate) else None,
    )


def _certificate_plots(
    calibrated: Mapping[InputTier, Scored],
    inputs: TierInputs,
    certificates: Mapping[InputTier, Certificate | Refusal],
    config: TrainingConfig,
) -> dict[str, bytes]:
    plots: dict[str, bytes] = {}
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
