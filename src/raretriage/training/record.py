"""What a run leaves in the tracker: one parent, and a child a candidate, side by side."""

import csv
import io
import math
from dataclasses import asdict
from typing import TYPE_CHECKING

from raretriage.bucket import EVERYBODY
from raretriage.domain import Certificate
from raretriage.training.candidates import HEADS, EstimatorKind, parameters_of
from raretriage.training.comparison import Comparison
from raretriage.training.config import TrainingConfig
from raretriage.training.plots import candidate_plots
from raretriage.training.selection import CandidateRow
from raretriage.training.tracking import RunRecord

if TYPE_CHECKING:
    from raretriage.training.model import TrainedModel


def run_record(model: "TrainedModel", comparison: Comparison, config: TrainingConfig) -> RunRecord:
    """Parameters, metrics, figures and tables of a run. Aggregates only: no encounter goes into the tracker."""
    tags = {
        "git_commit": config.git_commit,
        "lake_version": str(config.lake_version),
        "basis": config.basis.value,
        "knowledge_version": model.contract.knowledge_version,
    }
    return RunRecord(
        name=f"{model.estimators['state']} and {model.estimators['rare']}",
        params={name: str(value) for name, value in asdict(config).items()}
        | {f"estimator_{head}": kind for head, kind in model.estimators.items()}
        | {f"rare_line_{name}": str(value) for name, value in asdict(model.rare.line).items()}
        | {"vocabulary_size": str(len(model.contract.vocabulary))}
        | {f"{part} patients": str(count) for part, count in model.counts.patients.items()},
        metrics=_metrics(model),
        tags={**tags, "role": "model"},
        files={
            **model.plots,
            "candidates.csv": candidates_csv(model.candidates),
            "metrics.csv": _csv([metric.model_dump(mode="json") for metric in model.metrics]),
        },
        children=tuple(
            _child(EstimatorKind(row.name), row, comparison, config, {**tags, "role": "candidate"})
            for row in comparison.table
        ),
    )


def candidates_csv(rows: tuple[CandidateRow, ...]) -> bytes:
    """The table of candidates; an empty cell where a candidate does not answer."""
    return _csv([asdict(row) for row in rows])


def _child(
    kind: EstimatorKind, row: CandidateRow, comparison: Comparison, config: TrainingConfig, tags: dict[str, str]
) -> RunRecord:
    chosen_for = [head for head, chosen in comparison.chosen.items() if chosen.name == kind.value]
    return RunRecord(
        name=kind.value,
        params={f"{head}/{name}": str(value) for head in HEADS for name, value in parameters_of(kind, head).items()}
        | {"seed": str(config.seed)},
        metrics={f"k-fold/{key}": value for key, value in asdict(row).items() if isinstance(value, float)},
        tags={**tags, "chosen_for": ",".join(chosen_for) or "nothing"},
        files=candidate_plots(comparison.out_of_fold[kind.value], what=f"{kind.value}, k-fold", basis=config.basis),
    )


def _metrics(model: "TrainedModel") -> dict[str, float]:
    made: dict[str, float] = {}
    for metric in model.metrics:
        name = "/".join(filter(None, (metric.split, metric.tier.value, metric.name, _in_mlflow(metric.group))))
        made |= {name: metric.value, f"{name}/low": metric.low, f"{name}/high": metric.high, f"{name}/n": metric.n}
    for tier, certificate in model.certificates.items():
        if isinstance(certificate, Certificate):
            made |= {
                f"certificate/{tier.value}/threshold": certificate.threshold,
                f"certificate/{tier.value}/sensitivity_lower_bound": certificate.sensitivity_lower_bound,
                f"certificate/{tier.value}/specificity": certificate.specificity,
                f"certificate/{tier.value}/positives": certificate.positives,
            }
    return made


def _in_mlflow(group: str) -> str:
    """A group as a part of a metric's name, where MLflow takes no equals sign; nothing for everybody."""
    return "" if group == EVERYBODY else group.replace("=", " ")


def _csv(rows: list[dict[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({k: "" if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()})
    return text.getvalue().encode()
