"""A made-up run as its report needs it: every kind of figure, each with an n of its own."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import count

import numpy as np
from PIL import Image

from raretriage.bucket import DataVersion, HelpfulFinding, KnowledgeRef, Manifest, Metric, StateSets
from raretriage.domain import Basis, Certificate, InputTier, Price, Refusal, State
from raretriage.features import CATEGORICAL, NUMERIC, FeatureContract
from raretriage.release import Report, build_report
from raretriage.training import CandidateRow, SplitCounts
from raretriage.training.dataset import RowCounts
from tests.manifests import training_record

HOSTILE = "site=<script>alert('x')</script>|![a](b)"
NOTHING = float("nan")


@dataclass(frozen=True)
class Line:
    """A check of a gate."""

    name: str
    level: str
    passed: bool
    value: str = "0.9"
    limit: str = "≥ 0.85"
    reason: str = "as wanted"


GATE = (Line("ROC-AUC rare", "dev", passed=True), Line("specificity", "prod", passed=False))


def metrics() -> tuple[Metric, ...]:
    """Each has another n, by which it is found again."""
    n = count(1_001)

    def one(
        name: str, split: str = "temporal", tier: InputTier = InputTier.FINDINGS, group: str = "everybody"
    ) -> Metric:
        number = next(n)
        value = (number % 700) / 1_000
        return Metric(
            name=name, split=split, tier=tier, group=group, value=value, low=value - 0.1, high=value + 0.2, n=number
        )

    states = [state.value for state in State]
    return (
        *(one(name, tier=tier) for tier in InputTier for name in ("roc_auc_rare", "f1_state_macro_minus_rules")),
        *(one(f"{prefix}_{state}") for prefix in ("recall_state", "f1_state", "unsure_rate") for state in states),
        *(one(name) for name in ("sensitivity_rare", "alerts_per_1000_at_0.1pct", "number_needed_to_evaluate")),
        one("a_figure_of_tomorrow"),
        *(one("roc_auc_rare", split) for split in ("k-fold", "left-out diseases", "left-out site")),
        *(one(name, "bridge") for name in ("roc_auc_rare", "missed_rare_of_training")),
        *(
            one(name, group=group)
            for group in ("age_band=child", "sex=female", HOSTILE)
            for name in ("sensitivity_rare", "specificity_rare", "roc_auc_rare", "unsure_rate")
        ),
    )


def manifest(*, basis: Basis = Basis.SIMULATED, figures: tuple[Metric, ...] | None = None) -> Manifest:
    refusal = Refusal(tier=InputTier.BASIC, basis=basis, reason="too_costly: 81 % would be flagged", positives=100)
    certificate = Certificate(
        tier=InputTier.FINDINGS,
        basis=basis,
        target=0.95,
        confidence=0.95,
        threshold=0.1,
        positives=100,
        misses=1,
        sensitivity_lower_bound=0.953,
        negatives=900,
        specificity=0.8,
        prices=(Price(prevalence=0.01, alerts_per_1000=207.5, number_needed_to_evaluate=21, net_benefit=0.0077),),
    )
    return Manifest(
        version="1.0",
        created=datetime(2026, 1, 1, 12, tzinfo=UTC),
        git_commit="0" * 40,
        estimators={"state": "xgboost", "rare": "xgboost"},
        data=DataVersion(
            lake_version=3, encounters=10, patients=9, simulated=basis is Basis.SIMULATED, periods=("2023Q4", "2024Q1")
        ),
        training=training_record(),
        knowledge=KnowledgeRef(version="k1", sha256="0" * 64),
        features=FeatureContract(
            numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=(), knowledge_version="k1"
        ),
        certificates={InputTier.FINDINGS: certificate, InputTier.BASIC: refusal},
        state_sets=StateSets(coverage=0.9, bounds={tier: dict.fromkeys(State, 0.1) for tier in InputTier}),
        training_range={"age_years": (0, 90)},
        helpful_findings={
            "everybody": (
                HelpfulFinding(hpo_id="HP:0001324", bits=0.0123, observed=0.03, observed_of_rare=0.085, n=43_210),
            ),
            "child": (),
        },
        untrained_groups=("neonate",),
        metrics=metrics() if figures is None else figures,
        files={},
    )


COUNTS = SplitCounts(
    rows=RowCounts(read=40, unlabelled=1, undated=2, used=37),
    encounters={"fit": 10, "calibration": 11, "temporal test": 12},
    patients={"fit": 9, "calibration": 8, "temporal test": 7},
    older_rows_left_out=4,
    test_periods=("2024Q2",),
    conflicts={"rare, though labelled healthy": 5},
)
RULES = CandidateRow("rules", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, 0.4, NOTHING, NOTHING, 0)


@cache
def png(width: int = 40) -> bytes:
    made = io.BytesIO()
    Image.fromarray(np.zeros((30, width), dtype=np.uint8)).save(made, format="png")
    return made.getvalue()


def plots() -> dict[str, bytes]:
    return {"roc_rare.png": png(), "decision_curve_rare.png": png(90), "of_tomorrow.png": png()}


def report(of: Manifest | None = None, **changes: object) -> Report:
    fields: dict[str, object] = {
        "candidates": (RULES,),
        "plots": plots(),
        "gate": GATE,
        "rarity_rule": "a rule",
        "parity_rows": 77,
        "finding_names": {"HP:0001324": "Muscle weakness"},
    }
    return build_report(of or manifest(), COUNTS, **(fields | changes))
