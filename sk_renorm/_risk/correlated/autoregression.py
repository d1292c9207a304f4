"""Autoregression of the rows of X in time order, and how well it is known."""

import numpy as np
import scipy.linalg
import scipy.signal

from sk_renorm._linalg import Factorization, row_ranges

_MOST_LAGS = 5  # of the autoregression that is fitted
_CLEAR = 3.0  # standard errors of a partial autocorrelation that counts
_N_CORRECTIONS = 10
_STEP = 1e-7  # of coefficients, for the derivative of what follows from them


def estimate_correlations(f: Factorization, order: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Return autocorrelations (n,) of the rows of X, by an autoregression, and standard errors.

    ``E X X'`` is the correlation times the trace of the covariance, so averages along its diagonals
    show it, whatever the covariance of the features.  ``order`` None takes the largest lag, up to
    five, whose partial autocorrelation is clear.
    """
    n = f.data.n_rows
    most = min(order or _MOST_LAGS, n - 2)
    products = _lag_products(f, most)
    raw = products.sum(axis=0)
    if not raw[0]:
        return np.eye(1, n)[0], np.zeros(n)
    correlations = np.eye(1, n)[0]
    for _ in range(_N_CORRECTIONS):
        offsets = _of_centring(correlations, most) if f.data.fit_intercept else np.zeros(most + 1)
        lags = (raw / raw[0] * (n + offsets[0]) - offsets) / (n - np.arange(most + 1))
        coefficients = np.zeros(0)
        for candidate in _levinson(lags, 1.0 - 1.0 / n):
            clear = _CLEAR * np.sqrt(_covariance(products, candidate)[-1, -1])
            if order or abs(candidate[-1]) > clear:
                coefficients = candidate
        correlations = _continued(coefficients, n)
    return correlations, _standard_errors(products, coefficients, n)


def _of_centring(correlations: np.ndarray, most: int) -> np.ndarray:
    """Return by how much centring changes the expected sums of lag products 0 ... ``most``."""
    n = len(correlations)
    sums = np.cumsum(correlations)
    of_row = (sums + sums[::-1] - correlations[0]) / n  # mean correlation of a row with all
    before = np.cumsum(of_row)[n - 1 - np.arange(most + 1)]
    return (n - np.arange(most + 1)) * of_row.mean() - 2.0 * before


def _levinson(lags: np.ndarray, most: float) -> list[np.ndarray]:
    """Return the coefficients of the autoregressions of order 1, 2, ... (Levinson and Durbin).

    Partial autocorrelations below one in size, here by ``most``, make them stationary.
    """
    coefficients, left, found = np.zeros(0), 1.0, []
    for size in range(1, len(lags)):
        partial = (lags[size] - coefficients @ lags[size - 1 : 0 : -1]) / left
        partial = float(np.clip(partial, -most, most))
        coefficients = np.append(coefficients - partial * coefficients[::-1], partial)
        left *= 1.0 - partial**2
        found.append(coefficients)
    return found


def _covariance(products: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    """Return the covariance of the coefficients, from the scatter of what they are fitted to.

    Products of rows with the innovation of the next, summed over features, are uncorrelated in
    time: their squares tell the error, however many features are independent (White 1980).
    """
    order, n = len(coefficients), len(products)
    lag = np.arange(1, order + 1)
    scores = np.empty((n - order, order))
    for i in lag:
        # row t - i times innovation of row t, for t = order ... n - 1
        scores[:, i - 1] = products[order - i : n - i, i]
        for k, coefficient in zip(lag, coefficients, strict=True):
            first = order - max(i, k)
            scores[:, i - 1] -= coefficient * products[first : first + n - order, abs(i - k)]
    scores -= scores.mean(axis=0)
    inverse = np.linalg.inv(scipy.linalg.toeplitz(products.sum(axis=0)[:order]))
    return inverse @ (scores.T @ scores) @ inverse


def _continued(coefficients: np.ndarray, n: int) -> np.ndarray:
    """Return the autocorrelations (n,) of the autoregression."""
    order = len(coefficients)
    full = np.zeros(n)
    full[0] = 1.0
    if not order:
        return full
    # lag_h = sum_i c_i lag_|h - i| for h = 1 ... order
    equations = np.eye(order)
    for h in range(order):
        for i in np.flatnonzero(np.arange(order) != h):
            equations[h, abs(h - i) - 1] -= coefficients[i]
    full[1 : order + 1] = np.linalg.solve(equations, coefficients)
    feedback = np.append(1.0, -coefficients)
    state = scipy.signal.lfiltic([1.0], feedback, full[order:0:-1])
    full[order + 1 :], _ = scipy.signal.lfilter([1.0], feedback, full[order + 1 :], zi=state)
    return full


def _standard_errors(products: np.ndarray, coefficients: np.ndarray, n: int) -> np.ndarray:
    """Return those of the autocorrelations (n,), by the delta method."""
    if not len(coefficients):
        return np.zeros(n)
    steps = _STEP * np.eye(len(coefficients))
    ahead = np.array([_continued(coefficients + step, n) for step in steps])
    behind = np.array([_continued(coefficients - step, n) for step in steps])
    slopes = (ahead - behind) / (2.0 * _STEP)
    covariance = _covariance(products, coefficients)
    return np.sqrt(np.einsum("ih,ij,jh->h", slopes, covariance, slopes))


def _lag_products(f: Factorization, most: int) -> np.ndarray:
    """Return ``x_t . x_(t+h)`` of the centred rows (n, most + 1), zero beyond the last row."""
    n, width = f.data.n_rows, f.data.x_mean.size
    products = np.zeros((n, most + 1))
    for rows in row_ranges(0, n, width):
        block = f.data.rows(slice(rows.start, min(rows.stop + most, n)))
        here = block[: rows.stop - rows.start]
        for lag in range(most + 1):
            later = block[lag : lag + len(here)]
            into = products[rows.start : rows.start + len(later), lag]
            np.einsum("ij,ij->i", here[: len(later)], later, out=into)
    return products
