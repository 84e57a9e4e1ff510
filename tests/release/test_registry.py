from pathlib import Path

import pytest

from raretriage.bucket import MODEL_FILE, Manifest
from raretriage.release import REPORT_FILES, Run, register, stored, write_run
from raretriage.training import MlflowTracker, RunRecord
from tests.release.reported import manifest

KNOWLEDGE = b"what is known"


def run_with(folder: Path, names: tuple[str, ...]) -> Run:
    files = {name: name.encode() for name in (MODEL_FILE, *names)}
    bare = manifest()
    complete = Manifest.model_validate(
        bare.model_dump()
        | {
            "files": {name: stored(data) for name, data in files.items()},
            "knowledge": {"version": "k1", "sha256": stored(KNOWLEDGE).sha256},
        }
    )
    return write_run(folder, complete, files, KNOWLEDGE)


@pytest.mark.slow
@pytest.mark.parametrize("names", [REPORT_FILES, ("model_card.md",)])
def test_what_is_read_of_a_run_is_attached_to_its_mlflow_run(tmp_path: Path, names: tuple[str, ...]) -> None:
    from mlflow import MlflowClient

    uri = f"sqlite:///{tmp_path}/mlflow.db"
    run_id = MlflowTracker(uri, str(tmp_path / "artifacts")).record(RunRecord(name="a run"))
    run = run_with(tmp_path / "run", names)
    number = register(run, tracking_uri=uri, run_id=run_id)
    assert register(run, tracking_uri=uri, run_id=run_id) == number
    attached = {item.path for item in MlflowClient(uri).list_artifacts(run_id, "release")}
    assert attached == {f"release/{name}" for name in (MODEL_FILE, "manifest.json", *names)}
