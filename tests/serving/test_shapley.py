"""The split of a margin, against Shapley's definition written out."""

from itertools import combinations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raretriage.bucket import (
    Curves,
    ExplanationFile,
    InputColumns,
    LinearTerms,
    MarginLine,
    Terms,
    TreePaths,
    dump_explanation,
)
from raretriage.features import FeatureContract, ModelInput
from raretriage.serving import ModelUnusable
from raretriage.serving.shapley import MarginExplainer
from tests.serving.tiny_model import AS_IT_IS

NUMBERS = tuple(f"n{i}" for i in range(5))
CONTRACT = FeatureContract(
    numeric=NUMBERS, categorical=("sex", "age_band"), vocabulary=("HP:0001250",), knowledge_version="toy-1"
)
INPUTS = (*CONTRACT.numeric, *CONTRACT.categorical, *CONTRACT.vocabulary)
COLUMNS = InputColumns(
    inputs=np.array(INPUTS),
    # age_band as one number, sex as two columns, as an ordinal and a one-hot encoder give them
    source=np.array([0, 1, 2, 3, 4, 6, 5, 5, 7], dtype=np.int32),
    unseen=np.array([0, 0, 0, 0, 0, -1, 0, 0, 0], dtype=np.float64),
    category_input=np.array([1, 1, 0, 0], dtype=np.int32),
    category=np.array(["infant", "child", "female", "male"]),
    category_column=np.array([5, 5, 6, 7], dtype=np.int32),
    category_number=np.array([0.0, 1.0, 1.0, 1.0]),
)


def row_of(numbers: list[float], sex: str = "", band: str = "", finding: float = 0.0) -> ModelInput:
    return ModelInput(
        numeric=np.array([numbers], dtype=np.float32),
        categorical=np.array([[sex, band]], dtype=object),
        phenotypes=np.array([[finding]], dtype=np.float32),
    )


def explainer(terms: Terms, line: MarginLine = AS_IT_IS) -> MarginExplainer:
    return MarginExplainer(dump_explanation(ExplanationFile(COLUMNS, line, terms)), CONTRACT)


Leaf = tuple[float, dict[int, float]]
"""Its value, and the share of training rows by column; the condition on every column is: from 0 on."""


def paths_of(leaves: list[Leaf], bias: float) -> TreePaths:
    steps = [step for _, path in leaves for step in path.items()]
    return TreePaths(
        bias=np.array(bias),
        leaf_value=np.array([value for value, _ in leaves], dtype=np.float64),
        path_length=np.array([len(path) for _, path in leaves], dtype=np.int32),
        condition=np.array([column for column, _ in steps], dtype=np.int32),
        share=np.array([share for _, share in steps], dtype=np.float64),
        condition_column=np.arange(5, dtype=np.int32),
        lower=np.zeros(5, dtype=np.float32),
        upper=np.full(5, np.inf, dtype=np.float32),
        takes_missing=np.arange(5) % 2 == 0,
    )


def by_definition(leaves: list[Leaf], follows: list[bool]) -> list[float]:
    """Over all coalitions of the five numbers, what each adds on average."""

    def worth(known: frozenset[int]) -> float:
        return sum(
            value * np.prod([float(follows[j]) if j in known else share for j, share in path.items()])
            for value, path in leaves
        )

    players, parts = frozenset(range(5)), []
    for i in range(5):
        others = players - {i}
        parts.append(
            sum(
                factorial(size) * factorial(4 - size) / factorial(5) * (worth(known | {i}) - worth(known))
                for size in range(5)
                for known in map(frozenset, combinations(others, size))
            )
        )
    return parts


_SHARES = st.sampled_from([1e-30, 0.125, 0.25, 0.5, 0.875, 1.0])
_LEAVES = st.lists(
    st.tuples(st.floats(-3, 3), st.dictionaries(st.integers(0, 4), _SHARES, max_size=5)), min_size=1, max_size=8
)


@settings(deadline=None)
@given(_LEAVES, st.lists(st.sampled_from([-1.0, 0.0, 2.0, np.nan]), min_size=5, max_size=5), st.floats(-3, 3))
def test_the_parts_are_shapleys_for_every_path_length(leaves: list[Leaf], numbers: list[float], bias: float) -> None:
    follows = [bool(np.isnan(x)) if i % 2 == 0 and np.isnan(x) else bool(x >= 0) for i, x in enumerate(numbers)]
    parts = explainer(paths_of(leaves, bias)).parts(row_of(numbers))
    assert parts.inputs[:5].tolist() == pytest.approx(by_definition(leaves, follows), abs=1e-7)
    assert not parts.inputs[5:].any()
    assert parts.base + parts.inputs.sum() == pytest.approx(parts.margin, rel=1e-9, abs=1e-9)
    reached = [value for value, path in leaves if all(follows[j] for j in path)]
    assert parts.margin == pytest.approx(bias + sum(reached), abs=1e-9)


@pytest.mark.parametrize(
    ("value", "is_met"),
    [(0.5, True), (np.nextafter(np.float32(0.5), np.float32(0)), False), (1.5, False), (1.25, True)],
)
def test_a_condition_holds_from_its_lower_end_on_and_below_its_upper(value: float, is_met: bool) -> None:
    paths = TreePaths(
        bias=np.array(0.0),
        leaf_value=np.array([1.0]),
        path_length=np.array([1], dtype=np.int32),
        condition=np.array([0], dtype=np.int32),
        share=np.array([0.5], dtype=np.float64),
        condition_column=np.array([0], dtype=np.int32),
        lower=np.array([0.5], dtype=np.float32),
        upper=np.array([1.5], dtype=np.float32),
        takes_missing=np.array([False]),
    )
    parts = explainer(paths).parts(row_of([value, 0, 0, 0, 0]))
    assert (parts.base, parts.margin) == (0.5, float(is_met))


LINEAR = LinearTerms(
    bias=np.array(0.5),
    weight=np.array([1, 0, 0, 0, 0, 10, 100, 1000, 5], dtype=np.float64),
    mean=np.array([2, 0, 0, 0, 0, 0.5, 0.25, 0.5, 0], dtype=np.float64),
    fill=np.array([7, 0, 0, 0, 0, 0, 0, 0, 0], dtype=np.float64),
)


@pytest.mark.parametrize(
    ("row", "number", "sex", "band", "finding"),
    [
        (row_of([3, 0, 0, 0, 0], "male", "child", 1), 1, 500 - 25, 5, 5),
        (row_of([np.nan, 0, 0, 0, 0], "female", "infant", -1), 5, 75 - 500, -5, -5),
        (row_of([2, 0, 0, 0, 0], "", ""), 0, -525, -15, 0),
        (row_of([2, 0, 0, 0, 0], "a word never seen", "child"), 0, -525, 5, 0),
    ],
)
def test_one_hot_columns_add_up_and_unseen_categories_are_what_the_encoders_make_of_them(
    row: ModelInput, number: float, sex: float, band: float, finding: float
) -> None:
    parts = explainer(LINEAR).parts(row)
    assert dict(zip(INPUTS, parts.inputs.tolist(), strict=True)) == dict.fromkeys(INPUTS, 0) | {
        "n0": number,
        "sex": sex,
        "age_band": band,
        "HP:0001250": finding,
    }
    assert parts.base == 0.5
    assert parts.margin == pytest.approx(0.5 + number + sex + band + finding)


@pytest.mark.parametrize(
    ("value", "added"), [(-np.inf, -1), (1.9, -1), (2, 3), (4.9, 3), (5, 10), (np.inf, 10), (np.nan, 0.5)]
)
def test_a_curve_adds_the_step_that_the_value_is_on_and_another_number_where_it_is_missing(value, added) -> None:
    curves = Curves(
        bias=np.array(0.5),
        edge=np.array([2, 5, 0.5]),
        edge_column=np.array([0, 0, 8], dtype=np.int32),
        step=np.array([-1, 3, 10, 0, 0, 0, 0, 0, 0, 0, -100, 100], dtype=np.float64),
        missing=np.array([0.5, 0, 0, 0, 0, 0, 0, 0, 0]),
    )
    parts = explainer(curves).parts(row_of([value, 0, 0, 0, 0], finding=1))
    assert (parts.inputs[INPUTS.index("n0")], parts.inputs[INPUTS.index("HP:0001250")]) == (added, 100)
    assert (parts.base, parts.margin) == (0.5, 0.5 + added + 100)


def test_the_parts_of_a_margin_on_a_line_are_as_steep_as_the_whole_where_the_lines_number_is_given() -> None:
    line = MarginLine(np.array(2.0), np.array(-0.25), np.array(1, dtype=np.int32))
    given, missing = row_of([3, 0, 0, 0, 0], "male", "child", 1), row_of([3, np.nan, 0, 0, 0], "male", "child", 1)
    for row, slope, intercept in ((given, 2.0, -0.25), (missing, 1.0, 0.0)):
        plain, moved = explainer(LINEAR).parts(row), explainer(LINEAR, line).parts(row)
        assert np.allclose(moved.inputs, slope * plain.inputs)
        assert moved.base == slope * plain.base + intercept
        assert moved.margin == pytest.approx(moved.base + moved.inputs.sum())


def test_a_file_about_other_inputs_is_refused() -> None:
    data = dump_explanation(ExplanationFile(COLUMNS, AS_IT_IS, LINEAR))
    other = CONTRACT.model_copy(update={"numeric": (*NUMBERS[1:], NUMBERS[0])})
    with pytest.raises(ModelUnusable, match="other inputs"):
        MarginExplainer(data, other)
