"""Rows that depend on each other: what the user says of it, and what the residuals do."""

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk import (
    RowCorrelation,
    concentration,
    estimate_correlations,
    excess_variance,
)

# Standard errors of the lag-one correlation that only dependent rows reach: 6 in 100,000 others.
_CLEAR = 4.0
# With fewer rows an order that means nothing, as by class, is the likelier cause.
_FEWEST = 200


def row_correlation(
    given, f: Factorization
) -> tuple[RowCorrelation, np.ndarray, np.ndarray | None]:
    """Return the correlation of the rows that ``sample_correlation`` names, and its numbers.

    The numbers are autocorrelations (h,), down to the last that exceeds 1e-8, or a matrix; then
    their standard errors (h,), or None if they were given.
    """
    n, fit_intercept = f.data.n_rows, f.data.fit_intercept
    if callable(given):
        given = given(n)
    if isinstance(given, str):
        values, errors = estimate_correlations(f, {"ar1": 1, "estimate": None}[given])
    else:
        errors = None
        values = _check_correlations(given, n)
    if values.ndim == 2:
        return RowCorrelation.from_matrix(values, fit_intercept), values, None
    kept = np.flatnonzero(np.abs(values) > 1e-8)[-1] + 1
    errors = None if errors is None else errors[:kept]
    return RowCorrelation.stationary(values, n, fit_intercept), values[:kept], errors


def _check_correlations(given, n: int) -> np.ndarray:
    """Return autocorrelations from lag 0 on, or a matrix of mean diagonal 1."""
    values = np.asarray(given, dtype=np.float64)
    if values.ndim == 2:
        if values.shape != (n, n):
            raise ValueError(
                f"sample_correlation must be a matrix of shape ({n}, {n}), one row and column for "
                f"each row of X; got {values.shape}."
            )
        if not np.all(np.isfinite(values)) or not np.allclose(values, values.T):
            raise ValueError("sample_correlation must be a symmetric matrix of finite numbers.")
        if np.any(np.diag(values) <= 0.0):
            raise ValueError("sample_correlation must have a positive diagonal.")
        return values / np.diag(values).mean()
    if values.ndim != 1 or not len(values) or not np.all(np.isfinite(values)):
        raise ValueError(
            "sample_correlation must hold finite autocorrelations, from lag 0 on, or a matrix; "
            f"got an array of shape {values.shape}."
        )
    if values[0] != 1.0 or np.any(np.abs(values) > 1.0):
        raise ValueError(
            "sample_correlation must start with 1, the correlation of a row with itself, and lie "
            f"between -1 and 1; got {values[: min(3, len(values))]} ..."
        )
    return values[:n]


def neighbours_correlation(columns: np.ndarray) -> float:
    """Return the correlation of centred columns (n, q) between neighbouring rows."""
    centred = columns - columns.mean(axis=0)
    power = np.square(centred).sum()
    return float(np.sum(centred[1:] * centred[:-1]) / power) if power else 0.0


def neighbours_are_alike(
    f: Factorization, errors: np.ndarray, predictions: np.ndarray, alpha: np.ndarray
) -> bool:
    """Say whether neighbouring rows are more alike than independent ones would be.

    Judged by what is at hand: held-out errors (n, q), which show dependent noise, and predictions
    (n, q), which show dependent features.  Errors of independent rows are a little dependent too,
    since they share a training set: the variance of their correlation is ``1 / (1 - gamma)`` times
    1 / n.
    """
    n, q = errors.shape
    if n < _FEWEST:
        return False
    excess = float(np.max(np.diag(excess_variance(f, np.atleast_1d(alpha)[:1]))))
    for columns, inflation in ((errors, 1.0 + excess), (predictions, 1.0)):
        correlation, variance = neighbours_correlation(columns), inflation / n
        if correlation <= _CLEAR * np.sqrt(variance / q):
            continue  # not clear even if all targets were independent, which is costly to tell
        share = concentration(columns - columns.mean(axis=0))
        if correlation > _CLEAR * np.sqrt(share * variance):
            return True
    return False
