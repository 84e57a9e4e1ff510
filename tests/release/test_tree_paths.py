"""From a tree to its leaves' paths, on a tree small enough to read."""

import numpy as np

from raretriage.release.tree_paths import SMALLEST_SHARE, tree_paths
from raretriage.release.trees import Tree

LEAF = Tree(left=[-1], right=[-1], column=[0], split=[0.0], missing_left=[False], cover=[0], value=[0.5])
TWICE = Tree(  # below 2, and there below 1 or from 1 on
    left=[1, 2, -1, -1, -1],
    right=[4, 3, -1, -1, -1],
    column=[7, 7, 0, 0, 0],
    split=[2.0, 1.0, 0.0, 0.0, 0.0],
    missing_left=[True, False, False, False, False],
    cover=[8, 4, 1, 3, 4],
    value=[0.0, 0.0, 10.0, 20.0, 30.0],
)


def test_splits_on_one_column_become_one_condition_and_their_shares_one_share() -> None:
    paths = tree_paths(np.array(-1.0), [TWICE])
    assert (float(paths.bias), paths.leaf_value.tolist()) == (-1.0, [10, 20, 30])
    assert paths.path_length.tolist() == [1, 1, 1]
    assert paths.condition_column.tolist() == [7, 7, 7]
    assert (paths.lower.tolist(), paths.upper.tolist()) == ([-np.inf, 1, 2], [1, 2, np.inf])
    assert paths.takes_missing.tolist() == [False, True, False]
    assert paths.share.tolist() == [1 / 8, 3 / 8, 1 / 2]


def test_a_tree_that_is_a_leaf_has_a_path_without_conditions() -> None:
    paths = tree_paths(np.array(0.0), [LEAF, TWICE])
    assert paths.path_length.tolist() == [0, 1, 1, 1]
    assert paths.leaf_value[0] == 0.5


def test_a_branch_that_no_training_row_took_has_the_smallest_share() -> None:
    for cover in ([8, 4, 0, 4, 4], [8, 0, 0, 0, 8]):
        tree = Tree(TWICE.left, TWICE.right, TWICE.column, TWICE.split, TWICE.missing_left, cover, TWICE.value)
        assert tree_paths(np.array(0.0), [tree]).share[0] == SMALLEST_SHARE
