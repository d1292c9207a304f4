"""Evaluation: what an estimate says of the penalty chosen, and of the path for its error bars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sk_renorm._risk._uncertainty import LossSums

Rows = slice | np.ndarray


@dataclass(frozen=True)
class Evaluation:
    """One penalty, or one per target, evaluated.

    Attributes
    ----------
    errors : list of (rows, ndarray of shape (m, 1, q))
        Held-out errors, set by set, in the unit of y.
    risk : ndarray of shape (q,)
        Estimated risk.
    leverage_dispersion : ndarray of shape (1,) or (q,)
        Standard deviation over mean of one minus the leverage.
    sums : LossSums
        Of the held-out errors at the nodes of the profile.
    by_row : LossSums
        The same for rows left out singly, or by group if they come in groups: folds leave out too
        much for what is said of other numbers of rows.  Without risk weights: of the population
        that the rows come from.
    left : ndarray of shape (n, 1) or (n, q), or None
        One minus the leverages, up to a factor.
    even_noise : ndarray of shape (q,) or None
        Part of the risk that does not grow with the size of a row, see `even_noise`; None where
        rows were not left out singly, or have weights.
    """

    errors: Sequence[tuple[Rows, np.ndarray]]
    risk: np.ndarray
    leverage_dispersion: np.ndarray
    sums: LossSums
    by_row: LossSums
    left: np.ndarray | None = None
    even_noise: np.ndarray | None = None


def pooled_risk(errors: Iterable[tuple[Rows, np.ndarray]], weights: np.ndarray) -> np.ndarray:
    """Weighted mean squared error (L, q) over all rows of all sets of errors (m, L, q)."""
    total, total_weight = 0.0, 0.0
    for rows, e in errors:
        total = total + np.einsum("b,blq,blq->lq", weights[rows], e, e)
        total_weight += weights[rows].sum()
    return total / total_weight
