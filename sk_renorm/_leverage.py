"""Rows that the risk rests on: few, far from all others, and missed by the models without them."""

from dataclasses import dataclass

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk import remaining_shares

# Together: at most so many rows, each with less than half of the usual one minus leverage, that
# carry a quarter of the risk and twelve times what as many rows should: of Gaussian rows, near
# interpolation too, less than one set in a hundred has them.
_MOST_ROWS = 5
_FEWEST = 50  # rows; of fewer, some always carry much
_LITTLE_LEFT = 0.5
_MUCH = 0.25
_TIMES = 12.0
_EXACT = 1e-16  # of the power of y: errors below are rounding


@dataclass(frozen=True)
class DecisiveRows:
    """A few rows that carry much of the risk.

    Attributes
    ----------
    rows : ndarray of shape (m,)
        Their positions, the most decisive first.
    share : float
        Part of the risk that they carry together.
    """

    rows: np.ndarray
    share: float


def decisive_rows(
    f: Factorization, alpha: np.ndarray, errors: np.ndarray, weights: np.ndarray | None
) -> DecisiveRows | None:
    """Return the rows of high leverage that most of the risk comes from, or None.

    A row whose error is large and whose leverage is not is an outlier, which error bars show.  One
    that also has leverage is the only one to know a direction: the model with it has learned what
    the model without it could not, so its error says little of other rows.

    Parameters
    ----------
    f : Factorization
        Of the rows.
    alpha : ndarray of shape (1,) or (q,)
        Penalty.
    errors : ndarray of shape (n, q)
        Leave-one-out errors.
    weights : ndarray of shape (n,) or None
        How much rows count in the risk.
    """
    if len(errors) < _FEWEST:
        return None
    losses = np.square(errors)
    losses = losses if weights is None else losses * weights[:, None]
    # one penalty: one risk, the mean over targets; else the mean of what rows have of each
    losses = losses if len(alpha) > 1 else losses.sum(axis=1, keepdims=True)
    total, power = losses.sum(axis=0), np.square(f.projections).sum() + f.null_power.sum()
    exact = total <= _EXACT * power
    shares = np.divide(losses, total, out=np.zeros_like(losses), where=~exact).mean(axis=1)
    largest = np.argpartition(shares, -_MOST_ROWS)[-_MOST_ROWS:]
    largest = largest[np.argsort(-shares[largest])]
    if shares[largest].sum() < _MUCH:
        return None
    rows = largest[_relative_rest(f, alpha, largest) < _LITTLE_LEFT]
    share = float(shares[rows].sum())
    many = max(_MUCH, _TIMES * len(rows) / len(shares))
    return DecisiveRows(rows, share) if share >= many else None


def _relative_rest(f: Factorization, alpha: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return one minus the leverages of some rows (m,) over the mean of all, over penalties too."""
    left, spare = remaining_shares(f, alpha)
    block = f.left_block(rows)
    rest = block.squares @ left + block.null[:, None]
    return (rest / ((left.sum(axis=0) + spare) / f.data.n_rows)).mean(axis=1)
