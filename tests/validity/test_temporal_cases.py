import numpy as np
import pytest

from raretriage.domain import State
from raretriage.features import Encoder, columns_of
from raretriage.features.arrow import columns_of_table
from raretriage.training.dataset import labelled_rows
from raretriage.training.splits import split_of_run
from raretriage.validity.cases import Group
from raretriage.validity.temporal_cases import presentations_of, read_temporal
from tests.manifests import training_record
from tests.training.conftest import ToyOntology, made_up_encounters
from tests.validity.test_case_facts import tiny_manifest


@pytest.fixture(scope="module")
def encounters():
    return made_up_encounters(300)


def test_the_test_quarters_are_used_and_every_other_row_has_its_reason(encounters):
    found = read_temporal(encounters, training_record())
    rows, _ = labelled_rows(encounters)
    split = split_of_run(rows, training_record())
    assert found.read == encounters.num_rows
    assert len(found.cases) == len(split.test)
    assert found.unused["fitted on"] == len(split.fit)
    assert found.unused["calibrated on"] == len(split.calibration)
    is_rare = [case.group is Group.RARE for case in found.cases]
    assert is_rare == rows.is_rare[split.test].tolist()
    assert [case.state for case in found.cases] == [list(State)[i] for i in rows.state[split.test]]


def test_the_graph_gets_of_a_case_what_it_gets_of_the_lakes_row(encounters):
    """Another order of findings and a detour by the service's types must not change a bit of the input."""
    columns = columns_of_table(encounters)
    contract = tiny_manifest(b"").features
    encoder = Encoder(contract.model_copy(update={"vocabulary": ("HP:0000707", "HP:0012735")}), ToyOntology())
    direct = encoder.encode(columns)
    detour = encoder.encode(columns_of(presentations_of(columns, np.random.default_rng(3))))
    assert direct.row_hashes() == detour.row_hashes()


def test_findings_come_in_another_order_than_that_of_their_ids_and_always_the_same(encounters):
    one, again = (read_temporal(encounters, training_record()) for _ in range(2))
    told = [[f.hpo_id for f in case.presentation.phenotypes] for case in one.cases]
    assert told == [[f.hpo_id for f in case.presentation.phenotypes] for case in again.cases]
    assert any(ids != sorted(ids) for ids in told)
