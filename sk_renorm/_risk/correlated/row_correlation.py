"""Correlation between rows: its spectrum and basis."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
import scipy.linalg

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
