"""From trees to the paths of their leaves, as the service adds them up."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from raretriage.bucket import TreePaths
from raretriage.release.trees import Tree

SMALLEST_SHARE = 1e-30
"""Instead of 0, for a branch that no training row took: a path's products can then be divided by each of its shares."""


class _Condition(NamedTuple):
    """All of a path's splits on one column."""

    column: int
    lower: float = -np.inf
    upper: float = np.inf
    takes_missing: bool = True


class _Step(NamedTuple):
    condition: _Condition
    share: float


_Path = Mapping[int, _Step]
"""By column."""


def tree_paths(bias: npt.NDArray[np.float64], trees: Sequence[Tree]) -> TreePaths:
    """Every leaf of every tree, one after the other."""
    leaves = [leaf for tree in trees for leaf in _leaves(tree)]
    steps = [step for _, path in leaves for step in path.values()]
    position: dict[_Condition, int] = {}
    condition = [position.setdefault(step.condition, len(position)) for step in steps]
    return TreePaths(
        bias=bias,
        leaf_value=np.array([value for value, _ in leaves], dtype=np.float64),
        path_length=np.array([len(path) for _, path in leaves], dtype=np.int32),
        condition=np.array(condition, dtype=np.int32),
        share=np.array([step.share for step in steps], dtype=np.float64),
        condition_column=np.array([c.column for c in position], dtype=np.int32),
        lower=np.array([c.lower for c in position], dtype=np.float32),
        upper=np.array([c.upper for c in position], dtype=np.float32),
        takes_missing=np.array([c.takes_missing for c in position], dtype=np.bool_),
    )


def _leaves(tree: Tree) -> Iterator[tuple[float, _Path]]:
    """Each leaf's value and the path to it."""
    waiting: list[tuple[int, _Path]] = [(0, {})]
    while waiting:
        node, path = waiting.pop()
        if tree.left[node] < 0:
            yield tree.value[node], path
            continue
        condition, share = path.get(tree.column[node], _Step(_Condition(tree.column[node]), 1.0))
        split, is_left = tree.split[node], tree.missing_left[node]
        below = condition._replace(upper=min(condition.upper, split), takes_missing=condition.takes_missing and is_left)
        above = condition._replace(
            lower=max(condition.lower, split), takes_missing=condition.takes_missing and not is_left
        )
        for child, narrower in ((tree.right[node], above), (tree.left[node], below)):
            part = share * tree.cover[child] / tree.cover[node] if tree.cover[node] else 0.0
            waiting.append((child, {**path, tree.column[node]: _Step(narrower, max(part, SMALLEST_SHARE))}))
