"""All tables from a made-up lake version, with short lists of variants; the whole lists are in tests/cli/test_study."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from raretriage.study import run_study, steps, study
from raretriage.study.bench import Variant
from raretriage.study.imbalance import COSTS, remedies
from raretriage.study.kinds import LEFT_OUT, kinds
from raretriage.training.remeasure import draw_again
from raretriage.training.train import contract_of_fit
from tests.training.conftest import made_up_encounters, toy_config

pytestmark = pytest.mark.usefixtures("few_trees", "short_lists")
CONFIG = toy_config(folds=2, draws=20)


def constant(_contract, _head, _seed) -> Pipeline:
    return Pipeline([("estimator", DummyClassifier())])


@pytest.fixture(scope="module")
def short_lists():
    by_name = {variant.name: variant for variant in kinds()}
    shortened = {
        "kinds": (
            Variant("constant", constant),
            replace(by_name["lightgbm"], barred={"rare": "barred for the test"}),
        ),
        "structures": (by_name["logistic regression"], Variant("constant", constant)),
        "remedies": remedies()[:2],
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, variants in shortened.items():
            patch.setattr(study, name, lambda *_kind, variants=variants: variants)
        yield


@pytest.fixture(scope="module")
def encounters() -> pa.Table:
    return made_up_encounters(700, visits=0.4)


def studied(encounters: pa.Table, knowledge, contract=None, **changes: object):
    given = {"trials": 0, "seconds": 60.0} | changes
    contract = contract or contract_of_fit(encounters, config=CONFIG, knowledge_version=knowledge.version)
    return run_study(encounters, contract=contract, knowledge=knowledge, config=CONFIG, **given)


@pytest.fixture(scope="module")
def made(encounters, knowledge, short_lists, few_trees):
    ticks: list[int] = []
    return studied(encounters, knowledge, progress=ticks.append), ticks


def without_seconds(given):
    return [
        {
            **table.as_json(),
            "rows": [{k: v for k, v in row.items() if k != "seconds"} for row in table.as_json()["rows"]],
        }
        for table in given.tables
    ]


def test_every_question_has_its_table_on_the_same_encounters(made):
    tables = {table.title: table for table in made[0].tables}
    assert list(tables) == [
        "Kinds of model, rare head",
        "Kinds of model, state head",
        "State head: one question or two",
        "Imbalance, rare head (LightGBM)",
        "Thresholds by cost instead of a certificate, no remedy",
        "Few labelled cases, rare head",
    ]
    assert len({table.n for table in tables.values()}) == 1
    assert tables["Kinds of model, rare head"].notes == LEFT_OUT
    assert len(tables["Thresholds by cost instead of a certificate, no remedy"].rows) == len(COSTS)
    assert made[0].search is None


def test_the_first_line_of_each_table_is_what_the_others_are_compared_with(made):
    for table in made[0].tables:
        differences = [name for name in table.figures if name.endswith("minus the first")]
        for name in differences:
            assert [*table.as_json()["rows"][0][name]] == [0, 0, 0]
        assert len(differences) == (0 if "cost" in table.title else 1)


def test_a_barred_variant_is_compared_and_never_chosen(made):
    rare, state = made[0].tables[:2]
    figures = {row.name: row.figures["ROC-AUC"].value for row in rare.rows}
    assert figures["lightgbm"] > 0.6 > figures["constant"]
    assert (rare.chosen, state.chosen) == ("constant", "lightgbm")
    assert {row.name: row.note for row in rare.rows}["lightgbm"] == "barred for the test"
    assert {row.name: row.note for row in state.rows}["lightgbm"] == ""


def test_nobody_but_the_fit_patients_is_looked_at(encounters, knowledge, made):
    """Everything but the split of the calibration and test patients is changed: no figure moves."""
    contract = contract_of_fit(encounters, config=CONFIG, knowledge_version=knowledge.version)
    drawn = draw_again(encounters, contract=contract, ontology=knowledge, config=CONFIG)
    fitted = set(drawn.fit.patient_id)
    is_other = np.array([name not in fitted for name in encounters["patient_id"].to_pylist()])
    in_test = set(drawn.test.patient_id)
    is_tested = np.array([name in in_test for name in encounters["patient_id"].to_pylist()])
    assert 0.3 < is_other.mean() < 0.7
    rng = np.random.default_rng(0)
    changed = encounters
    for column, who in (("state", is_other), ("fever", is_other), ("phenotypes", is_other), ("rare", is_tested)):
        cells = changed[column].to_pylist()
        places = np.flatnonzero(who)
        for place, other in zip(places, rng.permutation(places), strict=True):
            cells[place] = encounters[column][int(other)].as_py()
        assert cells != encounters[column].to_pylist()
        field = changed.schema.field(column)
        changed = changed.set_column(changed.schema.get_field_index(column), field, pa.array(cells, field.type))
    again = draw_again(changed, contract=contract, ontology=knowledge, config=CONFIG)
    assert set(again.fit.patient_id) == fitted
    assert repr(without_seconds(studied(changed, knowledge))) == repr(without_seconds(made[0]))


def test_the_progress_reaches_the_announced_number_of_steps(made):
    assert sum(made[1]) == steps(CONFIG.folds) == CONFIG.folds * (2 * 2 + 2 + 2 + 3)


def test_with_trials_the_search_is_part_of_the_study_and_of_its_json(encounters, knowledge, monkeypatch):
    asked = {}

    def searched(bench, *, trials, seconds, progress):
        asked.update(trials=trials, seconds=seconds, n=len(bench.rows.state))
        progress(trials)
        return study.SearchResult(((0.8, {"num_leaves": 63}), (0.9, {"num_leaves": 31})), {"num_leaves": 31}, 0.9, 0.1)

    monkeypatch.setattr(study, "search", searched)
    monkeypatch.setattr(study, "kinds", lambda: (Variant("constant", constant),))
    ticks: list[int] = []
    found = studied(encounters, knowledge, trials=2, seconds=7.0, progress=ticks.append)
    assert (asked["trials"], asked["seconds"]) == (2, 7.0)
    assert asked["n"] < 700, "the fit patients alone"
    assert found.as_json()["search"] == {
        "trials": [{"roc_auc": 0.8, "num_leaves": 63}, {"roc_auc": 0.9, "num_leaves": 31}],
        "best": {"num_leaves": 31},
        "value": 0.9,
        "gain": 0.1,
    }
