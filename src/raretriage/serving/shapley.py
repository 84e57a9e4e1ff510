"""One patient's margin, split exactly among the graph's inputs: numpy alone.

For trees the parts are path-dependent TreeSHAP (Lundberg et al. 2020, Nat Mach Intell 2:56) in the closed form of a sum
over leaves. With o_j in {0, 1} for whether the row meets the path's condition on column j, and z_j for the share of the
training rows that do, a leaf of value v gives column i

    v (o_i - z_i) * integral from 0 to 1 of prod over j != i of ((1 - t) z_j + t o_j) dt.

The integrand is a polynomial of degree d - 1 for a path of d columns, so ceil(d / 2) Gauss-Legendre nodes are exact.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from raretriage.bucket import Curves, InputColumns, LinearTerms, Terms, TreePaths, parse_explanation
from raretriage.features import FeatureContract, ModelInput
from raretriage.serving.errors import ModelUnusable

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class MarginParts:
    """base + inputs.sum() = margin, in log-odds."""

    base: float
    """The margin of the model's average patient."""
    margin: float
    inputs: FloatArray
    """What each input adds, in the contract's order: numeric, categorical, vocabulary."""

    @property
    def probability(self) -> float:
        return float(1 / (1 + np.exp(-self.margin)))


class MarginExplainer:
    """Splits margins of one model. Safe for several threads."""

    def __init__(self, data: bytes, contract: FeatureContract) -> None:
        """Read the file and check that it is about these inputs.

        Raises:
            MalformedExplanation: the file cannot be read.
            ModelUnusable: it explains a model with other inputs.
        """
        file = parse_explanation(data)
        wanted = (*contract.numeric, *contract.categorical, *contract.vocabulary)
        if tuple(file.columns.inputs.tolist()) != wanted:
            raise ModelUnusable("the explanation is of a model with other inputs: train and publish again")
        self._columns = file.columns
        self._is_category = np.isin(file.columns.source, len(contract.numeric) + np.arange(len(contract.categorical)))
        self._line = file.line
        self._terms = _splitter(file.terms)

    def parts(self, row: ModelInput) -> MarginParts:
        """Of one patient: `row` has a single row."""
        values = _column_values(row, self._columns, self._is_category)
        margin, by_column = self._terms.split(values)
        inputs = _added_up(self._columns.source, by_column, len(self._columns.inputs))
        if np.isnan(row.numeric[0, int(self._line.line_input)]):
            return MarginParts(base=self._terms.base, margin=margin, inputs=inputs)
        # Each part is as steep as the whole, and the shift is in none of them.
        slope, intercept = float(self._line.line_slope), float(self._line.line_intercept)
        return MarginParts(
            base=slope * self._terms.base + intercept, margin=slope * margin + intercept, inputs=slope * inputs
        )


def _splitter(terms: Terms) -> "_Leaves | _Steps | _Linear":
    match terms:
        case TreePaths():
            return _Leaves(terms)
        case Curves():
            return _Steps(terms)
        case LinearTerms():
            return _Linear(terms)


def _column_values(row: ModelInput, columns: InputColumns, is_category: npt.NDArray[np.bool_]) -> FloatArray:
    """The estimator's columns; NaN where a number is missing."""
    [numeric], [categories], [findings] = row.numeric, row.categorical, row.phenotypes
    inputs = np.concatenate([numeric, np.zeros(len(categories)), findings])
    values = np.where(is_category, columns.unseen, inputs[columns.source])
    is_given = categories[columns.category_input] == columns.category
    values[columns.category_column[is_given]] = columns.category_number[is_given]
    return values


class _Linear:
    def __init__(self, terms: LinearTerms) -> None:
        self._terms = terms
        self.base = float(terms.bias)
        # On its own, from no column: what the parts are to sum to.
        self._intercept = self.base - float(terms.weight @ terms.mean)

    def split(self, values: FloatArray) -> tuple[float, FloatArray]:
        terms = self._terms
        filled = np.where(np.isnan(values), terms.fill, values)
        return self._intercept + float(terms.weight @ filled), terms.weight * (filled - terms.mean)


class _Steps:
    def __init__(self, curves: Curves) -> None:
        self._curves = curves
        self.base = float(curves.bias)
        steps = 1 + np.bincount(curves.edge_column, minlength=len(curves.missing))
        self._first = np.cumsum(steps) - steps

    def split(self, values: FloatArray) -> tuple[float, FloatArray]:
        curves = self._curves
        is_passed = curves.edge <= values[curves.edge_column]
        passed = np.bincount(curves.edge_column[is_passed], minlength=len(values))
        added = np.where(np.isnan(values), curves.missing, curves.step[self._first + passed])
        return self.base + float(added.sum()), added


@dataclass(frozen=True, slots=True)
class _Group:
    """The n leaves whose paths have d columns. Path entries are (d, n): one leaf a column, so that numpy's inner loops
    run over many leaves."""

    value: FloatArray
    condition: IndexArray
    share: FloatArray
    nodes: tuple[tuple[float, float], ...]
    """Places in (0, 1) and their weights."""


class _Leaves:
    def __init__(self, paths: TreePaths) -> None:
        self._paths = paths
        self._groups = _groups(paths)
        self._bias = float(paths.bias) + float(paths.leaf_value[paths.path_length == 0].sum())
        expected = (float(group.value @ group.share.prod(axis=0)) for group in self._groups)
        self.base = self._bias + sum(expected)

    def split(self, values: FloatArray) -> tuple[float, FloatArray]:
        paths = self._paths
        value = values[paths.condition_column]
        is_met = (paths.lower <= value) & (value < paths.upper) | paths.takes_missing & np.isnan(value)
        met = is_met.astype(np.float64)
        margin, by_condition = self._bias, np.zeros(len(met))
        for group in self._groups:
            follows = met[group.condition]
            margin += float(group.value @ follows.min(axis=0))
            added = _shapley(group, follows)
            by_condition += _added_up(group.condition.ravel(), added.ravel(), len(met))
        return margin, _added_up(paths.condition_column, by_condition, len(values))


def _added_up(place: npt.NDArray[np.integer[Any]], amounts: FloatArray, places: int) -> FloatArray:
    return np.bincount(place, weights=amounts, minlength=places).astype(np.float64, copy=False)


def _shapley(group: _Group, follows: FloatArray) -> FloatArray:
    """What every column of every path adds, shape (d, n)."""
    difference = follows - group.share
    integral = np.zeros_like(difference)
    factor = np.empty_like(
        difference
    )  # written over again and again: new memory for each step costs as much as the step
    for place, weight in group.nodes:
        np.multiply(difference, place, out=factor)
        factor += group.share
        np.divide(weight * factor.prod(axis=0), factor, out=factor)
        integral += factor
    integral *= difference
    integral *= group.value
    return integral


def _groups(paths: TreePaths) -> tuple[_Group, ...]:
    first = np.cumsum(paths.path_length) - paths.path_length
    groups = []
    for length in sorted(set(paths.path_length.tolist()) - {0}):
        leaves = np.flatnonzero(paths.path_length == length)
        entries = first[leaves] + np.arange(length)[:, np.newaxis]
        places, weights = np.polynomial.legendre.leggauss((length + 1) // 2)
        groups.append(
            _Group(
                value=paths.leaf_value[leaves],
                condition=paths.condition[entries].astype(np.intp),
                share=paths.share[entries].astype(np.float64),
                nodes=tuple(zip(((places + 1) / 2).tolist(), (weights / 2).tolist(), strict=True)),
            )
        )
    return tuple(groups)
