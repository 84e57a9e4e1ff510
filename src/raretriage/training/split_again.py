"""The split of an earlier run, drawn again from what its manifest keeps."""

import numpy as np

from raretriage.bucket import TrainingRecord
from raretriage.training.dataset import LabelledRows
from raretriage.training.splits import Split, patients_sha256, split_by_patient


def split_again(rows: LabelledRows, record: TrainingRecord) -> Split:
    """The parts that a run with this record had, if these are the encounters that it was trained from.

    Whether they are is for `is_split_of` to say.

    Raises:
        NotEnoughData: all encounters are of one quarter, or no older patient is left.
    """
    split_seed, *_ = np.random.SeedSequence(record.seed).spawn(3)
    return split_by_patient(
        rows,
        test_share=record.test_share,
        calibration_share=record.calibration_share,
        rng=np.random.default_rng(split_seed),
    )


def is_split_of(rows: LabelledRows, split: Split, record: TrainingRecord) -> bool:
    """True when the run was fitted on exactly the patients of this split's fit part."""
    return patients_sha256(rows.patient_id[split.fit]) == record.fit_patients_sha256
