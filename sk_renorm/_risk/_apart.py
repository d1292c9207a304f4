"""Rows that outweigh all others: left out by fits without them, as no factorization of all can.

Of a row a million times the others, what modes leave unexplained is lost in rounding.  A row that
owns a direction has nothing left either, and its formula is exact; which it is, the rows tell.
"""

from collections.abc import Callable

import numpy as np

from sk_renorm._linalg import Factorization, HeldOut

_MOST = 16  # rows that are worth a fit each
_MAJORITY = 0.5  # of a column's sum of squares: what the single row of a column has


def rows_apart(
    f: Factorization,
    lost: np.ndarray,
    hold_out: Callable[[np.ndarray, np.ndarray], HeldOut],
) -> dict[int, HeldOut]:
    """Refit without each of the rows that ``lost`` their digits, unless they own a column.

    Parameters
    ----------
    f : Factorization
        Of all rows, which it holds.
    lost : ndarray of shape (m,), int
        Rows of which rounding leaves nothing.
    hold_out : callable
        Returns `HeldOut` for row numbers to train on and to test on.

    Returns
    -------
    dict
        Row numbers, each with the fit to the others.  Empty if there are more than 16, which share
        directions among them rather than outweigh the others.
    """
    alone = [row for row in lost if not _owns_a_column(f, row)] if len(lost) else []
    if len(alone) > _MOST:
        return {}
    every = np.arange(f.data.n_rows)
    return {int(row): hold_out(np.delete(every, row), np.array([row])) for row in alone}


def _owns_a_column(f: Factorization, row: int) -> bool:
    """Say whether some feature has one value in all other rows."""
    data = f.data
    squares = np.square(data.rows(np.array([row]))[0])
    for column in np.flatnonzero(squares > _MAJORITY * data.column_power()):
        others = np.delete(data.columns(np.array([column]))[:, 0], row)
        if data.root_weight is not None:
            others = others / np.delete(data.root_weight, row)
        if np.ptp(others) <= 4.0 * np.finfo(float).eps * np.abs(data.x_mean[column]):
            return True
    return False
