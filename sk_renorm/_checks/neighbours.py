"""Rows that predict their neighbours: how many times larger the risk is if these are left out too.

Rows left out singly make the risk too small for far rows if a row's neighbours carry its noise, or
what the fit has learned, and that is what leaving out blocks of them measures, in closed form, at
the penalty chosen.  No correlation of neighbours decides it: noise that is alike in rows that are
not costs nothing, and rows that are alike cost much where features outnumber them, though errors
then differ from one to the next.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from sk_renorm._checks.order import is_in_order
from sk_renorm._checks.rows_left_out import RowsLeftOut
from sk_renorm._risk import alike_block_errors, concentration

_FEWEST = 200  # rows; of fewer there are too few blocks
_CLEAR = 4.0  # standard errors of a lag-one correlation: then blocks are worth their while
_LONGEST = 64  # rows of a block, and at most a tenth of all
_BLOCKS = 64  # of one length
_FEWEST_BLOCKS = 8  # that have their digits
_PENALTIES = 8  # that targets may have of their own; of more, some targets stand for all
_MATTERS, _SURE = 0.06, 1.5  # growth worth a word, by so many standard errors
# Rows in the order of a feature only follow it as a rule: then growth goes with the length of a
# block.  Where neighbours say something, it grows less than this if blocks are four times as long.
_ENDS = 2.5
# Or it is large at once: in the order of a feature a row shares little with the few next to it but
# that feature, unless they are among the few at its ends.
_AT_ONCE = ((4, 0.2), (16, 0.3))  # rows of a block, and growth
_CERTAIN = 2.5  # standard errors of it


@dataclass(frozen=True)
class Growth:
    """How many times larger the risk is, and the standard error of that."""

    value: float
    error: float


GrowthOf = Callable[[int], Growth | None]  # by leaving out blocks of so many rows


@dataclass(frozen=True)
class Neighbours:
    """What leaving out neighbours says.

    Attributes
    ----------
    block : int
        Rows left out together.
    growth, error : float
        How many times larger the risk is then, and the standard error of that.
    matter : bool
        Whether it is worth a word, and not what rows do that come in the order of a feature.
    """

    block: int
    growth: float
    error: float
    matter: bool


def neighbours(left: RowsLeftOut) -> Neighbours | None:
    """Return what leaving out neighbours says, or None if there is no reason to.

    There is none in few rows, in rows that do not look alike, and in rows that come in the order of
    their targets, whose neighbours are alike by that.

    Notes
    -----
    The look takes two passes over the errors; after it ``k b**2 (r + b)`` multiply-adds for k of at
    most 64 sets of b rows, b at most 64, and as many random ones.
    """
    if left.n < _FEWEST or not 0.0 < left.power < np.inf:
        return None
    if not neighbours_are_alike(left.errors, left.targets - left.errors):
        return None
    if is_in_order(left.targets):
        return None
    growth, block = cache(partial(growth_of_blocks, _some_targets(left))), left.n // 10
    block = min(_LONGEST, block)
    found = growth(block)
    if found is None:
        return None
    matter = found.value - 1.0 >= max(_MATTERS, _SURE * found.error)
    if matter and is_in_order(left.rows.X):
        matter = _is_at_once(growth) or _ends(growth, block)
    return Neighbours(block, found.value, found.error, matter)


def neighbours_are_alike(errors: np.ndarray, predictions: np.ndarray) -> bool:
    """Say whether errors or predictions (n, q) of neighbours are correlated beyond chance."""
    n = len(errors)
    for columns in (errors, predictions):
        centred = columns - columns.mean(axis=0)
        power = np.square(centred).sum()
        size = abs(np.sum(centred[1:] * centred[:-1])) * np.sqrt(n)
        if size <= _CLEAR * power / np.sqrt(columns.shape[1]):
            continue  # not clear even if all targets were independent, which is costly to tell
        if size > _CLEAR * power * np.sqrt(concentration(centred)):
            return True
    return False


def growth_of_blocks(left: RowsLeftOut, b: int) -> Growth | None:
    """Return how much more the risk grows by leaving out blocks of ``b`` rows than random sets.

    Blocks are spread evenly; as many random sets tell what the lower number of training rows does.
    Standard errors are by the scatter of both.  None if too few have their digits.
    """
    blocks, anywhere = sets_of_rows(left.n, b)
    near, control = excess_losses(left, blocks), excess_losses(left, anywhere)
    near, control = near[np.isfinite(near)], control[np.isfinite(control)]
    if min(len(near), len(control)) < _FEWEST_BLOCKS:
        return None
    variance = near.var(ddof=1) / len(near) + control.var(ddof=1) / len(control)
    return Growth(1.0 + float(near.mean() - control.mean()), float(np.sqrt(variance)))


def excess_losses(left: RowsLeftOut, sets: np.ndarray) -> np.ndarray:
    """Return by how much the losses of each of ``sets`` (k, m) grow if it is left out.

    Mean over its rows, in units of the risk; NaN where digits are lost.
    """
    alone = np.square(left.errors).sum(axis=1)
    excess = np.empty(len(sets))
    for some, errors in alike_block_errors(left.f, sets, left.alpha):
        rows = sets[some]
        more = np.square(errors).sum(axis=2) - alone[rows]
        excess[some] = np.mean(left.in_risk[rows] * more, axis=1)
    return excess * left.n / left.power


def sets_of_rows(n: int, b: int) -> tuple[np.ndarray, np.ndarray]:
    """Return blocks (k, b) of neighbours, and random sets of the same shape."""
    k = n // b
    first = b * (np.arange(k) if k <= _BLOCKS else np.linspace(0, k - 1, _BLOCKS).astype(int))
    blocks = first[:, None] + np.arange(b)
    anywhere = np.random.default_rng(0).permutation(n)[: blocks.size]
    return blocks, anywhere.reshape(blocks.shape)


def _is_at_once(growth: GrowthOf) -> bool:
    """Say whether growth is large and certain in short blocks, whatever column is in order."""
    for b, large in _AT_ONCE:
        found = growth(b)
        if found is not None and found.value - 1.0 >= max(large, _CERTAIN * found.error):
            return True
    return False


def _ends(growth: GrowthOf, block: int) -> bool:
    """Say whether growth ends with the length of blocks, as that of a memory does."""
    for short, long in ((4, 16), (block // 4, block)):
        less, more = growth(short), growth(long)
        if less is None or more is None or more.value - 1.0 >= _ENDS * (less.value - 1.0):
            return False
    return True


def _some_targets(left: RowsLeftOut) -> RowsLeftOut:
    """Keep few of the targets if each has its own penalty, from the weakest to the strongest."""
    if len(left.alpha) <= _PENALTIES:
        return left
    places = np.linspace(0, len(left.alpha) - 1, _PENALTIES).astype(int)
    some = np.argsort(left.alpha, kind="stable")[places]
    f = replace(
        left.f,
        data=replace(left.f.data, targets=left.f.data.targets[:, some]),
        projections=left.f.projections[:, some],
        null_power=left.f.null_power[some],
    )
    targets, errors, slack = (a[:, some] for a in (left.targets, left.errors, left.slack))
    return RowsLeftOut(f, targets, errors, slack, left.alpha[some], left.in_risk)
