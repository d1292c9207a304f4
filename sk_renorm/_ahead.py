"""Rows that follow the training rows: their risk, and what the last residuals say about them.

A row ``h`` steps ahead is ``k' K**-1`` times the training rows plus an independent rest, with K
the correlation of the rows and k that with the row ahead.  Of its error, the part that comes with
the features follows the training residuals r; with far-row risk ``excess + noise`` and kt as in
``_risk/_correlated.py``,

    expected error  = k' K**-1 [r - noise / kt (K + kt) (excess K + noise)**-1 r],

where independent noise hides part of the residuals.  Without noise this is residual kriging,
``k' K**-1 r``, of risk ``(1 - k' K**-1 k) excess``.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import matmul_toeplitz, solve_toeplitz


@dataclass(frozen=True)
class RiskAhead:
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


def check_steps(steps: np.ndarray) -> np.ndarray:
    """Return whole numbers of steps (m,), each at least one."""
    if steps.ndim != 1 or not np.all(np.isfinite(steps)) or np.any(steps < 1):
        raise ValueError(f"steps must be whole numbers of at least 1; got {steps}.")
    if np.any(steps != np.floor(steps)):
        raise ValueError(f"steps must be whole numbers of at least 1; got {steps}.")
    return steps.astype(int)


def risks_ahead(
    correlations: np.ndarray, parts: dict, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the risks (m, q) of the plain prediction and of kriging, ``steps`` (m,) ahead.

    ``correlations`` (n,) are autocorrelations of the n training rows; ``parts`` has ``excess``,
    ``noise`` and ``row_ridge`` (q,).  O(n**2) per target and step.
    """
    k = _correlations_ahead(correlations, steps)
    a = solve_toeplitz(correlations, k)
    explained = np.sum(k * a, axis=0)
    plain, kriging = np.empty((2, len(steps), len(parts["excess"])))
    for target, (excess, noise, kt) in enumerate(_triples(parts)):
        far = (1.0 - explained) * excess + noise
        b = solve_toeplitz(_plus(correlations, kt), a)
        c = solve_toeplitz(_plus(correlations, kt), b)
        near = kt**2 * (excess * np.sum(k * c, axis=0) + noise * np.sum(a * c, axis=0))
        near += noise * (np.sum(a * a, axis=0) - 2.0 * kt * np.sum(a * b, axis=0))
        plain[:, target] = far + near
        hidden = noise * excess * np.sum(k * _solve_mixed(correlations, excess, noise, a), axis=0)
        kriging[:, target] = far + hidden
    return plain, kriging


def expected_errors(correlations: np.ndarray, parts: dict, steps: np.ndarray) -> np.ndarray:
    """Return what the training ``residuals`` (n, q) say of the errors (m, q) ``steps`` ahead."""
    a = solve_toeplitz(correlations, _correlations_ahead(correlations, steps))
    errors = np.empty((len(steps), len(parts["excess"])))
    for target, (excess, noise, kt) in enumerate(_triples(parts)):
        residuals = parts["residuals"][:, target]
        hidden = _solve_mixed(correlations, excess, noise, residuals)
        hidden = matmul_toeplitz(_plus(correlations, kt), hidden)
        errors[:, target] = a.T @ (residuals - noise / kt * hidden)
    return errors


def _triples(parts: dict):
    return zip(parts["excess"], parts["noise"], parts["row_ridge"], strict=True)


def _correlations_ahead(correlations: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Correlations (n, m) of the training rows with the rows ahead."""
    n = len(correlations)
    lags = steps[None, :] + np.arange(n - 1, -1, -1)[:, None]
    return np.where(lags < n, correlations[np.minimum(lags, n - 1)], 0.0)


def _plus(correlations: np.ndarray, ridge: float) -> np.ndarray:
    return correlations + ridge * (np.arange(len(correlations)) == 0)


def _solve_mixed(correlations, excess: float, noise: float, right: np.ndarray) -> np.ndarray:
    """Return ``(excess K + noise)**-1`` times ``right``; zero if both are."""
    scale = excess + noise
    if scale <= 0.0:
        return np.zeros_like(right)
    # a nearly singular K has directions that neither errors nor residuals have
    mixed = _plus(excess / scale * correlations, max(noise / scale, 1e-12))
    return solve_toeplitz(mixed, right) / scale
