"""What is served follows the ledger, and nothing unsound is ever served."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.external_data_helper import set_external_data

from raretriage.bucket import EXPLANATION_FILE, MANIFEST_FILE, MODEL_FILE, knowledge_key, ledger_key, version_key
from raretriage.domain import Presentation, State
from raretriage.features import CATEGORICAL, NUMERIC
from raretriage.serving import ModelUnusable, Scorer
from raretriage.serving.model_store import ModelStore
from raretriage.storage import Bucket, open_bucket
from tests.serving.tiny_model import TINY_KNOWLEDGE, VOCABULARY, Publisher, tiny_explanation, tiny_graph


@pytest.fixture
def store(bucket: Bucket) -> ModelStore:
    return ModelStore(bucket, "dev")


def version_of(store: ModelStore) -> str | None:
    return store.current.scorer.manifest.version if store.current else None


def test_an_empty_bucket_serves_nothing_and_says_so(store: ModelStore) -> None:
    store.refresh()
    assert store.current is None
    assert store.problem is not None
    assert "publish" in store.problem


def test_the_published_model_is_served(store: ModelStore, publisher: Publisher) -> None:
    publisher.publish()
    store.refresh()
    assert (version_of(store), store.problem) == ("2026.03.01-test", None)


def test_a_newer_entry_replaces_it_and_the_same_one_is_not_loaded_again(
    store: ModelStore, publisher: Publisher
) -> None:
    publisher.publish(version="v1")
    store.refresh()
    first = store.current
    store.refresh()
    assert store.current is first
    publisher.publish(version="v2")
    store.refresh()
    assert version_of(store) == "v2"


def test_another_environment_is_not_ours(bucket: Bucket, publisher: Publisher) -> None:
    publisher.publish()
    prod = ModelStore(bucket, "prod")
    prod.refresh()
    assert prod.current is None


@pytest.mark.parametrize("file", [MODEL_FILE, MANIFEST_FILE, EXPLANATION_FILE])
def test_a_changed_byte_is_never_served(store: ModelStore, publisher: Publisher, bucket: Bucket, file: str) -> None:
    publisher.publish(version="v1")
    store.refresh()
    publisher.publish(version="v2", explanation=tiny_explanation())
    key = version_key("v2", file)
    sound = bucket.get(key)
    bucket.put(key, sound[:-1] + bytes([sound[-1] ^ 1]))
    store.refresh()
    assert version_of(store) == "v1"
    assert store.problem is not None
    assert "SHA-256" in store.problem
    bucket.put(key, sound)
    store.refresh()
    assert (version_of(store), store.problem) == ("v2", None)


def test_changed_knowledge_is_never_served(store: ModelStore, publisher: Publisher, bucket: Bucket) -> None:
    publisher.publish()
    bucket.put(knowledge_key(TINY_KNOWLEDGE.version), b"other")
    store.refresh()
    assert store.current is None


@pytest.mark.parametrize("file", [MODEL_FILE, EXPLANATION_FILE])
def test_a_missing_file_is_a_problem(store: ModelStore, publisher: Publisher, bucket: Bucket, file: str) -> None:
    publisher.publish(explanation=tiny_explanation())
    bucket.delete(version_key("2026.03.01-test", file))
    store.refresh()
    assert store.current is None
    assert store.problem is not None
    assert "missing" in store.problem


def test_a_broken_ledger_keeps_the_last_good_model(store: ModelStore, publisher: Publisher, bucket: Bucket) -> None:
    publisher.publish(version="v1")
    store.refresh()
    publisher.publish(version="v2")
    bucket.put(ledger_key("dev", 1), b"{}")
    store.refresh()
    assert version_of(store) == "v1"
    assert store.problem is not None


def test_a_bucket_that_goes_away_keeps_the_last_good_model(tmp_path: Path) -> None:
    folder = tmp_path / "bucket"
    bucket = open_bucket(f"file://{folder}")
    Publisher(bucket).publish()
    store = ModelStore(bucket, "dev")
    store.refresh()
    folder.rename(tmp_path / "gone")
    folder.write_text("no folder")
    store.refresh()
    assert version_of(store) == "2026.03.01-test"
    assert store.problem is not None


def _without_output() -> bytes:
    graph = tiny_graph()
    del graph.graph.output[1]
    return graph.SerializeToString()


def _wrong_width() -> bytes:
    graph = tiny_graph()
    graph.graph.input[2].type.tensor_type.shape.dim[1].dim_value = 9
    return graph.SerializeToString()


def _no_probabilities() -> bytes:
    graph = tiny_graph()
    for node in graph.graph.node:
        if node.op_type == "Softmax":
            node.op_type = "Identity"
            del node.attribute[:]
    return graph.SerializeToString()


def _external(folder: Path) -> bytes:
    """A graph that would answer rightly, with one matrix in a file beside it, where no hash covers it."""
    graph = tiny_graph()
    identity = np.eye(len(State), dtype=np.float32)
    (folder / "weights.bin").write_bytes(identity.tobytes())
    tensor = numpy_helper.from_array(identity, "identity")
    set_external_data(tensor, "weights.bin", 0, identity.nbytes)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    graph.graph.initializer.append(tensor)
    softmax = next(node for node in graph.graph.node if node.op_type == "Softmax")
    softmax.output[0] = "before"
    graph.graph.node.append(helper.make_node("MatMul", ["before", "identity"], ["state_probabilities"]))
    return graph.SerializeToString()


@pytest.mark.parametrize(
    ("graph", "problem"),
    [
        (b"no graph", "cannot be loaded"),
        (tiny_graph().SerializeToString()[:300], "cannot be loaded"),
        (tiny_graph(rare_output="probability").SerializeToString(), "outputs"),
        (_without_output(), "outputs"),
        (_wrong_width(), "inputs"),
        (_no_probabilities(), "no probabilities"),
        (tiny_graph(weights=[float("nan")] * 4).SerializeToString(), "no probabilities"),
    ],
)
def test_a_graph_that_breaks_its_contract_is_never_served(
    store: ModelStore, publisher: Publisher, graph: bytes, problem: str
) -> None:
    publisher.publish(version="v1")
    store.refresh()
    publisher.publish(version="v2", onnx_bytes=graph)
    store.refresh()
    assert version_of(store) == "v1"
    assert store.problem is not None
    assert problem in store.problem


def test_weights_outside_the_hashed_file_are_refused(
    store: ModelStore, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    graph = _external(tmp_path)
    assert ort.InferenceSession(graph, providers=["CPUExecutionProvider"])  # as such it would load
    publisher.publish(onnx_bytes=graph)
    store.refresh()
    assert store.current is None
    assert store.problem is not None
    assert "cannot be loaded" in store.problem


def test_a_model_of_other_columns_is_refused(store: ModelStore, publisher: Publisher) -> None:
    from tests.serving.tiny_model import tiny_manifest

    graph = tiny_graph().SerializeToString()
    contract = tiny_manifest(graph).features
    publisher.publish(onnx_bytes=graph, features=contract.model_copy(update={"numeric": contract.numeric[:-1]}))
    store.refresh()
    assert store.current is None
    assert store.problem is not None
    assert "retrain" in store.problem


def test_one_patient_and_many_get_the_same_bits(store: ModelStore, publisher: Publisher) -> None:
    publisher.publish()
    store.refresh()
    assert store.current is not None
    scorer = store.current.scorer
    patients = [Presentation(fever=i / 10, days=i) for i in range(50)]
    assert scorer.score(patients) == [scorer.score([patient])[0] for patient in patients]
    assert scorer.score([]) == []


def test_scores_are_in_the_order_of_the_states(store: ModelStore, publisher: Publisher) -> None:
    publisher.publish()
    store.refresh()
    assert store.current is not None
    well, ill = store.current.scorer.score([Presentation(fever=0), Presentation(fever=10)])
    assert max(well.states, key=lambda state: well.states[state]) is State.HEALTHY
    assert max(ill.states, key=lambda state: ill.states[state]) is State.ACUTE


def test_a_package_whose_knowledge_is_another_release_is_refused(store: ModelStore, publisher: Publisher) -> None:
    from raretriage.bucket import current_entry, load_package

    publisher.publish()
    package = load_package(publisher.bucket, current_entry(publisher.bucket, "dev"))
    features = package.manifest.features.model_copy(update={"knowledge_version": "hpo-1999"})
    other = replace(package, manifest=package.manifest.model_copy(update={"features": features}))
    with pytest.raises(ModelUnusable, match="hpo-1999"):
        Scorer(other)


def test_a_model_without_an_explanation_is_served_and_explains_nothing(store: ModelStore, publisher: Publisher) -> None:
    publisher.publish()
    store.refresh()
    assert store.current is not None
    assert store.current.scorer.explain(Presentation(fever=1)) is None


_OTHER_INPUTS = (*NUMERIC, *CATEGORICAL, *reversed(VOCABULARY))


@pytest.mark.parametrize(
    ("explanation", "problem"),
    [
        (b"", "explanation.npz of v2 cannot be used: it is no archive"),
        (b"no archive", "explanation.npz of v2 cannot be used: it is no archive"),
        (tiny_explanation(inputs=_OTHER_INPUTS), "a model with other inputs"),
        (tiny_explanation(surplus=1), "explanation.npz of v2 does not fit together"),
        (tiny_explanation(bias=-2.9), "explains a probability of 0.052154 where the graph says 0.047426"),
        (tiny_explanation(bias=float("nan")), "explains a probability of nan"),
    ],
    ids=["empty", "other", "inputs", "columns", "model", "nan"],
)
def test_an_explanation_of_something_else_is_never_served(
    store: ModelStore, publisher: Publisher, explanation: bytes, problem: str
) -> None:
    publisher.publish(version="v1")
    store.refresh()
    publisher.publish(version="v2", explanation=explanation)
    store.refresh()
    assert version_of(store) == "v1"
    assert store.problem is not None
    assert problem in store.problem
