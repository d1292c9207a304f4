"""Rows that repeat others, features and target, more often than chance explains.

Independent rows of few levels repeat each other too, and there leaving out one of them is right:
new rows will meet their equals.  So chance must fail twice: in y, given X, and in X, given half of
its columns.
"""

from dataclasses import dataclass

import numpy as np

from sk_renorm._checks.redundancy import redundancy_of_x
from sk_renorm._checks.rows_left_out import RowsLeftOut
from sk_renorm._checks.ties import (
    both,
    combined,
    combined_features,
    features,
    has_ties,
    labels,
    n_pairs,
    random_weights,
    some_rows,
)

WORTH = 1.02  # growth of the risk that is told
MANY, FEWEST = 0.01, 5  # rows that repeat others, as a part of all; different ones of them
# How many of the pairs that agree in X agree in y, beyond chance; enough where chance is rare; and
# by how many standard errors of their number if it were chance.
_SAME_TARGET = 0.8
_RARE, _SOME_TARGETS = 0.1, 0.2
_CLEAR = 4.0
# How surely rows that agree in half of X agree in all of it: counted in pairs, or in different
# rows, of which it must be so many in any case: one cell with many rows is not many copies.
_IN_PAIRS, _IN_ROWS, _AT_LEAST = 0.5, 0.4, 0.06
_NOTHING_LEFT = 1e-8  # of a row without its copies, where one minus its leverage is rounding


@dataclass(frozen=True)
class Copies:
    """What was found.

    Attributes
    ----------
    n_rows : int
        Number of rows that repeat another one, the first of each kind not counted.
    growth : float
        How many times larger the risk is if rows are left out with their copies.
    pair : tuple of int
        Two rows that are copies of each other.
    """

    n_rows: int
    growth: float
    pair: tuple[int, int]


def targets_tie(left: RowsLeftOut) -> bool:
    """Say whether enough rows have the target of another one, as all copies have."""
    return has_ties(combined(left.targets), _fewest(left))


def equal_rows(left: RowsLeftOut) -> Copies | None:
    """Return what rows repeat others, if that makes the risk larger and is not chance; or None.

    For rows whose `targets_tie`.  Copies have the same residual and target.  Most data end at a
    sort of these, and most of the rest where rows that agree in them are left out together, and the
    risk is no larger.
    """
    target = combined(left.targets)
    fitted = combined(np.column_stack([combined(left.slack * left.errors), target]))
    if not has_ties(fitted, _fewest(left)):
        return None
    if growth_of_groups(left, labels(fitted)) < WORTH:
        return None
    y, data = labels(target), left.rows
    combination = random_weights(features(data, some_rows(data)))
    x = labels(combined_features(data, np.arange(left.n), combination[:, None])[:, 0])
    groups = both(x, y)
    growth, sizes = growth_of_groups(left, groups), np.bincount(groups)
    if growth < WORTH or np.count_nonzero(sizes > 1) < FEWEST:
        return None
    if chance_explains_y(x, y, groups):
        return None
    in_pairs, in_rows = redundancy_of_x(data, combination, x)
    if not (in_rows >= _IN_ROWS or (in_pairs >= _IN_PAIRS and in_rows >= _AT_LEAST)):
        return None
    first = int(np.argmax(sizes[groups] > 1))
    second = int(np.flatnonzero(groups == groups[first])[1])
    return Copies(left.n - len(sizes), growth, (first, second))


def _fewest(left: RowsLeftOut) -> float:
    return max(FEWEST, MANY * left.n)


def growth_of_groups(left: RowsLeftOut, groups: np.ndarray) -> float:
    """Return how many times larger the risk is if rows are left out with all of their group.

    ``groups`` (n,) are labels of rows with the same features and targets.  Leverages of rows with
    the same x are ``w eta`` with one eta, and so is all of their block of the hat matrix: without a
    group the error is the residual over ``1 - eta sum(w)``.
    """
    times = np.bincount(groups, left.weights)[groups] / left.weights
    together = 1.0 - (1.0 - left.slack) * times[:, None]
    ratio = left.slack / np.maximum(together, _NOTHING_LEFT)
    return left.growth(slice(None), ratio * left.errors)


def chance_explains_y(x: np.ndarray, y: np.ndarray, groups: np.ndarray) -> bool:
    """Say whether rows equal in X agree in y hardly more often than any two rows do.

    From labels (n,) of equal features, of equal targets, and of both.
    """
    chance = n_pairs(y) / n_pairs(np.zeros_like(y))
    beyond = (n_pairs(groups) / n_pairs(x) - chance) / max(1.0 - chance, 1e-9)
    if beyond < (_SOME_TARGETS if chance <= _RARE else _SAME_TARGET):
        return True
    n_repeats, n_agree = (len(x) - 1 - labels.max() for labels in (x, groups))
    return n_agree - n_repeats * chance < _CLEAR * np.sqrt(n_repeats * chance * (1.0 - chance))
