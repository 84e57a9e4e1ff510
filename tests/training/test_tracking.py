import logging
from pathlib import Path

import pytest

from raretriage.training import MlflowTracker, RunRecord


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> tuple[str, Path, Path]:
    folder = tmp_path_factory.mktemp("mlflow")
    return f"sqlite:///{folder / 'mlflow.db'}", folder / "artifacts", folder


@pytest.fixture(scope="module")
def run_id(places, tmp_path_factory) -> str:
    uri, artifacts, _ = places
    children = tuple(
        RunRecord(name=name, params={"depth": "4"}, metrics={"k-fold/roc_auc_rare": 0.9}, files={"roc.png": b"png"})
        for name in ("logistic_regression", "random_forest", "xgboost")
    )
    run = RunRecord(
        name="whole",
        params={"seed": "1"},
        metrics={"temporal/findings/roc_auc_rare": 0.93},
        tags={"git_commit": "abc", "lake_version": "7"},
        files={"metrics.csv": b"name,value\n"},
        children=children,
    )
    tracker = MlflowTracker(uri, str(artifacts), "toy")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(elsewhere)
        made = tracker.record(run)
        tracker.record(RunRecord(name="again"))
    assert list(elsewhere.iterdir()) == []  # nothing beside the places it was given
    return made


def runs(uri: str) -> dict[str, object]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("toy")
    return {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}


def test_the_run_is_found_with_its_version_parameters_and_metrics(places, run_id):
    run = runs(places[0])["whole"]
    assert run.info.run_id == run_id
    assert run.info.status == "FINISHED"
    assert run.data.params == {"seed": "1"}
    assert run.data.metrics == {"temporal/findings/roc_auc_rare": 0.93}
    assert (run.data.tags["git_commit"], run.data.tags["lake_version"]) == ("abc", "7")


def test_the_candidates_lie_side_by_side_under_the_run(places, run_id):
    children = [run for run in runs(places[0]).values() if run.data.tags.get("mlflow.parentRunId") == run_id]
    assert {run.info.run_name for run in children} == {"logistic_regression", "random_forest", "xgboost"}
    assert all(run.data.metrics == {"k-fold/roc_auc_rare": 0.9} for run in children)


def test_files_lie_under_the_artifact_root_and_nothing_else_is_written(places, run_id):
    _, artifacts, folder = places
    assert (artifacts / run_id / "artifacts" / "metrics.csv").read_bytes() == b"name,value\n"
    assert len(list(artifacts.rglob("roc.png"))) == 3
    assert {path.name for path in folder.iterdir()} == {"mlflow.db", "artifacts"}


def test_a_second_run_joins_the_same_experiment(places, run_id):
    assert "again" in runs(places[0])


def test_the_libraries_get_their_voice_back(places, run_id, caplog):
    logging.getLogger("mlflow").setLevel(logging.DEBUG)
    MlflowTracker(places[0], str(places[1]), "toy").record(RunRecord(name="third"))
    assert logging.getLogger("mlflow").level == logging.DEBUG
