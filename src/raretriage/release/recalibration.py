"""A run with new promises: the same graph under a new version, ready to be published."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from raretriage.bucket import KNOWLEDGE_FILE, MODEL_FILE, RECALIBRATION, DataCheck, Manifest
from raretriage.domain import Basis, Certificate, InputTier, Refusal
from raretriage.release.errors import IncompleteRun
from raretriage.release.run import Run, stored, write_run

if TYPE_CHECKING:
    from raretriage.training.recalibrate import Recalibration

CARD = "model_card.md"

# Figures that do not change with a threshold or with the state sets. Whatever else was measured was measured on the
# old ones, and is not this version's.
_KEPT_NAMES = frozenset({"accuracy_state", "accuracy_state_of_training"})
_KEPT_STARTS = ("roc_auc", "pr_auc", "brier", "prevalence", "f1_state", "recall_state_", "calibration_")


def write_recalibrated(
    run: Run, folder: Path, made: "Recalibration", *, basis: Basis, lake_version: int, are_others: bool, now: datetime
) -> Run:
    """Write the new run's folder.

    Args:
        run: whose graph is promised for.
        folder: must not exist.
        made: the new promises.
        basis: whose patients they rest on.
        lake_version: where those patients are.
        are_others: somebody stated that none of them was fitted on; the card says so.

    Raises:
        IncompleteRun: the folder exists, or is that of the run itself.
    """
    if folder.exists():
        raise IncompleteRun(f"{folder} is there already: a version is never overwritten; give --out another folder")
    from raretriage.training.checks import FIT_CHECKS

    old = run.manifest
    onnx = run.read(MODEL_FILE)
    unfinished = old.model_copy(
        update={
            "version": f"{now:%Y%m%d-%H%M%S}-{hashlib.sha256(onnx).hexdigest()[:12]}",
            "created": now,
            "certificates": dict(made.certificates),
            "state_sets": made.state_sets,
            "training": old.training.model_copy(
                update={"calibration_patients_sha256": made.calibration_patients_sha256}
            ),
            "metrics": (*(m for m in old.metrics if is_kept(m.name) and m.split != RECALIBRATION), *made.metrics),
            "groups": made.groups,
            "checks": (*(check for check in old.checks if check.name in FIT_CHECKS), _apart(made, are_others)),
            "recalibrated_on": lake_version,
        }
    )
    files = {name: run.read(name) for name in old.files} | dict(made.plots)
    note = recalibration_note(old, unfinished, made, basis=basis, lake_version=lake_version, are_others=are_others)
    files[CARD] = note.encode() + files.get(CARD, b"")
    manifest = unfinished.model_copy(update={"files": {name: stored(data) for name, data in files.items()}})
    return write_run(folder, manifest, files, run.read(KNOWLEDGE_FILE), run.differential())


def _apart(made: "Recalibration", are_others: bool) -> DataCheck:
    return DataCheck(
        name="calibrated on patients of no fit",
        passed=True,
        found=f"{made.patients} patients" + (", as --other-patients states" if are_others else ", by their split"),
        limit="patients of no fit",
    )


def is_kept(metric: str) -> bool:
    """Whether a figure is the same whatever the thresholds.

    >>> is_kept("roc_auc_rare"), is_kept("specificity_rare"), is_kept("accuracy_state_when_sure")
    (True, False, False)
    """
    return metric in _KEPT_NAMES or metric.startswith(_KEPT_STARTS)


def recalibration_note(
    old: Manifest, new: Manifest, made: "Recalibration", *, basis: Basis, lake_version: int, are_others: bool
) -> str:
    """What the card says before the old card follows. Markdown."""
    who = "SIMULATED (made-up) patients" if basis is Basis.SIMULATED else "local patients"
    fitted = "SIMULATED (made-up) patients" if old.data.simulated else "local patients"
    rows = [
        f"| {tier} | {promise_text(old.certificates[tier])} | {promise_text(new.certificates[tier])} |"
        for tier in InputTier
    ]
    dropped = sorted({metric.name for metric in old.metrics if not is_kept(metric.name)})
    parts = [
        f"# {new.name} {new.version}",
        "",
        f"**Recalibrated on {who}: the graph of {old.version}, fitted on {fitted}, with new promises.** Triage and "
        "prioritisation, not diagnosis; a clinician decides.",
        "",
        f"- calibrated {new.created:%Y-%m-%d %H:%M} UTC on {made.encounters} labelled encounters of {made.patients} "
        f"patients, lake version {lake_version}; a patient counts once",
        f"- {made.left_out} patients of that version were left out because the run was made with them",
        *(["- that none of the others was fitted on was stated by whoever gave the command"] if are_others else []),
        "- nothing was fitted, and nothing else was measured. Where the patients here were the temporal test of the "
        "run, that test is no independent check of these promises any more",
        "",
        "| tier | until now | from now on |",
        "|---|---|---|",
        *rows,
        "",
        f"The state sets are new too ({new.state_sets.coverage:.0%} of each state's patients). Figures that hang on "
        f"thresholds or sets are no longer stated: {', '.join(dropped) or 'none were'}.",
        "",
        f"The card of {old.version} follows as it was; its certificates and those figures are superseded.",
        "",
        "---",
        "",
        "",
    ]
    return "\n".join(parts)


def promise_text(promise: Certificate | Refusal) -> str:
    """A certificate or a refusal in one cell."""
    if isinstance(promise, Refusal):
        return f"rare not assessed ({promise.basis}, {promise.positives} rare): {promise.reason}"
    return (
        f"at least {promise.target:.0%} flagged ({promise.basis}, {promise.confidence:.0%} confidence) from "
        f"{promise.threshold:.4f}; {promise.misses} of {promise.positives} missed; "
        f"specificity {promise.specificity:.3f}"
    )
