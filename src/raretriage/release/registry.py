"""The MLflow registry's view of the releases. The ledger decides; this is kept in step with it."""

import logging

from raretriage.bucket import MANIFEST_FILE, MODEL_FILE, MODEL_NAME
from raretriage.release.errors import ReleaseError
from raretriage.release.report import REPORT_FILES
from raretriage.release.run import Run

log = logging.getLogger(__name__)


def register(run: Run, *, tracking_uri: str, run_id: str) -> int:
    """Register a run's model under `rare-disease-triage` with the alias `candidate`; idempotent by version.

    Args:
        tracking_uri: MLflow's, for example `sqlite:///var/mlflow/mlflow.db`.
        run_id: the MLflow run that trained it; graph, manifest, report and card are added to its artefacts.

    Returns:
        MLflow's number of the model version.
    """
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    if not client.search_registered_models(filter_string=f"name = '{MODEL_NAME}'"):
        client.create_registered_model(MODEL_NAME, description="State and rare-disease triage, one ONNX graph")
    manifest = run.manifest
    number = _number_of(client, manifest.version)
    if number is None:
        for name in (MODEL_FILE, MANIFEST_FILE, *(name for name in REPORT_FILES if name in manifest.files)):
            client.log_artifact(run_id, str(run.folder / name), artifact_path="release")
        created = client.create_model_version(
            MODEL_NAME,
            source=f"{client.get_run(run_id).info.artifact_uri}/release",
            run_id=run_id,
            tags={
                "version": manifest.version,
                "git_commit": manifest.git_commit,
                "lake_version": str(manifest.data.lake_version),
                "simulated": str(manifest.data.simulated).lower(),
            },
        )
        number = int(created.version)
    client.set_registered_model_alias(MODEL_NAME, "candidate", str(number))
    log.info("release.registered", extra={"version": manifest.version, "number": number})
    return number


def set_alias(version: str, alias: str, *, tracking_uri: str) -> int:
    """Point `dev` or `prod` at the version that the ledger now names.

    Raises:
        ReleaseError: the registry does not know the version.
    """
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    number = _number_of(client, version)
    if number is None:
        raise ReleaseError(f"MLflow at {tracking_uri} has no version {version} of {MODEL_NAME}: train it there first")
    client.set_registered_model_alias(MODEL_NAME, alias, str(number))
    return number


def _number_of(client: object, version: str) -> int | None:
    found = client.search_model_versions(f"name = '{MODEL_NAME}'")  # type: ignore[attr-defined]
    return next((int(v.version) for v in found if v.tags.get("version") == version), None)
