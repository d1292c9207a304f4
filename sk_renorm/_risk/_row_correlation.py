"""Correlation between rows in time order: its spectrum and basis, and how X shows it."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.linalg

from sk_renorm._linalg import Factorization, row_ranges

_MOST_LAGS = 5  # of the autoregression that is fitted
_CLEAR = 3.0  # standard errors of a partial autocorrelation that counts
_N_CORRECTIONS = 5
_LEAST = 1e-8  # eigenvalue of a correlation, of mean 1


@dataclass(frozen=True)
class RowCorrelation:
    """The correlation matrix of rows, less the constant direction, in its own basis.

    Attributes
    ----------
    spectrum : ndarray of shape (m,)
        Eigenvalues, positive, of mean about 1; m is n, or n - 1 with an intercept.
    basis : ndarray of shape (n, m) or None
        Eigenvectors; None for the cosines of a stationary correlation.
    sum_of_squares : float
        Mean over rows of the sum of squared correlations with all rows, itself included.
    mean : float
        Mean of all entries: the variance of a mean over rows; 1 / n if they are independent.
    """

    spectrum: np.ndarray
    basis: np.ndarray | None
    sum_of_squares: float
    mean: float

    @classmethod
    def stationary(cls, correlations: np.ndarray, n: int, fit_intercept: bool) -> "RowCorrelation":
        """Make that of rows in time order; ``correlations`` (h,) at lags 0, 1, ..., then zero.

        Cosines (DCT-II) nearly diagonalize it; the spectrum is its exact diagonal in them.
        """
        lags = np.zeros(n)
        lags[: len(correlations)] = correlations[:n]
        pairs = 1.0 - np.arange(n) / n  # the share of rows that have a partner at this lag
        # sum_h 2 lag_h [pairs_h cos(pi j h / n) - sin(pi j h / n) / (n sin(pi j / n))]
        cosines = scipy.fft.rfft(lags * pairs, 2 * n).real[:n]
        sines = -scipy.fft.rfft(lags, 2 * n).imag[:n]
        spectrum = 2.0 * cosines - lags[0]
        spectrum[1:] -= 2.0 * sines[1:] / (n * np.sin(np.pi * np.arange(1, n) / n))
        squares = lags[0] ** 2 + 2.0 * float(pairs[1:] @ lags[1:] ** 2)
        mean = spectrum[0] / n
        spectrum = np.maximum(spectrum, _LEAST)
        return cls(spectrum[1:] if fit_intercept else spectrum, None, squares, mean)

    @classmethod
    def from_matrix(cls, matrix: np.ndarray, fit_intercept: bool) -> "RowCorrelation":
        """Make that of any correlation matrix (n, n)."""
        centred = matrix
        if fit_intercept:
            centred = matrix - matrix.mean(axis=0) - matrix.mean(axis=1)[:, None] + matrix.mean()
        values, vectors = scipy.linalg.eigh(centred)
        if fit_intercept:
            kept = np.abs(vectors.sum(axis=0)).argsort()[:-1]
            values, vectors = values[np.sort(kept)], vectors[:, np.sort(kept)]
        squares = float(np.square(matrix).sum()) / len(matrix)
        return cls(np.maximum(values, _LEAST), vectors, squares, float(matrix.mean()))

    def coordinates(self, rows: np.ndarray) -> np.ndarray:
        """Return rows (n, k) in the basis: (m, k)."""
        if self.basis is not None:
            return self.basis.T @ rows
        return scipy.fft.dct(rows, axis=0, norm="ortho")[len(rows) - len(self.spectrum) :]


def estimate_correlations(f: Factorization, order: int | None) -> np.ndarray:
    """Return autocorrelations (n,) of the rows of X, by an autoregression fitted to them.

    ``E X X'`` is the correlation times the trace of the covariance, so averages along its diagonals
    show it, whatever the covariance of the features.  ``order`` None takes the largest lag, up to
    five, whose partial autocorrelation is clear.
    """
    n = f.data.n_rows
    most = min(order or _MOST_LAGS, n - 2)
    raw = _lag_products(f, most)
    raw = raw / raw[0] if raw[0] else np.eye(1, most + 1)[0]
    # independent directions of the rows sharpen the averages: n times their effective number
    n_directions = f.eigenvalues.sum() ** 2 / np.square(f.eigenvalues).sum() if f.rank else 1.0
    least = 0.0 if order else _CLEAR / np.sqrt(n * n_directions)
    mean = 1.0 / n
    for _ in range(_N_CORRECTIONS):
        # centring takes the variance of the mean from every lag
        lags = raw * (1.0 - mean) + mean if f.data.fit_intercept else raw
        correlations = _continued(lags, _autoregression(lags, least), n)
        mean = (correlations[0] + 2.0 * (1.0 - np.arange(1, n) / n) @ correlations[1:]) / n
        mean = float(np.clip(mean, 0.0, 0.9))
    return correlations


def _autoregression(lags: np.ndarray, least: float) -> np.ndarray:
    """Return coefficients up to the last partial autocorrelation that exceeds ``least``."""
    coefficients = np.zeros(0)
    for size in range(1, len(lags)):
        candidate = scipy.linalg.solve_toeplitz(lags[:size], lags[1 : size + 1])
        if abs(candidate[-1]) > least:
            coefficients = candidate
    return coefficients


def _continued(lags: np.ndarray, coefficients: np.ndarray, n: int) -> np.ndarray:
    """Continue autocorrelations by the recursion of the autoregression."""
    order = len(coefficients)
    full = np.zeros(n)
    full[: order + 1] = lags[: order + 1]
    for lag in range(order + 1, n):
        full[lag] = coefficients @ full[lag - order : lag][::-1] if order else 0.0
        if np.abs(full[lag - order + 1 : lag + 1]).max(initial=0.0) < 1e-12:
            break
    return full


def _lag_products(f: Factorization, most: int) -> np.ndarray:
    """Return ``sum_t x_t . x_(t+h)`` of the centred rows for h = 0 ... most."""
    n, width = f.data.n_rows, f.data.x_mean.size
    products = np.zeros(most + 1)
    for rows in row_ranges(0, n, width):
        block = f.data.rows(slice(rows.start, min(rows.stop + most, n)))
        here = block[: rows.stop - rows.start]
        for lag in range(most + 1):
            later = block[lag : lag + len(here)]
            products[lag] += np.einsum("ij,ij->", here[: len(later)], later)
    return products
