"""The bucket between release and serving: its layout, the manifest, the ledger, and verified reading."""

from raretriage.bucket.errors import BrokenLedger, BucketError, LostRace, NothingPublished, Tampered
from raretriage.bucket.layout import (
    KNOWLEDGE_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    Environment,
    knowledge_key,
    ledger_key,
    log_copy_key,
    log_part_key,
    served_key,
    version_key,
)
from raretriage.bucket.ledger import GENESIS, LedgerEntry, append, read_ledger
from raretriage.bucket.manifest import (
    EVERYBODY,
    MODEL_NAME,
    DataVersion,
    GraphContract,
    KnowledgeRef,
    Manifest,
    Metric,
    StateSets,
    StoredFile,
    TrainingRecord,
)
from raretriage.bucket.package import ModelPackage, current_entry, load_package

__all__ = [
    "EVERYBODY",
    "GENESIS",
    "KNOWLEDGE_FILE",
    "MANIFEST_FILE",
    "MODEL_FILE",
    "MODEL_NAME",
    "BrokenLedger",
    "BucketError",
    "DataVersion",
    "Environment",
    "GraphContract",
    "KnowledgeRef",
    "LedgerEntry",
    "LostRace",
    "Manifest",
    "Metric",
    "ModelPackage",
    "NothingPublished",
    "StateSets",
    "StoredFile",
    "Tampered",
    "TrainingRecord",
    "append",
    "current_entry",
    "knowledge_key",
    "ledger_key",
    "load_package",
    "log_copy_key",
    "log_part_key",
    "read_ledger",
    "served_key",
    "version_key",
]
