"""Rows that depend on each other: what the user says of it."""

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk import RowCorrelation, estimate_correlations


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
