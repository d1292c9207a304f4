"""The noise that is the same for rows near and far, from leave-one-out errors and leverages.

A row ``x = sqrt(tau) z`` of size tau has leverage ``h = tau / (tau + row_kappa)``, and errors with
``E e^2 = even + tau slope``: the error of the coefficients, and noise that grows as rows do, are in
the slope.
"""

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk.degrees_of_freedom import effective_df

_ROUNDING = 1e-10  # of leverages that are one, and of variances that are none


def even_noise(
    f: Factorization, penalties: np.ndarray, errors: np.ndarray, slack: np.ndarray
) -> np.ndarray | None:
    """Return the part of the risk (q,) that does not grow with the size of a row.

    By regression, ``(1 - h) e^2 = even (1 - h) + row_kappa slope h``, so that rows of high leverage
    count no more than others.  Unbiased, and so it may be negative.

    Parameters
    ----------
    f : Factorization
        Of all rows.
    penalties : ndarray of shape (1,) or (q,)
        One for all targets, or one for each.
    errors : ndarray of shape (n, q)
        Leave-one-out errors of these rows there, or of a sample of them.
    slack : ndarray of shape (n, 1) or (n, q)
        One minus their leverages, up to a factor.

    Returns
    -------
    ndarray of shape (q,) or None
        None if rows have weights, which make other sizes of them.
    """
    root = f.data.root_weight
    if root is not None and np.ptp(root) > _ROUNDING * root[0]:
        return None
    most = 1.0 - f.data.fit_intercept / f.data.n_rows  # of leverage and rest together
    mean = most - effective_df(f, penalties) / f.data.n_rows
    slack = slack / slack.mean(axis=0) * np.maximum(mean, _ROUNDING)
    leverage = most - slack
    squares = slack * np.square(errors)
    by_slack, by_leverage = (slack * squares).sum(axis=0), (leverage * squares).sum(axis=0)
    both, of_leverage = (slack * leverage).sum(axis=0), np.square(leverage).sum(axis=0)
    determinant = len(slack) ** 2 * most**2 * slack.var(axis=0)
    known = determinant > _ROUNDING * np.square(slack.sum(axis=0))
    even = by_slack * of_leverage - by_leverage * both
    return np.divide(even, determinant, out=np.zeros_like(even), where=known)
