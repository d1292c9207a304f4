"""Choice: a penalty evaluated."""

from dataclasses import dataclass

import numpy as np

from sk_renorm._risk import LossSums


@dataclass(frozen=True)
class Choice:
    """One penalty, or one per target, evaluated.

    Attributes
    ----------
    alpha, loss, risk : ndarray of shape (1,) or (q,)
        For all targets together, or one of each per target.
    errors : ndarray of shape (n, q) or None
        Held-out errors, NaN for rows never held out; None, as the next two, if they come later.
    leverage_dispersion : ndarray of shape (1,) or (q,), or None
        Standard deviation over mean of one minus the leverage.
    slack : ndarray of shape (n, 1) or (n, q), or None
        One minus the leverages, up to a factor; None where rows are not left out singly, too.
    nodes, sums : ndarray of shape (K,) and LossSums, or None
        Sums over errors at other penalties, where these were taken along.
    """

    alpha: np.ndarray
    loss: np.ndarray
    risk: np.ndarray
    errors: np.ndarray | None = None
    leverage_dispersion: np.ndarray | None = None
    slack: np.ndarray | None = None
    nodes: np.ndarray | None = None
    sums: LossSums | None = None
