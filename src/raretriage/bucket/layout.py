"""Where things lie in the bucket: the only place that spells its keys."""

from typing import Literal

from raretriage.bucket.manifest import MODEL_NAME

Environment = Literal["dev", "prod"]

MODEL_FILE = "model.onnx"
EXPLANATION_FILE = "explanation.npz"
"""Optional: a kind of model without exact contributions has none."""
MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "model.sig"
"""Over the manifest, the graph and the explanation; optional where no key is trusted."""
KNOWLEDGE_FILE = "knowledge.json.gz"
DIFFERENTIAL_FILE = "differential.safetensors"
DIFFERENTIAL_GRAPH_FILE = "differential.onnx"
"""The ranking of rare diseases: arrays and the learnt part."""


def version_key(version: str, file: str) -> str:
    return f"models/{MODEL_NAME}/versions/{version}/{file}"


def served_key(env: Environment, file: str) -> str:
    """The copy that simple clients download; repaired from the ledger, never the authority."""
    return f"models/{MODEL_NAME}/{env}/{file}"


def ledger_prefix(env: Environment) -> str:
    return f"ledger/{env}/"


def ledger_key(env: Environment, number: int) -> str:
    return f"{ledger_prefix(env)}{number:08d}.json"


def knowledge_key(version: str) -> str:
    return f"knowledge/{version}/{KNOWLEDGE_FILE}"


def differential_key(knowledge_version: str, version: str, file: str) -> str:
    return f"knowledge/{knowledge_version}/differential/{version}/{file}"


def log_part_key(env: Environment, day: str, part: str) -> str:
    """`day` is the UTC date, `part` sorts in the order of writing."""
    return f"logs/{env}/{day}/{part}"


def log_copy_key(env: Environment) -> str:
    """The current day's predictions as one file, a copy rebuilt from the parts."""
    return f"logs/{env}/predicciones_{env}.txt"
