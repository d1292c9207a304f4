"""The only door in: data, weights and parameters, checked as scikit-learn does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.sparse import csr_array, issparse, sparray, spmatrix
from sklearn.utils.validation import check_array, validate_data

from sk_renorm._compat import validate_parameter_constraints
from sk_renorm._linalg import as_csr_array, as_dask_array, features_of, is_dask

_FLOATS = (np.float64, np.float32)


@dataclass(frozen=True)
class TrainingData:
    """Checked data of a fit.

    Attributes
    ----------
    X : ndarray or csr_array of shape (n, p), float64 or float32
        Never modified.
    Y : ndarray of shape (n, q), float64
        Targets as columns.
    weights : ndarray of shape (n,), float64, or None
        Positive weights; None where all are one.
    y : ndarray of shape (n,) or (n, q), float64
        Targets in the shape given.
    kept : ndarray of shape (n_given,), bool, or None
        Rows of positive weight, if others were dropped.
    X_dropped : ndarray of shape (n_given - n, p) or None
        The others.
    """

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    y: np.ndarray
    kept: np.ndarray | None = None
    X_dropped: np.ndarray | None = None

    @property
    def mean_weight(self) -> float:
        """Mean of the weights."""
        return 1.0 if self.weights is None else float(self.weights.mean())

    @property
    def target_variance(self) -> np.ndarray:
        """Weighted variance of each target (q,)."""
        mean = np.average(self.Y, axis=0, weights=self.weights)
        power = np.average(np.square(self.Y - mean), axis=0, weights=self.weights)
        return power * len(self.Y) / (len(self.Y) - 1.0)

    def all_rows(self, values: np.ndarray, dropped: np.ndarray | float) -> np.ndarray:
        """Put ``values`` (n, ...) in the order of all rows given, ``dropped`` for the others."""
        if self.kept is None:
            return values
        full = np.empty((len(self.kept), *values.shape[1:]), dtype=values.dtype)
        full[self.kept], full[~self.kept] = values, dropped
        return full


@contextmanager
def unchanged_on_error(estimator) -> Iterator[None]:
    """Restore the attributes of ``estimator`` if the body raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def check_training_data(
    estimator,
    X,
    y,
    sample_weight,
    *,
    min_rows: int = 2,
    reset: bool = True,
    accept_sparse: bool = True,
) -> TrainingData:
    """Validate ``X``, ``y`` and weights; rows of zero weight are dropped.

    A block of a stream may have ``min_rows=1``, is not sparse, and after the first it must not
    ``reset`` the number and names of the features.
    """
    _refuse_text(y, "y")
    X, y = validate_data(
        estimator,
        X,
        y,
        reset=reset,
        accept_sparse="csr" if accept_sparse else False,
        dtype=None,
        multi_output=True,
        y_numeric=True,
        ensure_min_samples=min_rows,
    )
    X = _as_float(X)
    y = np.asarray(y, dtype=np.float64)
    weights = _check_weights(sample_weight, X.shape[0])
    if weights is None or weights.all():
        return TrainingData(X, y.reshape(len(y), -1), weights, y)
    kept = weights > 0.0
    if kept.sum() < min_rows:
        raise ValueError(
            "At least two rows must have a sample_weight above zero; "
            f"got weights that leave {kept.sum()} of {len(y)} rows."
        )
    y = y[kept]
    return TrainingData(X[kept], y.reshape(len(y), -1), weights[kept], y, kept, X[~kept])


def check_new_data(estimator, X) -> np.ndarray | csr_array:
    """Validate ``X`` for predict; a dask collection becomes a dask array, of which only the
    number and names of the features are checked.
    """
    if is_dask(X):
        validate_data(estimator, features_of(X), reset=False, skip_check_array=True)
        return as_dask_array(X)
    return _as_float(validate_data(estimator, X, accept_sparse="csr", dtype=None, reset=False))


def _as_float(X: np.ndarray | spmatrix | sparray) -> np.ndarray | csr_array:
    """Keep float32 and float64; convert numbers; refuse text."""
    if X.dtype not in _FLOATS:
        if not issparse(X):
            _refuse_text(X, "X")
        X = check_array(X, accept_sparse="csr", dtype=np.float64)
    return as_csr_array(X) if issparse(X) else X


def _refuse_text(values, name: str) -> None:
    array = np.asarray(values)
    is_text = array.dtype.kind in "USV" or (
        array.dtype.kind == "O" and any(isinstance(value, str | bytes) for value in array.flat)
    )
    if is_text:
        raise ValueError(
            f"{name} must hold numbers, got text; convert it first, for instance with "
            f"{name}.astype(float) or an encoder."
        )


def _check_weights(sample_weight, n_rows: int) -> np.ndarray | None:
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = np.full(n_rows, float(sample_weight))
    weights = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight", copy=True
    )
    if weights.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got an array of shape {weights.shape}."
        )
    if len(weights) != n_rows:
        raise ValueError(
            f"sample_weight has {len(weights)} values for {n_rows} rows; give one for each row."
        )
    if (weights < 0.0).any():
        raise ValueError(f"Negative values in sample_weight; the smallest is {weights.min():g}.")
    if not weights.any():
        raise ValueError("All sample weights are zero; at least two rows must weigh something.")
    return None if (weights == 1.0).all() else weights


def check_params(estimator) -> None:
    """Check constructor parameters against the constraints of the class."""
    validate_parameter_constraints(
        estimator._parameter_constraints,
        estimator.get_params(deep=False),
        caller_name=type(estimator).__name__,
    )


def check_penalties(values, name: str) -> np.ndarray:
    """Return a list of penalties (L,) as floats, each finite and not negative."""
    penalties = np.asarray(values)
    if penalties.ndim != 1 or not len(penalties):
        raise ValueError(
            f"{name} must be a one-dimensional list of penalties, not empty; got {values!r}."
        )
    if penalties.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold numbers, got {values!r}.")
    if not (np.isfinite(penalties).all() and (penalties >= 0).all()):
        raise ValueError(f"{name} must hold finite penalties, none below zero; got {values!r}.")
    return penalties.astype(np.float64)
