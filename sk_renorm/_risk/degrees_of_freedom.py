"""Degrees of freedom and the effective ridge at any penalty, and their inverses.

Conventions: ``alpha`` is scikit-learn's (sum convention).  Below, ``n`` is the sum of the weights
less one for the intercept, ``ridge = alpha / n`` is the penalty per sample, and degrees of freedom
are traces without the intercept's one.
"""

import numpy as np
import scipy.optimize

from sk_renorm._linalg import Factorization


def effective_df(factorization: Factorization, alphas: np.ndarray) -> np.ndarray:
    """Return ``df = sum_k s_k / (s_k + alpha)`` for every penalty, in the shape of ``alphas``."""
    s = factorization.eigenvalues
    return (factorization.multiplicity * s / (s + np.asarray(alphas)[..., None])).sum(axis=-1)


def effective_df_error(factorization: Factorization, alphas: np.ndarray) -> np.ndarray:
    """Return the Monte-Carlo error of `effective_df`; zero where the trace is a sum over modes."""
    s, weights = factorization.eigenvalues, factorization.trace_weights
    if weights is None:
        return np.zeros_like(alphas)
    by_probe = (s / (s + np.asarray(alphas)[..., None])) @ weights
    return by_probe.std(axis=-1, ddof=1) / np.sqrt(weights.shape[1])


def effective_ridge(factorization: Factorization, alphas: np.ndarray) -> np.ndarray:
    """Return ``kappa = ridge / (1 - df / n) = alpha / (n - df)`` for every penalty.

    ``n - df`` is summed from positive terms, so nothing cancels as alpha -> 0; where the modes
    interpolate, the limit there is ``1 / sum_k 1 / s_k``.  Infinite where the weights sum to fewer
    rows than there are degrees of freedom.
    """
    alphas = np.asarray(alphas, dtype=float)
    gains = factorization.multiplicity / (factorization.eigenvalues + alphas[..., None])
    spare = factorization.n_modes - factorization.rank
    if spare == 0.0:
        return 1.0 / gains.sum(axis=-1) if factorization.rank else np.zeros_like(alphas)
    rest = spare + alphas * gains.sum(axis=-1)
    return np.divide(alphas, rest, out=np.full_like(alphas, np.inf), where=rest > 0.0)


def alpha_from_df(factorization: Factorization, df: float) -> float:
    """Return the penalty at which the model has ``df`` degrees of freedom."""
    rank = factorization.rank
    if not 0.0 < df <= rank:
        raise ValueError(
            f"effective_df must be above 0 and at most {rank:.9g}, the rank of the centred data; "
            f"got {df:g}."
        )
    return _solve(factorization, lambda alpha: effective_df(factorization, alpha) - df)


def alpha_from_ridge(factorization: Factorization, kappa: float) -> float:
    """Return the penalty at which the effective ridge is ``kappa``."""
    least = float(effective_ridge(factorization, np.array(0.0)))
    if not (least <= kappa < np.inf):
        raise ValueError(
            f"effective_ridge must be finite and at least {least:g}, its value for this data as "
            f"alpha goes to 0; got {kappa:g}."
        )

    def excess(alpha: float) -> float:
        return kappa - float(effective_ridge(factorization, np.array(alpha)))

    return _solve(factorization, excess)


def _solve(factorization: Factorization, decreasing) -> float:
    """Root in alpha of a decreasing function, by Brent's method in log alpha."""
    s = factorization.eigenvalues if factorization.rank else np.ones(1)  # any scale will do
    if decreasing(0.0) <= 0.0:
        return 0.0
    low, high = np.log(s[0]) - 40.0, np.log(s[-1])
    while decreasing(np.exp(high)) > 0.0:
        high += 5.0
    if decreasing(np.exp(low)) <= 0.0:  # within rounding of no shrinkage at all
        return 0.0
    root = scipy.optimize.brentq(lambda t: decreasing(np.exp(t)), low, high, xtol=1e-13, rtol=1e-14)
    return float(np.exp(root))
