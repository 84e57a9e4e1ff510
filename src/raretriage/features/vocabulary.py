"""Which findings the classifier may see: those that people without a rare disease have too."""

from collections import defaultdict

import numpy as np
import numpy.typing as npt

from raretriage.features.columns import Columns

MIN_PATIENTS = 20


def fit_vocabulary(
    columns: Columns,
    *,
    patient_id: npt.NDArray[np.object_],
    is_rare: npt.NDArray[np.bool_],
    min_patients: int = MIN_PATIENTS,
) -> tuple[str, ...]:
    """Terms coded as observed in at least `min_patients` different patients who are not rare.

    A term that rare diseases alone use would tell the model where a patient's record came from. It is not lost: by
    `is_a` it counts as the more general term that is in the vocabulary.

    Args:
        columns: training encounters only.
        patient_id, is_rare: shape (n,), aligned with `columns`.

    Returns:
        HPO ids, sorted.
    """
    patients: defaultdict[str, set[str]] = defaultdict(set)
    findings = columns.findings
    for i in np.flatnonzero(findings.observed):
        row = findings.row[i]
        if not is_rare[row]:
            patients[findings.hpo_id[i]].add(patient_id[row])
    return tuple(sorted(term for term, who in patients.items() if len(who) >= min_patients))
