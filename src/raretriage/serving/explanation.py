"""Why the rare head answered as it did, in the lines that a clinician knows: one for each thing given or asked about.

Contributions of the model's inputs are Shapley values, so those that stand for one thing can be added up: the sum stays
exact.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from raretriage.domain import VITALS, FindingStatus, Pregnancy, Presentation
from raretriage.features import FeatureContract, ModelInput
from raretriage.knowledge import Knowledge
from raretriage.knowledge.lexicon import spanish_labels
from raretriage.serving.shapley import FloatArray, MarginParts
from raretriage.serving.wire import Bilingual, Contribution, Explanation, FindingSeen

SMALLEST_WEIGHT = 0.01
"""In log-odds, so 1 % of the odds: findings that nobody mentioned and that weigh less are added up. Estimate."""

LINES: Mapping[str, tuple[str, ...]] = {
    "age": ("age_years", "age_band", "age_years_missing"),
    "fever": ("fever", "fever_missing"),
    "pain": ("pain", "pain_band", "pain_missing"),
    "days": ("days", "log_days", "days_missing"),
    "comorbidity": ("comorbidity", "comorbidity_missing"),
    **{vital: (vital, f"{vital}_for_age", f"{vital}_missing") for vital in VITALS},
    "fever_x_days": ("fever_x_days",),
    "age_adjusted_comorbidity": ("age_adjusted_comorbidity",),
    "pulse_pressure": ("pulse_pressure",),
    "systems_involved": ("systems_involved",),
    "sex": ("sex",),
    "pregnant": ("pregnant",),
    "visit_type": ("visit_type",),
}
"""Line -> the model's numeric and categorical inputs that stand for it. A line has its field's name on the wire, or,
where it is made from several fields, that of the input."""

CATEGORIES = frozenset({"sex", "pregnant", "visit_type"})
_FIELD_OF = {"age": "age_years"}
_STATUS_OF = {1.0: FindingSeen.OBSERVED, -1.0: FindingSeen.EXCLUDED, 0.0: FindingSeen.NOT_MENTIONED}


def explanation_of(
    parts: MarginParts, row: ModelInput, presentation: Presentation, contract: FeatureContract, knowledge: Knowledge
) -> Explanation:
    """The parts of one patient's margin as lines, the heaviest first.

    Args:
        row: what the graph was given, one row.
        presentation: what the row was made from, its findings with current ids.
    """
    first_finding = len(contract.numeric) + len(contract.categorical)
    weights = parts.inputs[first_finding:]
    is_shown = (row.phenotypes[0] != 0) | (abs(weights) >= SMALLEST_WEIGHT)
    lines = [
        *_findings(np.flatnonzero(is_shown), weights, row, presentation, contract, knowledge),
        *_given(parts.inputs[:first_finding], row, presentation, contract),
    ]
    return Explanation(
        base=parts.base,
        margin=parts.margin,
        contributions=tuple(sorted(lines, key=lambda line: (-abs(line.weight), line.name))),
        remainder=float(weights[~is_shown].sum()),
    )


def _findings(
    positions: npt.NDArray[np.intp],
    weights: FloatArray,
    row: ModelInput,
    presentation: Presentation,
    contract: FeatureContract,
    knowledge: Knowledge,
) -> Iterator[Contribution]:
    given = {(finding.hpo_id, finding.status) for finding in presentation.phenotypes}
    spanish = spanish_labels()
    for i in positions.tolist():
        term, status = contract.vocabulary[i], _STATUS_OF[float(row.phenotypes[0, i])]
        english = knowledge.label(term)
        yield Contribution(
            name=term,
            kind="finding",
            label=Bilingual(es=spanish.get(term, english), en=english),
            status=status,
            implied=status is not FindingSeen.NOT_MENTIONED and (term, FindingStatus(status)) not in given,
            value=None,
            weight=float(weights[i]),
        )


def _given(
    weights: FloatArray,
    row: ModelInput,
    presentation: Presentation,
    contract: FeatureContract,
) -> Iterator[Contribution]:
    weight_of = dict(zip((*contract.numeric, *contract.categorical), weights.tolist(), strict=True))
    encoded = dict(zip(contract.numeric, row.numeric[0].tolist(), strict=True))
    for name, inputs in LINES.items():
        yield Contribution(
            name=name,
            kind="category" if name in CATEGORIES else "number",
            label=None,
            status=None,
            implied=False,
            value=_value(name, presentation, encoded),
            weight=sum(weight_of[one] for one in inputs),
        )


def _value(name: str, presentation: Presentation, encoded: Mapping[str, float]) -> float | str | None:
    """As it was given; what is made from several fields, as the model got it."""
    field = _FIELD_OF.get(name, name)
    if field in type(presentation).model_fields:
        value = getattr(presentation, field)
        return None if value is None or value is Pregnancy.UNKNOWN else value
    return None if np.isnan(encoded[name]) else encoded[name]
