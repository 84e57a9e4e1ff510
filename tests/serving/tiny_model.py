"""A small real model: a graph that keeps the contract, an ontology of a dozen terms, a manifest, a ledger entry."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from raretriage.bucket import (
    DIFFERENTIAL_FILE,
    DIFFERENTIAL_GRAPH_FILE,
    EVERYBODY,
    EXPLANATION_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    DataVersion,
    DifferentialFiles,
    ExplanationFile,
    HelpfulFinding,
    InputColumns,
    KnowledgeRef,
    LedgerEntry,
    LinearTerms,
    Manifest,
    MarginLine,
    StateSets,
    StoredFile,
    append,
    differential_key,
    dump_explanation,
    knowledge_key,
    version_key,
)
from raretriage.differential import dump as dump_differential
from raretriage.differential.build import build_differential
from raretriage.differential.embedding import Training
from raretriage.domain import Basis, Certificate, InputTier, Price, Refusal, State
from raretriage.features import CATEGORICAL, NUMERIC, FeatureContract
from raretriage.knowledge import build_knowledge, dump
from raretriage.release import differential_ref
from raretriage.storage import Bucket
from tests.manifests import training_record

NOW = datetime(2026, 3, 5, 10, 30, 0, 123_000, tzinfo=UTC)
BASIC = {"fever": 2.5, "pain": 3, "days": 3, "comorbidity": 0, "age": 40}
"""What today's clients send."""
SEIZURE, FEVER, COUGH, SCOLIOSIS = "HP:0001250", "HP:0001945", "HP:0012735", "HP:0002650"
SEIZURE_BEFORE = "HP:0002125"
"""An alternative id of seizure."""
INHERITANCE = "HP:0000005"
STATUS_EPILEPTICUS, TONIC_STATUS = "HP:0002133", "HP:0032670"
"""A red flag, and a kind of it."""
VOCABULARY = tuple(sorted([SEIZURE, FEVER, COUGH, SCOLIOSIS]))
THRESHOLD = 0.5


def helpful(*hpo_ids: str) -> tuple[HelpfulFinding, ...]:
    """A list of findings to ask for."""
    return tuple(HelpfulFinding(hpo_id=one, bits=0.02, observed=0.05, observed_of_rare=0.2, n=900) for one in hpo_ids)


HELPFUL = {EVERYBODY: helpful(COUGH, SCOLIOSIS), "child": helpful(SEIZURE), "adult": helpful(SCOLIOSIS, SEIZURE)}

_TERMS = {
    "HP:0000118": ("Phenotypic abnormality", "HP:0000001"),
    INHERITANCE: ("Mode of inheritance", "HP:0000001"),
    SEIZURE: ("Seizure", "HP:0000118"),
    "HP:0020219": ("Motor seizure", SEIZURE),
    STATUS_EPILEPTICUS: ("Status epilepticus", SEIZURE),
    TONIC_STATUS: ("Tonic status epilepticus", STATUS_EPILEPTICUS),
    FEVER: ("Fever", "HP:0000118"),
    COUGH: ("Cough", "HP:0000118"),
    SCOLIOSIS: ("Scoliosis", "HP:0000118"),
}
_OBO = "format-version: 1.2\ndata-version: hp/releases/2025-01-16\n\n[Term]\nid: HP:0000001\nname: All\n" + "".join(
    f"\n[Term]\nid: {term}\nname: {name}\n"
    + (f"alt_id: {SEIZURE_BEFORE}\n" if term == SEIZURE else "")
    + f"is_a: {parent} ! parent\n"
    for term, (name, parent) in _TERMS.items()
)
HPOA_HEADER = (
    "#version: 2025-01-16\ndatabase_id\tdisease_name\tqualifier\thpo_id\treference\tevidence\tonset\tfrequency"
    "\tsex\tmodifier\taspect\tbiocuration\n"
)
"""The head of phenotype.hpoa: no disease follows it yet."""
_ANNOTATED = (
    ("ORPHA:1", "Made-up syndrome", SEIZURE, "ORPHA:1", "HP:0040281"),
    ("OMIM:2", "Coughing disease", COUGH, "PMID:2", "7/9"),
    ("OMIM:2", "Coughing disease", FEVER, "OMIM:2", ""),
    ("OMIM:3", "Bent disease", SCOLIOSIS, "PMID:3", "HP:0040282"),
    ("OMIM:3", "Bent disease", SEIZURE, "PMID:3", "HP:0040283"),
    ("OMIM:4", "Stiff disease", STATUS_EPILEPTICUS, "PMID:4", ""),
)
_HPOA = HPOA_HEADER + "".join(
    f"{disease}\t{name}\t\t{term}\t{source}\tTAS\t\t{often}\t\t\tP\tx\n"
    for disease, name, term, source, often in _ANNOTATED
)

TINY_KNOWLEDGE = build_knowledge(_OBO.encode(), _HPOA.encode())
KNOWLEDGE_BYTES = dump(TINY_KNOWLEDGE)


@cache
def tiny_differential() -> DifferentialFiles:
    """A real ranking of the four made-up diseases."""
    built = build_differential(TINY_KNOWLEDGE, training=Training(members=1, dimensions=4, steps=20, batch=16))
    return DifferentialFiles(dump_differential(built.arrays), built.onnx)


def tiny_graph(*, weights: list[float] | None = None, rare_output: str = "rare_probability") -> onnx.ModelProto:
    """A graph that keeps the contract: the state from fever alone, rarity from the number of findings.

    P(rare) = sigmoid(2 * (observed - excluded) - 3): 0.05, 0.27, 0.73 for none, one and two findings.
    """
    state_weights = np.array([weights or [-1.0, 0.0, 1.0, 0.2]], dtype=np.float32)
    constants = {
        "fever_column": np.array([NUMERIC.index("fever")], dtype=np.int64),
        "zero": np.zeros(1, dtype=np.float32),
        "state_weights": state_weights,
        "state_bias": np.array([3.0, 1.5, -4.0, -1.0], dtype=np.float32),
        "axis": np.array([1], dtype=np.int64),
        "two": np.array(2.0, dtype=np.float32),
        "three": np.array(3.0, dtype=np.float32),
    }
    nodes = [
        helper.make_node("Gather", ["numeric", "fever_column"], ["fever"], axis=1),
        helper.make_node("IsNaN", ["fever"], ["unknown"]),
        helper.make_node("Where", ["unknown", "zero", "fever"], ["filled"]),
        helper.make_node("MatMul", ["filled", "state_weights"], ["weighted"]),
        helper.make_node("Add", ["weighted", "state_bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["state_probabilities"], axis=1),
        helper.make_node("ReduceSum", ["phenotypes", "axis"], ["count"], keepdims=0),
        helper.make_node("Mul", ["count", "two"], ["doubled"]),
        helper.make_node("Sub", ["doubled", "three"], ["rare_logit"]),
        helper.make_node("Sigmoid", ["rare_logit"], [rare_output]),
    ]
    inputs = [
        helper.make_tensor_value_info("numeric", TensorProto.FLOAT, [None, len(NUMERIC)]),
        helper.make_tensor_value_info("categorical", TensorProto.STRING, [None, len(CATEGORICAL)]),
        helper.make_tensor_value_info("phenotypes", TensorProto.FLOAT, [None, len(VOCABULARY)]),
    ]
    outputs = [
        helper.make_tensor_value_info("state_probabilities", TensorProto.FLOAT, [None, len(State)]),
        helper.make_tensor_value_info(rare_output, TensorProto.FLOAT, [None]),
    ]
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


AS_IT_IS = MarginLine(line_slope=np.array(1.0), line_intercept=np.array(0.0), line_input=np.array(0, dtype=np.int32))


def tiny_explanation(*, bias: float = -3.0, inputs: tuple[str, ...] | None = None, surplus: int = 0) -> bytes:
    """What the tiny graph's rare probability is made of: 2 for each finding observed, -2 for each excluded."""
    names = inputs or (*NUMERIC, *CATEGORICAL, *VOCABULARY)
    first_finding = len(names) - len(VOCABULARY)
    columns = InputColumns(
        inputs=np.array(names),
        source=np.arange(first_finding, len(names), dtype=np.int32),
        unseen=np.zeros(len(VOCABULARY)),
        category_input=np.zeros(0, dtype=np.int32),
        category=np.array([], dtype=np.str_),
        category_column=np.zeros(0, dtype=np.int32),
        category_number=np.zeros(0),
    )
    weight = np.full(len(VOCABULARY) + surplus, 2.0)
    return dump_explanation(
        ExplanationFile(columns, AS_IT_IS, LinearTerms(np.array(bias), weight, mean=0 * weight, fill=0 * weight))
    )


def certificate(**changes: object) -> Certificate:
    fields: dict[str, object] = {
        "tier": InputTier.FINDINGS,
        "basis": Basis.SIMULATED,
        "target": 0.95,
        "confidence": 0.95,
        "threshold": THRESHOLD,
        "positives": 400,
        "misses": 11,
        "sensitivity_lower_bound": 0.9531,
        "negatives": 3600,
        "specificity": 0.81,
        "prices": (
            Price(prevalence=0.1, alerts_per_1000=266, number_needed_to_evaluate=2.8, net_benefit=0.05),
            Price(prevalence=0.01, alerts_per_1000=198, number_needed_to_evaluate=21, net_benefit=0.01),
            Price(prevalence=0.001, alerts_per_1000=191, number_needed_to_evaluate=200, net_benefit=0.001),
        ),
    }
    return Certificate.model_validate(fields | changes)


def tiny_manifest(onnx_bytes: bytes, **changes: object) -> Manifest:
    """The tiny model's manifest; keyword arguments replace fields."""
    version = TINY_KNOWLEDGE.version
    refusals = {
        tier: Refusal(tier=tier, basis=Basis.SIMULATED, reason="specificity under 0.5", positives=400)
        for tier in (InputTier.VITALS, InputTier.BASIC)
    }
    fields: dict[str, object] = {
        "version": "2026.03.01-test",
        "created": datetime(2026, 3, 1, tzinfo=UTC),
        "git_commit": "0" * 40,
        "estimators": {"state": "logistic", "rare": "logistic"},
        "data": DataVersion(lake_version=1, encounters=10, patients=8, simulated=True, periods=("2024Q1",)),
        "training": training_record(),
        "knowledge": KnowledgeRef(version=version, sha256=hashlib.sha256(KNOWLEDGE_BYTES).hexdigest()),
        "features": FeatureContract(
            numeric=NUMERIC, categorical=tuple(CATEGORICAL), vocabulary=VOCABULARY, knowledge_version=version
        ),
        "certificates": {InputTier.FINDINGS: certificate(), **refusals},
        "state_sets": StateSets(coverage=0.9, bounds={tier: dict.fromkeys(State, 0.25) for tier in InputTier}),
        "training_range": {"age_years": (0.0, 89.0), "days": (0.0, 3650.0)},
        "helpful_findings": HELPFUL,
        "untrained_groups": ("neonate", "pregnant"),
        "metrics": (),
        "files": {MODEL_FILE: StoredFile(sha256=hashlib.sha256(onnx_bytes).hexdigest(), bytes=len(onnx_bytes))},
    }
    return Manifest.model_validate(fields | changes)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes variants of the tiny model as `raretriage publish` lays them out."""

    bucket: Bucket

    def publish(
        self,
        *,
        onnx_bytes: bytes | None = None,
        explanation: bytes | None = None,
        differential: DifferentialFiles | None = None,
        **changes: object,
    ) -> LedgerEntry:
        graph = onnx_bytes if onnx_bytes is not None else tiny_graph().SerializeToString()
        files = {MODEL_FILE: graph} | ({EXPLANATION_FILE: explanation} if explanation is not None else {})
        stored = {
            name: StoredFile(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data)) for name, data in files.items()
        }
        ref = None if differential is None else differential_ref(differential)
        manifest = tiny_manifest(graph, **({"files": stored, "differential": ref} | changes))
        content = manifest.model_dump_json().encode()
        for name, data in files.items():
            self.bucket.put(version_key(manifest.version, name), data)
        self.bucket.put(version_key(manifest.version, MANIFEST_FILE), content)
        if differential is not None and ref is not None:
            for name, data in ((DIFFERENTIAL_FILE, differential.arrays), (DIFFERENTIAL_GRAPH_FILE, differential.graph)):
                self.bucket.put(differential_key(manifest.knowledge.version, ref.version, name), data)
        self.bucket.put(knowledge_key(manifest.knowledge.version), KNOWLEDGE_BYTES)
        return append(
            self.bucket,
            "dev",
            action="publish",
            to_version=manifest.version,
            manifest_sha256=hashlib.sha256(content).hexdigest(),
            certificate_basis="simulated",
            who="test",
            why="test",
            now=NOW,
        )
