"""The file that explains a model: written and read back, the same bytes for the same arrays, nothing else accepted."""

import io
import zipfile
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raretriage.bucket import (
    Curves,
    ExplanationFile,
    InputColumns,
    LinearTerms,
    MalformedExplanation,
    MarginLine,
    Terms,
    TreePaths,
    dump_explanation,
    parse_explanation,
)

COLUMNS = InputColumns(
    inputs=np.array(["days", "sex", "HP:0001250"]),
    source=np.array([0, 1, 2], dtype=np.int32),
    unseen=np.zeros(3),
    category_input=np.array([0], dtype=np.int32),
    category=np.array(["female"]),
    category_column=np.array([1], dtype=np.int32),
    category_number=np.array([1.0]),
)
LINE = MarginLine(line_slope=np.array(1.25), line_intercept=np.array(0.5), line_input=np.array(0, dtype=np.int32))
LINEAR = LinearTerms(bias=np.array(-1.5), weight=np.array([0.1, 2.0, -3.0]), mean=np.zeros(3), fill=np.zeros(3))
CURVES = Curves(
    bias=np.array(-1.5),
    edge=np.array([0.5, 2.0]),
    edge_column=np.array([0, 2], dtype=np.int32),
    step=np.array([-1.0, 1.0, 0.0, -0.5, 0.5]),
    missing=np.array([0.25, 0.0, 0.0]),
)
TREES = TreePaths(
    bias=np.array(-1.5),
    leaf_value=np.array([0.25, -0.25]),
    path_length=np.array([1, 1], dtype=np.int32),
    condition=np.array([0, 1], dtype=np.int32),
    share=np.array([0.75, 0.25], dtype=np.float64),
    condition_column=np.array([0, 0], dtype=np.int32),
    lower=np.array([-np.inf, 3.5], dtype=np.float32),
    upper=np.array([3.5, np.inf], dtype=np.float32),
    takes_missing=np.array([True, False]),
)


@pytest.mark.parametrize("terms", [LINEAR, CURVES, TREES], ids=["linear", "curves", "trees"])
def test_what_was_written_is_read_back(terms: Terms) -> None:
    file = parse_explanation(dump_explanation(ExplanationFile(COLUMNS, LINE, terms)))
    assert type(file.terms) is type(terms)
    for written, read in ((COLUMNS, file.columns), (LINE, file.line), (terms, file.terms)):
        for field in fields(written):
            before, after = getattr(written, field.name), getattr(read, field.name)
            assert after.dtype == before.dtype
            assert np.array_equal(after, before)


def test_equal_arrays_give_equal_bytes_whatever_the_time() -> None:
    data = dump_explanation(ExplanationFile(COLUMNS, LINE, TREES))
    assert dump_explanation(ExplanationFile(COLUMNS, LINE, TREES)) == data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def _changed(**arrays: object) -> bytes:
    buffer = io.BytesIO()
    with np.load(io.BytesIO(dump_explanation(ExplanationFile(COLUMNS, LINE, LINEAR)))) as file:
        kept = {name: file[name] for name in file.files}
    np.savez(buffer, **{name: value for name, value in (kept | arrays).items() if value is not None})
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "no archive"),
        (b"no archive", "no archive"),
        (dump_explanation(ExplanationFile(COLUMNS, LINE, TREES))[:-40], "no archive"),
        (_changed(weight=None), "lacks 'weight'"),
        (_changed(kind="forest"), "lacks 'forest'"),
        (_changed(format=1), "format 1, this version reads 2"),
        (_changed(category=np.array(["female"], dtype=object)), "no archive of arrays"),
    ],
    ids=["empty", "other", "cut", "array", "kind", "format", "pickle"],
)
def test_another_file_is_refused_with_the_reason(data: bytes, problem: str) -> None:
    with pytest.raises(MalformedExplanation, match=problem):
        parse_explanation(data)


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_changed_byte_is_refused_or_changes_arrays_but_never_breaks_the_reader(place: int, change: int) -> None:
    data = bytearray(dump_explanation(ExplanationFile(COLUMNS, LINE, LINEAR)))
    data[place % len(data)] ^= change
    try:
        file = parse_explanation(bytes(data))
    except MalformedExplanation:
        return
    assert isinstance(file, ExplanationFile)
