"""Why the rare head answered as it did, in the lines that a clinician knows: one for each thing given or asked about.

Contributions of the model's inputs are Shapley values, so those that stand for one thing can be added up: the sum stays
exact. What follows from a given finding by HPO's hierarchy counts with it; what follows from several, in equal parts.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from raretriage.domain import VITALS, FindingStatus, Phenotype, Pregnancy, Presentation
from raretriage.features import Encoder, FeatureContract, ModelInput
from raretriage.knowledge import Knowledge
from raretriage.serving.labels import finding_label
from raretriage.serving.shapley import FloatArray, MarginParts
from raretriage.serving.wire import Contribution, Explanation, FindingSeen

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


def explanation_of(
    parts: MarginParts, row: ModelInput, presentation: Presentation, encoder: Encoder, knowledge: Knowledge
) -> Explanation:
    """The parts of one patient's margin as lines, the heaviest first.

    Args:
        row: what the graph was given, one row.
        presentation: what `encoder` made the row from, its findings with current ids.
    """
    contract = encoder.contract
    first_finding = len(contract.numeric) + len(contract.categorical)
    weights, is_mentioned = parts.inputs[first_finding:], row.phenotypes[0] != 0
    is_small = ~is_mentioned & (abs(weights) < SMALLEST_WEIGHT)
    given = list({finding.hpo_id: finding for finding in presentation.phenotypes}.values())
    mentioned = zip(given, _weights_of_given(given, weights, row, encoder), strict=True)
    lines = [
        *(_finding(one.hpo_id, FindingSeen(one.status), weight, knowledge) for one, weight in mentioned),
        *(
            _finding(contract.vocabulary[i], FindingSeen.NOT_MENTIONED, float(weights[i]), knowledge)
            for i in np.flatnonzero(~is_mentioned & ~is_small).tolist()
        ),
        *_given(parts.inputs[:first_finding], row, presentation, contract),
    ]
    return Explanation(
        base=parts.base,
        margin=parts.margin,
        contributions=tuple(sorted(lines, key=lambda line: (-abs(line.weight), line.name))),
        remainder=float(weights[is_small].sum()),
    )


def _weights_of_given(
    given: Sequence[Phenotype], weights: FloatArray, row: ModelInput, encoder: Encoder
) -> list[float]:
    """What each given finding adds. A term of the vocabulary belongs to itself where it is given, else in equal parts
    to the given findings that settled it."""
    position = {term: i for i, term in enumerate(encoder.contract.vocabulary)}
    speaks_of, is_itself = np.zeros((2, len(given), len(weights)), dtype=np.bool_)
    for nth, finding in enumerate(given):
        is_observed = finding.status is FindingStatus.OBSERVED
        settled = encoder.settles(finding.hpo_id, observed=is_observed)
        speaks_of[nth, settled] = row.phenotypes[0, settled] == (1 if is_observed else -1)
        if finding.hpo_id in position:
            is_itself[nth, position[finding.hpo_id]] = True
    is_itself &= speaks_of  # an excluded finding whose kind is observed is no longer excluded
    owners = np.where(is_itself.any(axis=0), is_itself, speaks_of)
    shares: list[float] = (owners @ (weights / np.maximum(owners.sum(axis=0), 1))).tolist()
    return shares


def _finding(hpo_id: str, status: FindingSeen, weight: float, knowledge: Knowledge) -> Contribution:
    return Contribution(
        name=hpo_id,
        kind="finding",
        label=finding_label(hpo_id, knowledge),
        status=status,
        value=None,
        weight=weight,
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
