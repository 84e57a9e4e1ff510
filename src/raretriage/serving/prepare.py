"""What is scored and logged of a request: its fields checked together, findings by their current ids, de-identified."""

import re
from collections.abc import Sequence

from raretriage.domain import Phenotype, Presentation
from raretriage.knowledge import Knowledge, UnknownTerm
from raretriage.privacy import Scrubber, deidentify_presentation
from raretriage.serving.errors import FieldFault, InvalidInput
from raretriage.serving.wire import PredictRequest

_HINT = re.compile(r"did you mean (.+)\?$")


def prepare(
    request: PredictRequest,
    knowledge: Knowledge | None,
    *,
    scrubber: Scrubber | None = None,
    faults: Sequence[FieldFault] = (),
) -> Presentation:
    """What is scored and logged: checked, with current HPO ids, de-identified.

    Args:
        knowledge: by which findings are resolved; without it their ids are taken as they are.
        scrubber: for the complaint; None drops it.
        faults: what the caller found wrong already, to be reported together.

    Raises:
        InvalidInput: fields that contradict each other or an unknown finding.
    """
    findings, unknown = resolve_findings(request.phenotypes, knowledge)
    found = [*contradictions(request), *faults, *unknown]
    if found:
        raise InvalidInput(found)
    return deidentify_presentation(request.presentation(findings), scrubber)


def contradictions(request: PredictRequest) -> list[FieldFault]:
    """Fields that are each in range and cannot both be true."""
    faults: list[FieldFault] = []
    systolic, diastolic = request.systolic_bp, request.diastolic_bp
    if systolic is not None and diastolic is not None and systolic <= diastolic:
        faults.append(
            FieldFault("systolic_bp", "is not above diastolic_bp", "more than diastolic_bp", "check both values")
        )
    return faults


def resolve_findings(
    phenotypes: tuple[Phenotype, ...], knowledge: Knowledge | None
) -> tuple[tuple[Phenotype, ...], list[FieldFault]]:
    """The findings with current ids, and what is wrong with them. Without knowledge, ids are taken as they are."""
    faults: list[FieldFault] = []
    resolved: list[Phenotype] = []
    first_with: dict[str, int] = {}
    for i, phenotype in enumerate(phenotypes):
        current = phenotype.hpo_id if knowledge is None else _current_id(knowledge, phenotype.hpo_id, i, faults)
        if current is None:
            continue
        other = first_with.setdefault(current, i)
        if phenotypes[other].status is not phenotype.status:
            faults.append(
                FieldFault(
                    f"phenotypes[{i}].status",
                    f"contradicts phenotypes[{other}]: one finding cannot be both observed and excluded",
                    "observed, excluded",
                    "keep one of the two",
                )
            )
        is_current = current == phenotype.hpo_id
        resolved.append(phenotype if is_current else phenotype.model_copy(update={"hpo_id": current}))
    return tuple(resolved), faults


def _current_id(knowledge: Knowledge, hpo_id: str, i: int, faults: list[FieldFault]) -> str | None:
    if (current := knowledge.find_finding(hpo_id)) is not None:
        return current
    fix = "search the term at https://hpo.jax.org and send its current id"
    try:
        knowledge.resolve(hpo_id)
        problem = "names no clinical finding (a mode of inheritance, an onset or a root term)"
    except UnknownTerm as error:
        problem = f"is not in the ontology this model knows ({knowledge.version})"
        hint = _HINT.search(str(error))
        fix = f"did you mean {hint[1]}?" if hint else fix
    faults.append(FieldFault(f"phenotypes[{i}].hpo_id", problem, "the id of a phenotypic abnormality of HPO", fix))
    return None
