"""A few hundred nodes that stand for any number of eigenvalues, to rounding.

Every sum of the theory is ``sum_k c_k f(ln eta_k)`` where f is a product of the fractions
``L = 1 / (1 + kappa / eta)`` and ``U = 1 - L``.  As a function of ``ln eta`` both are analytic in
the strip ``|Im| < pi``, whatever kappa > 0 is.  On an interval of length 1 the polynomial through K
Chebyshev points therefore errs by about ``(2 pi + sqrt(4 pi**2 + 1))**-K = 12.6**-K``; and since f
changes by less than a factor e**3 there, the error is relative.  Moving each eigenvalue to its
interval's Chebyshev points, with the Lagrange weights, changes no sum beyond rounding.
"""

from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev

from sk_renorm.theory._arguments import FloatArray

_POINTS = 16  # 12.6**-16 = 2e-18; the rest is for the triple poles of L**a U**b
_MANY_MODES, _MANY_POINTS = 1000, 32  # where the nodes pay for themselves


class Measure(NamedTuple):
    """Positive eigenvalues and one row of weights for each kind of sum."""

    eta: FloatArray
    weights: FloatArray


def pays(n_modes: int, kappa: FloatArray) -> bool:
    """Return whether to compress: many sums over many modes, no kappa < 0 (a pole on the axis)."""
    return n_modes >= _MANY_MODES and kappa.size >= _MANY_POINTS and bool((kappa >= 0.0).all())


def compress(eta: FloatArray, weights: FloatArray) -> Measure:
    """Return a short measure with the same sums, for positive ``eta`` (p,) and weights (t, p).

    Intervals that hold fewer eigenvalues than nodes keep them as they are.  O(p), a few
    milliseconds for 10,000 eigenvalues.
    """
    if len(eta) <= _POINTS:
        return Measure(eta, weights)
    order = np.argsort(-eta)
    log_eta, weights = np.log(eta[order]), weights[:, order]
    interval = np.floor(log_eta[0] - log_eta).astype(int)
    starts = np.flatnonzero(np.diff(interval, prepend=-1))
    stops = np.append(starts[1:], len(eta))
    middle = log_eta[0] - interval - 0.5
    polynomials = chebyshev.chebvander(2.0 * (log_eta - middle), _POINTS - 1)
    x = chebyshev.chebpts1(_POINTS)
    # values at Chebyshev points -> coefficients; its transpose turns moments into weights
    transform = chebyshev.chebvander(x, _POINTS - 1) * (2.0 / _POINTS)
    transform[:, 0] *= 0.5
    nodes, shares = [], []
    for start, stop in zip(starts, stops, strict=True):
        if stop - start <= _POINTS:
            nodes.append(eta[order[start:stop]])
            shares.append(weights[:, start:stop])
            continue
        moments = weights[:, start:stop] @ polynomials[start:stop]
        nodes.append(np.exp(middle[start] + 0.5 * x))
        shares.append(moments @ transform.T)
    return Measure(np.concatenate(nodes), np.concatenate(shares, axis=1))
