"""The artefact is read back as it was, or not at all."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.differential import DamagedDifferential, Ranker, dump, load
from raretriage.differential.artefact import quantised
from raretriage.differential.build import Built
from raretriage.differential.embedding import Embedding
from raretriage.differential.onnx_export import PARITY, export_onnx, parity


def test_what_is_written_is_read_back(built: Built) -> None:
    content = dump(built.arrays)
    again = load(content, knowledge_version=built.arrays.knowledge_version)
    assert again.candidates == built.arrays.candidates
    assert np.array_equal(again.levels, built.arrays.levels)
    assert dump(again) == content


def test_the_knowledge_must_be_the_one_it_was_made_of(built: Built) -> None:
    with pytest.raises(DamagedDifferential, match="build it again"):
        load(dump(built.arrays), knowledge_version="hpo-2099-01-01-00000000")


@given(st.data())
def test_a_cut_file_is_refused(built: Built, data: st.DataObject) -> None:
    content = dump(built.arrays)
    with pytest.raises(DamagedDifferential):
        load(content[: data.draw(st.integers(0, len(content) - 1))], knowledge_version=built.arrays.knowledge_version)


def test_a_graph_of_other_candidates_is_refused(built: Built) -> None:
    other = export_onnx(Embedding(np.ones((5, 3), np.float32), np.eye(3, dtype=np.float32)))
    with pytest.raises(DamagedDifferential, match="other candidates"):
        Ranker(built.arrays, other)
    with pytest.raises(DamagedDifferential, match="no graph"):
        Ranker(built.arrays, b"not a graph")


@settings(max_examples=25)  # each exports a graph and compares 200 patients already
@given(st.integers(0, 2**32 - 1))
def test_the_graph_says_what_numpy_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    diseases = rng.standard_normal((6, 4)).astype(np.float32)
    diseases /= np.linalg.norm(diseases, axis=1, keepdims=True)
    embedding = Embedding(rng.standard_normal((9, 4)).astype(np.float32), diseases)
    assert parity(export_onnx(embedding), embedding) <= PARITY


@given(st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=40))
def test_quantising_is_off_by_half_a_step_at_most(values: list[float]) -> None:
    levels = np.asarray([values], np.float32)
    codes, low, step = quantised(levels)
    assert np.abs(low + step * codes.astype(float) - levels).max() <= step / 2 + 1e-5
