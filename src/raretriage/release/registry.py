"""The MLflow registry's view of a release. The ledger decides; this is kept in step with it."""

import logging

from raretriage.bucket import MODEL_NAME, Manifest

log = logging.getLogger(__name__)


def register(manifest: Manifest, *, tracking_uri: str, run_id: str, source: str, alias: str) -> int:
    """Register the version under `rare-disease-triage` and give it an alias; idempotent by version.

    Args:
        tracking_uri: MLflow's, for example `sqlite:///var/mlflow/mlflow.db`.
        run_id: the MLflow run that trained it.
        source: where MLflow keeps the run's artefacts.
        alias: `candidate`, `dev` or `prod`.

    Returns:
        MLflow's number of the model version.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException, RestException

    client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
    try:
        client.create_registered_model(MODEL_NAME, description="State and rare-disease triage, one ONNX graph")
    except (RestException, MlflowException) as error:
        if "already exists" not in str(error):
            raise
    found = client.search_model_versions(f"name = '{MODEL_NAME}'")
    number = next((int(v.version) for v in found if v.tags.get("version") == manifest.version), None)
    if number is None:
        created = client.create_model_version(
            MODEL_NAME,
            source=source,
            run_id=run_id,
            tags={
                "version": manifest.version,
                "git_commit": manifest.git_commit,
                "lake_version": str(manifest.data.lake_version),
                "simulated": str(manifest.data.simulated).lower(),
            },
        )
        number = int(created.version)
    client.set_registered_model_alias(MODEL_NAME, alias, str(number))
    log.info("release.registered", extra={"version": manifest.version, "alias": alias, "number": number})
    return number
