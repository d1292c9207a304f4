"""Ridge at every penalty of a grid from one singular value decomposition of the training rows."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg

ALPHAS = np.geomspace(1e-9, 1e8, 100)  # for features of unit variance


def robust_svd(A: np.ndarray):
    """Return the thin singular value decomposition, by the slow driver where the fast one fails."""
    Q, R = scipy.linalg.qr(A, mode="economic") if len(A) > A.shape[1] else (None, A)
    try:
        U, s, Vt = scipy.linalg.svd(R, full_matrices=False)
    except scipy.linalg.LinAlgError:
        U, s, Vt = scipy.linalg.svd(R, full_matrices=False, lapack_driver="gesvd")
    return (U if Q is None else Q @ U), s, Vt


@dataclass(frozen=True)
class Modes:
    """Singular value decomposition of centred training rows, and ridge on it at any penalty."""

    X: np.ndarray
    Y: np.ndarray

    @cached_property
    def svd(self):
        return robust_svd(self.X - self.X.mean(axis=0))

    @cached_property
    def projections(self) -> np.ndarray:
        return self.svd[0].T @ (self.Y - self.Y.mean(axis=0))

    def test_errors(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        """Return the mean squared error on other rows at each of ALPHAS."""
        _, s, Vt = self.svd
        scores = (X - self.X.mean(axis=0)) @ Vt.T
        targets = Y - self.Y.mean(axis=0)
        return np.array(
            [
                np.mean((targets - (scores * (s / (s**2 + alpha))) @ self.projections) ** 2)
                for alpha in ALPHAS
            ]
        )

    def loo_errors(self) -> np.ndarray:
        """Return the mean squared leave-one-out error, intercept refitted, at each of ALPHAS."""
        U, s, _ = self.svd
        n = len(self.X)
        left = (self.Y - self.Y.mean(axis=0)) - U @ self.projections
        null = 1.0 - 1.0 / n - np.sum(U**2, axis=1)
        if np.sum(s > s[0] * 1e-12) >= n - 1:
            left, null = np.zeros_like(left), np.zeros_like(null)
            U, s, z = U[:, : n - 1], s[: n - 1], self.projections[: n - 1]
        else:
            z = self.projections
        errors = []
        for alpha in ALPHAS:
            shrink = alpha / (s**2 + alpha)
            rest = null + U**2 @ shrink
            errors.append(np.mean(((left + U @ (shrink[:, None] * z)) / rest[:, None]) ** 2))
        return np.array(errors)
