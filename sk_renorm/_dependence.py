"""Rows that depend on each other: what the user says of it, and what the residuals do."""

from collections.abc import Callable

import numpy as np

from sk_renorm._linalg import Factorization
from sk_renorm._risk import RowCorrelation, estimate_correlations

# Rows count as copies if they differ by less than this share of what rows usually do, or nearly, of
# the distance to the next.
_EXACTLY, _NEARLY = 1e-9, 0.005
_ENOUGH = 2**14  # rows say what rows usually differ by
# Copies worth a word: this share of the rows, and so many, of so many others: few rows that differ
# are a design, or an example.
_MANY, _FEWEST_COPIES, _FEWEST_ORIGINALS = 0.02, 5, 30


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


def copied_rows(
    errors: np.ndarray, targets: np.ndarray, project: Callable[[], np.ndarray]
) -> np.ndarray:
    """Return pairs (k, 2) of rows that are copies of each other, if they are many; else none.

    Copies have the same held-out errors and predictions (n, q), and so neighbour each other when
    rows are sorted by prediction.  Only where many do, ``project`` is asked for a combination (n,)
    of the features: rows that agree in it must mostly agree in the target too, or else they are
    repeated measurements, or features of few values that agree by chance.
    """
    n, error, target = len(errors), errors[:, 0], targets[:, 0]
    prediction = target - error
    order = np.argsort(prediction)
    gaps = np.maximum(_gaps(prediction, order), _gaps(error, order))
    if _are_many(np.count_nonzero(gaps <= _EXACTLY), n):
        projection = project()
        order_of_features = np.lexsort([target, projection])
        same_features = _gaps(projection, order_of_features) <= _EXACTLY
        alike = same_features & (_gaps(target, order_of_features) <= _EXACTLY)
        n_alike = np.count_nonzero(alike)
        if _are_many(n_alike, n) and n_alike > 0.8 * np.count_nonzero(same_features):
            return _pairs(order_of_features, alike)
    alike = gaps <= _NEARLY / n
    if _are_many(np.count_nonzero(alike), n):
        # a strong penalty predicts the same for all, and many targets may be zero
        alike &= _gaps(project(), order) <= _NEARLY
    n_alike = np.count_nonzero(alike)
    if not _are_many(n_alike, n):
        return _pairs(order[:0], alike[:0])
    # where targets are continuous, near copies repeat them and other rows do not
    continuous = len(np.unique(target)) > 0.8 * (n - n_alike)
    return _pairs(order, alike & continuous)


def _are_many(n_pairs: int, n_rows: int) -> bool:
    enough = n_pairs >= max(_FEWEST_COPIES, _MANY * n_rows)
    return enough and n_rows - n_pairs >= _FEWEST_ORIGINALS


def _gaps(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Return how far rows are from the next in ``order``, as a share of what rows usually differ.

    Zero where all are the same.
    """
    some = values[:: max(1, len(values) // _ENOUGH)]
    usual = _median(np.abs(some - _median(some)))
    return np.abs(np.diff(values[order])) / (usual if usual > 0.0 else np.inf)


def _median(values: np.ndarray) -> float:
    middle = len(values) // 2
    return float(np.partition(values, middle)[middle])


def _pairs(order: np.ndarray, alike: np.ndarray) -> np.ndarray:
    return np.column_stack([order[:-1], order[1:]])[alike]
