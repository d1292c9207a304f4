"""Rows that follow the training rows: their risk, and what the last residuals say about them.

A row ``h`` steps ahead is ``a = K**-1 k`` times the training rows plus an independent rest, with K
the correlation of the rows and k that with the row ahead.  Of its error, the part that comes with
the features follows the training residuals r, less their noise; that has correlations K' and k' of
its own.  With far-row risk ``excess + noise`` and kt as in ``_risk/correlated/rows.py``,

    expected error  = a' r + noise / kt (k' - K' a)' (excess K + noise K')**-1 (K + kt) r.

Without noise this is residual kriging, ``a' r``, of risk ``(1 - a' k) excess``.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import matmul_toeplitz, solve_toeplitz

from sk_renorm.report.answers import Answer
from sk_renorm.report.parts import Correlation


@dataclass(frozen=True, repr=False)
class RiskAhead(Answer):
    """Expected squared error on rows that follow the training rows.

    Parameters
    ----------
    steps : ndarray of shape (n_steps,)
        How far ahead.
    risk : ndarray of shape (n_steps,) or (n_steps, n_targets)
        Of ``predict``, in squared units of y.
    kriging_risk : ndarray of the same shape
        Of ``predict_ahead``.
    far_risk : float or ndarray of shape (n_targets,)
        Of rows far ahead.
    """

    steps: np.ndarray
    risk: np.ndarray
    kriging_risk: np.ndarray
    far_risk: float | np.ndarray


def check_steps(steps) -> np.ndarray:
    """Return whole numbers of steps (m,), each at least one."""
    steps = np.atleast_1d(steps)
    is_whole = steps.dtype.kind in "iuf" and np.isfinite(steps) & (steps == np.floor(steps))
    if steps.ndim != 1 or not np.all(is_whole) or not np.all(steps >= 1):
        raise ValueError(f"steps must be whole numbers of at least 1; got {steps}.")
    return steps.astype(int)


def risks_ahead(parts: Correlation, steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the risks (m, q) of the plain prediction and of kriging, ``steps`` (m,) ahead.

    O(n**2) per target and step, for n training rows.
    """
    correlations = _autocorrelations(parts)
    k = _correlations_ahead(correlations, steps)
    a = solve_toeplitz(correlations, k)
    explained = np.sum(k * a, axis=0)
    plain, kriging = np.empty((2, len(steps), len(parts.excess)))
    for target, (excess, noise, at_lag_one, kt) in enumerate(_by_target(parts)):
        of_noise = at_lag_one ** np.arange(len(correlations))
        noise_ahead = _correlations_ahead(of_noise, steps)
        beyond = noise_ahead - matmul_toeplitz(of_noise, a)
        own_noise = noise * (1.0 - np.sum(a * (noise_ahead + beyond), axis=0))
        own = (1.0 - explained) * excess + own_noise
        both = excess * correlations + noise * of_noise
        seen = kt * solve_toeplitz(_plus(correlations, kt), a)
        near = np.sum(seen * (matmul_toeplitz(both, seen) + 2.0 * noise * beyond), axis=0)
        plain[:, target] = own + near
        known = noise**2 * np.sum(beyond * _solve(both, excess + noise, beyond), axis=0)
        kriging[:, target] = own - known
    return plain, kriging


def expected_errors(parts: Correlation, steps: np.ndarray) -> np.ndarray:
    """Return what the training ``residuals`` (n, q) say of the errors (m, q) ``steps`` ahead."""
    correlations = _autocorrelations(parts)
    a = solve_toeplitz(correlations, _correlations_ahead(correlations, steps))
    errors = np.empty((len(steps), len(parts.excess)))
    for target, (excess, noise, at_lag_one, kt) in enumerate(_by_target(parts)):
        of_noise = at_lag_one ** np.arange(len(correlations))
        beyond = _correlations_ahead(of_noise, steps) - matmul_toeplitz(of_noise, a)
        both = excess * correlations + noise * of_noise
        residuals = parts.residuals[:, target]
        weighed = _solve(both, excess + noise, matmul_toeplitz(_plus(correlations, kt), residuals))
        errors[:, target] = a.T @ residuals + noise / kt * (beyond.T @ weighed)
    return errors


def _by_target(parts: Correlation):
    each = parts.excess, parts.noise, parts.error_noise_correlation, parts.row_ridge
    return zip(*each, strict=True)


def _autocorrelations(parts: Correlation) -> np.ndarray:
    """Autocorrelations (n,) of the training rows."""
    given = parts.sample_correlation
    return np.pad(given, (0, len(parts.residuals) - len(given)))


def _correlations_ahead(correlations: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Correlations (n, m) of the training rows with the rows ahead."""
    n = len(correlations)
    lags = steps[None, :] + np.arange(n - 1, -1, -1)[:, None]
    return np.where(lags < n, correlations[np.minimum(lags, n - 1)], 0.0)


def _plus(correlations: np.ndarray, ridge: float) -> np.ndarray:
    return correlations + ridge * (np.arange(len(correlations)) == 0)


def _solve(covariances: np.ndarray, variance: float, right: np.ndarray) -> np.ndarray:
    """Return ``right`` times the inverse of the errors' covariance; zero if there are none."""
    if variance <= 0.0:
        return np.zeros_like(right)
    # a nearly singular K has directions that neither errors nor residuals have
    return solve_toeplitz(_plus(covariances / variance, 1e-12), right) / variance
