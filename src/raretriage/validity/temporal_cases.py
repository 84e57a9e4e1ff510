"""The temporal test of the lake as cases, so that simulated and real people are asked the very same way."""

import numpy as np
import pyarrow as pa

from raretriage.bucket import TrainingRecord
from raretriage.domain import FindingStatus, Phenotype, Presentation, State
from raretriage.features import Columns
from raretriage.training.dataset import labelled_rows
from raretriage.training.splits import split_of_run
from raretriage.validity.cases import Case, CaseSet, Group, Source

_ORDER_SEED = 20_261_125


def read_temporal(encounters: pa.Table, record: TrainingRecord) -> CaseSet:
    """The newest quarters, which the run was neither fitted nor calibrated on.

    A patient's findings come in a random order: the lake keeps them sorted by id, which is no order of telling.

    Args:
        encounters: the lake version that the run was trained from.
        record: of the run.

    Raises:
        NotEnoughData: no test can be drawn from these encounters.
    """
    rows, counts = labelled_rows(encounters)
    split = split_of_run(rows, record)
    test = rows.take(split.test)
    presentations = presentations_of(test.columns, np.random.default_rng(_ORDER_SEED))
    states = list(State)
    cases = tuple(
        Case(
            cluster=test.disease[row] or test.patient_id[row],
            group=Group.RARE if test.is_rare[row] else Group.NOT_RARE,
            presentation=presentation,
            state=states[test.state[row]],
        )
        for row, presentation in enumerate(presentations)
    )
    unused = {
        "state or rarity not known": counts.unlabelled,
        "no quarter": counts.undated,
        "fitted on": len(split.fit),
        "calibrated on": len(split.calibration),
        "older visit of a patient of the test": split.older_rows_left_out,
    }
    return CaseSet(source=Source.TEMPORAL, cases=cases, read=counts.read, unused=unused)


def presentations_of(columns: Columns, rng: np.random.Generator) -> list[Presentation]:
    """The encounters as the service would be sent them, each patient's findings in a random order."""
    findings: list[list[Phenotype]] = [[] for _ in range(columns.count)]
    told = columns.findings
    for i in rng.permutation(len(told.row)):
        status = FindingStatus.OBSERVED if told.observed[i] else FindingStatus.EXCLUDED
        findings[told.row[i]].append(Phenotype(hpo_id=told.hpo_id[i], status=status))
    return [
        Presentation.model_validate(
            {
                **{name: _known(values[row]) for name, values in columns.numbers.items()},
                **{name: values[row] for name, values in columns.categories.items() if values[row]},
                "phenotypes": tuple(findings[row]),
            }
        )
        for row in range(columns.count)
    ]


def _known(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)
