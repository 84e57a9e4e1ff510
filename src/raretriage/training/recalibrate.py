"""New promises for a fitted model on other patients: certificates and state sets. Nothing is fitted.

A promise holds for patients whom the model was not fitted on. Which those were is known where the encounters that it
was trained from can be read: the split is drawn again and recognised by its hash. Elsewhere somebody must state it,
even of a model of made-up patients: a lake from which one of them was erased by order is not recognised any more, and
the others would pass for real ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from raretriage.bucket import RECALIBRATION, GroupPromise, Metric, StateSets, TrainingRecord
from raretriage.domain import Basis, Certificate, InputTier, Refusal
from raretriage.features import Encoder, FeatureContract, Ontology, mask_to_tier
from raretriage.training.calibration import certify, one_row_a_patient, sets_of_states
from raretriage.training.config import TrainingConfig
from raretriage.training.dataset import labelled_rows
from raretriage.training.errors import LeakedPatient, MayOverlap, NotEnoughData
from raretriage.training.evaluation import Scored
from raretriage.training.inputs import TierInputs, tier_inputs
from raretriage.training.plots import certificate_plot
from raretriage.training.remeasure import ScoreRows, measure_held_out
from raretriage.training.splits import is_split_of, patients_sha256, split_of_run


@dataclass(frozen=True, slots=True)
class Recalibration:
    """What is promised from now on, and on whom it rests."""

    certificates: Mapping[InputTier, Certificate | Refusal]
    state_sets: StateSets
    encounters: int
    patients: int
    left_out: int
    """Patients of the table who were not to be used."""
    calibration_patients_sha256: str
    metrics: tuple[Metric, ...]
    """Of the same patients, whom the model never saw: split `RECALIBRATION`."""
    groups: tuple[GroupPromise, ...]
    plots: Mapping[str, bytes]
    """PNG by file name, one a tier."""


def fitted_patients(
    trained_from: pa.Table | None,
    record: TrainingRecord,
    *,
    fitted_on_simulated: bool,
    basis: Basis,
    are_others: bool = False,
) -> frozenset[str]:
    """The patients who must not stand for a promise on this basis.

    Args:
        trained_from: what the lake holds under the version that the run was trained from; None where it has none.
        record: of the run.
        fitted_on_simulated: the run's own patients are made up.
        basis: whose patients the new promise is to be about.
        are_others: somebody who knows says that nobody to calibrate on was fitted on.

    Raises:
        MayOverlap: `trained_from` is not what the run was trained from, and nobody says that the patients are others.
    """
    fit = _fit_part(trained_from, record)
    if trained_from is not None and fit is not None:
        if fitted_on_simulated and basis is Basis.LOCAL:
            # Not even those of its calibration and test: a local promise is about real patients.
            return frozenset(trained_from["patient_id"].to_pylist())
        return fit
    if are_others:
        return frozenset()
    raise MayOverlap(
        "this lake does not hold the encounters that the run was fitted on, so its patients may be among those here: "
        "use the lake of the training, or state with --other-patients that none of them was fitted on"
    )


def recalibrate(
    encounters: pa.Table,
    *,
    left_out: frozenset[str],
    contract: FeatureContract,
    ontology: Ontology,
    score: ScoreRows,
    record: TrainingRecord,
    state_coverage: float,
    basis: Basis,
) -> Recalibration:
    """Certify at every tier anew. A tier that cannot be certified gets a refusal with its reason.

    Args:
        encounters: schema `raretriage.privacy.schemas.ENCOUNTERS`.
        left_out: patients not to be used: `fitted_patients`.
        score: the run's graph.
        record: of the run: target and confidence, and by which hash its fitted patients are recognised.
        state_coverage: of each state's patients.
        basis: whose patients these are.

    Raises:
        NotEnoughData: nobody is left, or a state or a rarity has no labelled patient.
        LeakedPatient: the patients that are left are the very ones that the run was fitted on.
    """
    is_out = pc.is_in(encounters["patient_id"], value_set=pa.array(sorted(left_out), pa.string()))
    others = encounters.filter(pc.invert(is_out))
    if not others.num_rows:
        raise NotEnoughData(
            f"all {encounters.num_rows} encounters are of patients that the run was made with: ingest others; where "
            "all are simulated, ask for --basis simulated"
        )
    rows, _ = labelled_rows(others)
    if patients_sha256(rows.patient_id) == record.fit_patients_sha256:
        raise LeakedPatient("these are the very patients that the run was fitted on")
    encoder = Encoder(contract, ontology)
    inputs = tier_inputs(rows.columns, encoder)
    answered = {}
    for tier in InputTier:
        state, rare = score(encoder.encode(mask_to_tier(rows.columns, tier)))
        answered[tier] = Scored(
            state_probabilities=state,
            rare_probability=rare,
            state=rows.state,
            is_rare=rows.is_rare,
            cluster=rows.patient_id,
        )
    # Of the configuration only target, confidence and basis are read.
    config = TrainingConfig.of(record, basis=basis, lake_version=0, git_commit="")
    certificates = {tier: certify(scored, inputs.reaches[tier], tier, config) for tier, scored in answered.items()}
    state_sets = sets_of_states(answered, inputs, coverage=state_coverage)
    measured = measure_held_out(
        answered,
        rows,
        certificates=certificates,
        state_sets=state_sets,
        draws=record.draws,
        rng=np.random.default_rng(record.seed),
        split=RECALIBRATION,
    )
    return Recalibration(
        certificates=certificates,
        state_sets=state_sets,
        metrics=measured.metrics,
        groups=measured.groups,
        encounters=len(rows.state),
        patients=len(np.unique(rows.patient_id)),
        left_out=len(left_out & set(encounters["patient_id"].to_pylist())),
        calibration_patients_sha256=patients_sha256(rows.patient_id),
        plots={
            f"certificate_{tier.value}.png": _plot(scored, inputs, tier, certificates[tier], config)
            for tier, scored in answered.items()
        },
    )


def _fit_part(trained_from: pa.Table | None, record: TrainingRecord) -> frozenset[str] | None:
    """The patients that the run was fitted on; None where this is not what it was trained from."""
    if trained_from is None:
        return None
    try:
        rows, _ = labelled_rows(trained_from)
        split = split_of_run(rows, record)
    except NotEnoughData:
        return None
    return frozenset(rows.patient_id[split.fit]) if is_split_of(rows, split, record) else None


def _plot(
    scored: Scored, inputs: TierInputs, tier: InputTier, certificate: Certificate | Refusal, config: TrainingConfig
) -> bytes:
    one_each = scored.take(one_row_a_patient(scored, inputs.reaches[tier]))
    return certificate_plot(
        one_each.rare_probability,
        one_each.is_rare,
        certificate,
        target=config.target,
        confidence=config.confidence,
    )
