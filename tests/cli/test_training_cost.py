"""`raretriage training-cost` on a small lake, and the tables that it trains on."""

import json
import os
from collections import Counter

import pytest

from raretriage.cli.exits import Exit
from raretriage.cli.main import run as raretriage
from raretriage.knowledge import dump
from raretriage.lake import Lake
from raretriage.training.benchmark import repeated, some_of
from tests.study.conftest import knowledge
from tests.training.conftest import made_up_encounters

__all__ = ["knowledge"]


@pytest.fixture(scope="module")
def encounters():
    return made_up_encounters(400, visits=0.4, rare_share=0.15)


@pytest.mark.parametrize("times", [0.5, 1, 2.5])
def test_a_repeated_table_has_the_size_asked_for_and_every_copy_its_own_patients(encounters, times):
    wanted = round(times * encounters.num_rows)
    made = repeated(encounters, wanted=wanted)
    assert (made.num_rows, made.schema) == (wanted, encounters.schema)
    assert len(set(made["encounter_id"].to_pylist())) == wanted
    copies = [made.slice(start, encounters.num_rows) for start in range(0, wanted, encounters.num_rows)]
    patients = [Counter(copy["patient_id"].to_pylist()) for copy in copies]
    assert sum(len(names) for names in patients) == len(set().union(*patients)), "no patient is in two copies"
    for names in patients[: wanted // encounters.num_rows]:
        assert sorted(names.values()) == sorted(Counter(encounters["patient_id"].to_pylist()).values())


def test_some_patients_come_with_all_their_encounters_and_more_than_there_are_is_said(encounters):
    part = some_of(encounters, patients=50)
    names = set(part["patient_id"].to_pylist())
    assert len(names) == 50
    everybody = Counter(encounters["patient_id"].to_pylist())
    assert Counter(part["patient_id"].to_pylist()) == {name: everybody[name] for name in names}


def test_the_command_says_time_and_memory_of_both_and_leaves_nothing(tmp_path, monkeypatch, encounters, knowledge):
    monkeypatch.chdir(tmp_path)
    for name in ("LAKE_URL", "MODEL_ENV", "MODEL_URI", "KNOWLEDGE_FILE"):
        monkeypatch.delenv(name, raising=False)
    Lake(str(tmp_path / "var/lake")).land(encounters.to_reader())
    (tmp_path / "var/knowledge").mkdir()
    (tmp_path / "var/knowledge/knowledge.json.gz").write_bytes(dump(knowledge))
    assert raretriage(["training-cost", "--patients", "500", "--encounters", "0"]) == Exit.BAD_INPUT
    assert raretriage(["training-cost", "--patients", "350", "--encounters", "900", "--json", "cost.json"]) == Exit.DONE
    costs = json.loads((tmp_path / "cost.json").read_text())
    assert list(costs) == ["350 patients", "900 encounters"]
    assert (costs["350 patients"]["patients"], costs["900 encounters"]["encounters"]) == (350, 900)
    for cost in costs.values():
        assert cost["seconds"] > 0 < cost["processor_seconds"]
        assert os.name != "posix" or cost["peak_bytes"] is None or cost["peak_bytes"] > 2**27
    assert {path.name for path in (tmp_path / "var").iterdir()} <= {"lake", "knowledge", "audit.jsonl"}
