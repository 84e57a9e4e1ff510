"""What the margin of the rare head is made of, as plain arrays: release writes the file, the service reads it.

The margin is the log-odds before the sigmoid and before `MarginLine`. The file is an `.npz` without pickles: a table of
how the graph's inputs become the estimator's columns (`InputColumns`), the line, and the paths of its trees
(`TreePaths`), its curves (`Curves`) or its weights (`LinearTerms`). Each field is one array under its own name.
"""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from raretriage.bucket.errors import MalformedExplanation

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]
TextArray = npt.NDArray[np.str_]

FORMAT = 2


@dataclass(frozen=True, slots=True)
class InputColumns:
    """How one patient's graph inputs become the estimator's c columns.

    A column is a number or a finding as it is, or, where it comes from a category, `unseen` unless the table of k
    known categories says otherwise.
    """

    inputs: TextArray
    """The contract's numeric names, categorical names and vocabulary, in this order."""
    source: IntArray
    """(c,) position in `inputs` of what each column comes from."""
    unseen: FloatArray
    """(c,) its number for a category that training never saw; 0 for a column that comes from none."""
    category_input: IntArray
    """(k,) position among the contract's categorical columns."""
    category: TextArray
    """(k,) the category."""
    category_column: IntArray
    """(k,) the column that it sets."""
    category_number: FloatArray
    """(k,) to what."""


@dataclass(frozen=True, slots=True)
class TreePaths:
    """Every leaf of every tree with the path to it: what path-dependent TreeSHAP needs, and no tree.

    A path is one entry a distinct column: the condition that a row must meet to follow it (all of the path's splits
    on the column in one), and the share of the training rows that do (the product of the cover ratios). The entries of
    all p = sum(path_length) lie one leaf after the other.

    Source: Lundberg et al. 2020, Nat Mach Intell 2:56.
    """

    bias: FloatArray
    """() the margin before any tree."""
    leaf_value: FloatArray
    """(leaves,)"""
    path_length: IntArray
    """(leaves,) distinct columns on the path; 0 for a tree that is a leaf."""
    condition: IntArray
    """(p,) position among the conditions."""
    share: FloatArray
    """(p,) in (0, 1]."""
    condition_column: IntArray
    """(conditions,)"""
    lower: Float32Array
    """(conditions,) met from here on, ..."""
    upper: Float32Array
    """(conditions,) ... below this, ..."""
    takes_missing: BoolArray
    """(conditions,) ... and whether by a missing value."""


@dataclass(frozen=True, slots=True)
class Curves:
    """A generalised additive model of c columns: each has a step curve of its own, and they add up.

    The curve of a column with k edges has k + 1 steps. The steps of all columns lie one column after the other.
    """

    bias: FloatArray
    """() the margin of the average training row: every curve's mean is 0 there."""
    edge: FloatArray
    """(e,) of each column ascending; a value on an edge is above it."""
    edge_column: IntArray
    """(e,) ascending."""
    step: FloatArray
    """(e + c,) what a value on each step adds."""
    missing: FloatArray
    """(c,) what a missing value adds."""


@dataclass(frozen=True, slots=True)
class LinearTerms:
    """A linear model of c columns: a column adds weight * (value - mean)."""

    bias: FloatArray
    """() the margin of the mean."""
    weight: FloatArray
    mean: FloatArray
    fill: FloatArray
    """(c,) each; `fill` stands for a missing value."""


Terms: TypeAlias = TreePaths | Curves | LinearTerms


@dataclass(frozen=True, slots=True)
class MarginLine:
    """Where a number is given, the graph's log-odds are slope * margin + intercept; where it is missing, the margin."""

    line_slope: FloatArray
    line_intercept: FloatArray
    line_input: IntArray
    """() each; the number's position in `inputs`."""


@dataclass(frozen=True, slots=True)
class ExplanationFile:
    """Everything that is needed to split the log-odds of one patient into parts."""

    columns: InputColumns
    line: MarginLine
    terms: Terms


Part = TypeVar("Part", bound=InputColumns | MarginLine | Terms)
_KINDS: dict[str, type[Terms]] = {"trees": TreePaths, "curves": Curves, "linear": LinearTerms}


def dump_explanation(explanation: ExplanationFile) -> bytes:
    """The file. Equal arrays give equal bytes: numpy writes its archives without the time."""
    kind = next(name for name, terms in _KINDS.items() if isinstance(explanation.terms, terms))
    parts = (explanation.columns, explanation.line, explanation.terms)
    arrays = {field.name: getattr(part, field.name) for part in parts for field in fields(part)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, format=np.array(FORMAT), kind=np.array(kind), **arrays)
    return buffer.getvalue()


def parse_explanation(data: bytes) -> ExplanationFile:
    """Read the file back.

    Raises:
        MalformedExplanation: it is no such archive, of another format, or lacks an array.
    """
    try:
        arrays = _arrays(data)
        if str(arrays["format"]) != str(FORMAT):
            raise MalformedExplanation(
                f"format {arrays['format']}, this version reads {FORMAT}: train and publish again"
            )
        return ExplanationFile(
            columns=_part(InputColumns, arrays),
            line=_part(MarginLine, arrays),
            terms=_part(_KINDS[str(arrays["kind"])], arrays),
        )
    except KeyError as error:
        raise MalformedExplanation(f"it lacks {error}: train and publish again") from error


def _part(kind: type[Part], arrays: Mapping[str, npt.NDArray[Any]]) -> Part:
    return kind(**{field.name: arrays[field.name] for field in fields(kind)})


def _arrays(data: bytes) -> dict[str, npt.NDArray[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {
                name.removesuffix(".npy"): np.lib.format.read_array(io.BytesIO(archive.read(name)), allow_pickle=False)
                for name in archive.namelist()
            }
    except Exception as error:  # the errors of zipfile, zlib and numpy have no common class of their own
        raise MalformedExplanation(f"it is no archive of arrays ({type(error).__name__}): publish again") from error
