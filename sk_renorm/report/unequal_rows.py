"""Rows of unequal size, ``x_i = sqrt(tau_i) z_i``: what leverages say of other numbers of rows.

With sizes tau of mean one, independent of z, a row has leverage ``tau / (tau + row_kappa)``, and

    df1 = sum_i tau_i / (tau_i + row_kappa),    alpha = kappa row_kappa df1,
    gamma = (df2 / df1) sum_i (tau_i / (tau_i + row_kappa))**2 / df1.

Noise that is the same for rows of all sizes adds to the risk of a fit by ``gamma_even``, which has
``tau_i / (tau_i + row_kappa)**2`` in the sum; noise that grows as they do, and bias, by gamma.
Equal rows have ``gamma = gamma_even = df2 / n`` and ``row_kappa = n / df1 - 1``.  Sizes are taken
for lognormal, of the spread that explains how leverages scatter.  `weighted_risk` in `theory` has
the same rows with sizes known.
"""

from dataclasses import dataclass

import numpy as np

_N_SIZES = 20  # for spreads up to the largest, to 1e-3 of gamma
_WIDEST = 4.0  # variance of log tau; beyond, single rows decide
_CONVERGED = 1e-9  # last step of Newton's method, which squares what is left
_STEPS, _BISECTIONS = 50, 22
_LEAST = 1e-6  # mean leverage, of which the scatter can be told from rounding
_TINY = 1e-12

_NORMALS, _weights = np.polynomial.hermite_e.hermegauss(_N_SIZES)
_SHARES = _weights / _weights.sum()


@dataclass(frozen=True)
class RowAverages:
    """Averages over rows at K degrees of freedom, with ``h = tau / (tau + row_kappa)``.

    Attributes
    ----------
    row_kappa : ndarray of shape (K,)
        Such that the mean of h is as given.
    rest : ndarray of shape (K,)
        ``row_kappa`` times the mean of h, so that ``alpha = kappa n rest``; of equal rows one minus
        that.
    square, even_square : ndarray of shape (K,)
        Means of ``h**2`` and ``h**2 / tau``, over the square of the mean of h; one for equal rows.
    scatter : ndarray of shape (K,)
        Variance of h.
    """

    row_kappa: np.ndarray
    rest: np.ndarray
    square: np.ndarray
    even_square: np.ndarray
    scatter: np.ndarray


def row_averages(spread: float | np.ndarray, leverage: np.ndarray) -> RowAverages:
    """Return averages over rows whose ``log tau`` has variance ``spread``, a number or (K,).

    ``leverage`` (K,) is the mean of h, from 0 to 1.
    """
    leverage = np.clip(leverage, _TINY, 1.0 - _TINY)
    spread = np.atleast_1d(spread)[:, None]
    inverse = np.exp(0.5 * spread - np.sqrt(spread) * _NORMALS)  # 1 / tau
    target = np.log(leverage / (1.0 - leverage))
    x = -target  # log row_kappa of equal rows
    for _ in range(_STEPS):
        h = 1.0 / (1.0 + np.exp(x)[:, None] * inverse)
        rest = 1.0 - h
        mean, mean_rest = h @ _SHARES, rest @ _SHARES
        # the logit of the mean falls with x, in nearly a straight line
        slope = ((h * rest) @ _SHARES) / (mean * mean_rest)
        step = (np.log(mean / mean_rest) - target) / slope
        x = x + step
        if np.max(np.abs(step), initial=0.0) < _CONVERGED:
            break
    squares = np.square(h)
    square = squares @ _SHARES
    return RowAverages(
        np.exp(x),
        np.exp(x) * leverage,
        square / mean**2,
        (squares * inverse) @ _SHARES / mean**2,
        square - mean**2,
    )


def spread_of(scatter: np.ndarray, leverage: np.ndarray) -> np.ndarray:
    """Return the variance of ``log tau`` (K,) at which leverages have variance ``scatter`` (K,)."""
    # scipy.optimize.elementwise.bracket_root and find_root do this, from scipy 1.15 on
    low, high = np.zeros_like(scatter), np.full_like(scatter, _WIDEST)
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        more = row_averages(middle, leverage).scatter < scatter
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return high


@dataclass(frozen=True)
class Sizes:
    """How the sizes of rows spread, and what that makes of the degrees of freedom of a fit.

    Attributes
    ----------
    spread : float
        Variance of ``log tau``.
    df2 : ndarray of shape (K,)
        ``tr Sigma^2 (Sigma + kappa)^-2`` at the kappa of rows of such sizes.
    averages : RowAverages
        At the number of rows of the fit.
    """

    spread: float
    df2: np.ndarray
    averages: RowAverages

    @classmethod
    def of(cls, df1: np.ndarray, df2: np.ndarray, n: int, dispersion: np.ndarray) -> "Sizes":
        """Read sizes off a fit with ``n`` rows and degrees of freedom for equal rows, each (K,).

        ``dispersion`` (K,) is the standard deviation over mean of one minus the leverage.  Rows of
        equal size and Gaussian z have leverages that scatter too, as quadratic forms do, with
        relative variance ``2 df2 / df1**2``: that much of it says nothing of sizes.  A size belongs
        to a row, whatever the penalty.  Where rows are far from others in some directions only,
        leverages scatter at some penalties only: so it is the least spread along the path.
        """
        leverage = df1 / n
        seen = spread_of(np.square(dispersion * (1.0 - leverage)), leverage)
        known = leverage > _LEAST
        # tr H (1 - H) = - d df1 / d log alpha, whatever the sizes
        falls = df1 - df2
        falls = falls / (1.0 + falls / np.maximum(n - df1, _TINY * n))
        first = np.maximum(df1, _TINY)
        for _ in range(2):
            chance = np.log1p(2.0 * df2 / first**2)
            spread = max(float(np.min((seen - chance)[known])), 0.0) if known.any() else 0.0
            averages = row_averages(spread, leverage)
            share = np.minimum(leverage * averages.square, 1.0 - _TINY)
            shift = 1.0 - falls * share / (first * (1.0 - share))
            df2 = np.clip(df1 - falls / np.maximum(shift, _TINY), 0.0, df1)
        return cls(spread, df2, averages)
