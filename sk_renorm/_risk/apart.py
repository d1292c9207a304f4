"""Rows that outweigh all others: left out by fits without them, as no factorization of all can.

Of a row a million times the others, what modes leave unexplained is lost in rounding.  A row that
owns a column has nothing left either; its formula is exact, and right as long as what other modes
hold of the row is, which falls with the square of the column's length.
"""

from collections.abc import Callable

import numpy as np

from sk_renorm._linalg import Factorization, HeldOut

_MOST = 16  # rows that are worth a fit each
_MAJORITY = 0.5  # of a mode
_HEAVY = 1e8  # times the spectrum below: of other modes' part in the row, half of the digits


def rows_apart(
    f: Factorization,
    lost: np.ndarray,
    hold_out: Callable[[np.ndarray, np.ndarray], HeldOut],
) -> dict[int, HeldOut]:
    """Refit without each of the rows that ``lost`` their digits, unless they own a light column.

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
    alone = [row for row in lost if _outweighs(f, row)] if len(lost) else []
    if len(alone) > _MOST:
        return {}
    every = np.arange(f.data.n_rows)
    return {int(row): hold_out(np.delete(every, row), np.array([row])) for row in alone}


def is_heavy(f: Factorization, rows: np.ndarray) -> bool:
    """Say whether ``rows`` are most of a mode that is heavy beside the rest of the spectrum."""
    if not f.rank or f.eigenvalues[-1] <= _HEAVY * f.eigenvalues[(f.rank - 1) // 2]:
        return False
    heavy = f.eigenvalues > _HEAVY * f.eigenvalues[(f.rank - 1) // 2]
    shares = np.square(f.vectors.left(rows)[:, heavy]).sum(axis=0)
    return bool((shares > _MAJORITY).any())


def _outweighs(f: Factorization, row: int) -> bool:
    """Say whether a row has no column of its own, or one in units that hide what else it holds."""
    return not f.data.has_own_column(row) or is_heavy(f, np.array([row]))
