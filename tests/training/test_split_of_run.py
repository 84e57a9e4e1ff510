import numpy as np

from raretriage.training.dataset import labelled_rows
from raretriage.training.splits import is_split_of, split_of_run
from tests.manifests import training_record


def record_of(trained, config, **changes):
    return training_record(
        **{
            "seed": config.seed,
            "test_share": config.test_share,
            "calibration_share": config.calibration_share,
            "fit_patients_sha256": trained.fit_patients_sha256,
            **changes,
        }
    )


def test_a_runs_parts_are_drawn_again_from_its_record(trained, encounters, make_config):
    rows, _ = labelled_rows(encounters)
    record = record_of(trained, make_config())
    split = split_of_run(rows, record)
    assert is_split_of(rows, split, record)
    counted = {name: len(np.unique(rows.patient_id[part])) for name, part in (
        ("fit", split.fit), ("calibration", split.calibration), ("temporal test", split.test)
    )}  # fmt: skip
    assert counted == trained.counts.patients


def test_other_encounters_or_another_seed_are_told_apart(trained, encounters, make_encounters, make_config):
    rows, _ = labelled_rows(encounters)
    record = record_of(trained, make_config())
    other = record_of(trained, make_config(), seed=1)
    assert not is_split_of(rows, split_of_run(rows, other), other)
    fewer, _ = labelled_rows(make_encounters(1_200))
    assert not is_split_of(fewer, split_of_run(fewer, record), record)
