"""The only door in: data, weights and parameters, checked as scikit-learn does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from sk_renorm._compat import validate_parameter_constraints

_FLOATS = (np.float64, np.float32)
_IN_WORDS = {"sample_weight": "Sample weights", "risk_weight": "Risk weights"}


@dataclass(frozen=True)
class TrainingData:
    """Checked data of a fit.

    Attributes
    ----------
    X : ndarray of shape (n, p), float64 or float32
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
    risk_weights : ndarray of shape (n,) or None
        Further weights that count in the risk alone; None where all are alike.
    """

    X: np.ndarray
    Y: np.ndarray
    weights: np.ndarray | None
    y: np.ndarray
    kept: np.ndarray | None = None
    X_dropped: np.ndarray | None = None
    risk_weights: np.ndarray | None = None

    @property
    def weights_in_risk(self) -> np.ndarray | None:
        """How much each row counts in the risk (n,): the product of its weights."""
        given = [w for w in (self.weights, self.risk_weights) if w is not None]
        return np.prod(given, axis=0) if given else None

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


def check_training_data(estimator, X, y, sample_weight, risk_weight=None) -> TrainingData:
    """Validate ``X``, ``y`` and weights; rows of zero sample weight are dropped."""
    _refuse_text(y, "y")
    X, y = validate_data(
        estimator, X, y, dtype=None, multi_output=True, y_numeric=True, ensure_min_samples=2
    )
    X = _as_float(X)
    y = np.asarray(y, dtype=np.float64)
    weights = _check_weights(sample_weight, len(X), "sample_weight")
    risk_weights = _check_weights(risk_weight, len(X), "risk_weight")
    if weights is None or weights.all():
        risk_weights = _relative(risk_weights)
        return TrainingData(X, y.reshape(len(y), -1), weights, y, risk_weights=risk_weights)
    kept = weights > 0.0
    if kept.sum() < 2:
        raise ValueError(
            "At least two rows must have a sample_weight above zero; "
            f"got weights that leave {kept.sum()} of {len(X)} rows."
        )
    y = y[kept]
    risk_weights = _relative(None if risk_weights is None else risk_weights[kept])
    return TrainingData(
        X[kept], y.reshape(len(y), -1), weights[kept], y, kept, X[~kept], risk_weights
    )


def check_new_data(estimator, X) -> np.ndarray:
    """Validate ``X`` for predict."""
    return _as_float(validate_data(estimator, X, dtype=None, reset=False))


def _as_float(X: np.ndarray) -> np.ndarray:
    """Keep float32 and float64; convert numbers; refuse text."""
    if X.dtype in _FLOATS:
        return X
    _refuse_text(X, "X")
    return check_array(X, dtype=np.float64)


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


def _check_weights(given, n_rows: int, name: str) -> np.ndarray | None:
    if given is None:
        return None
    if isinstance(given, Real):
        given = np.full(n_rows, float(given))
    weights = check_array(given, ensure_2d=False, dtype=np.float64, input_name=name, copy=True)
    if weights.ndim != 1:
        raise ValueError(
            f"{_IN_WORDS[name]} must be 1D array or scalar, got an array of shape {weights.shape}."
        )
    if len(weights) != n_rows:
        raise ValueError(
            f"{name} has {len(weights)} values for {n_rows} rows; give one for each row."
        )
    if (weights < 0.0).any():
        raise ValueError(f"Negative values in {name}; the smallest is {weights.min():g}.")
    if not weights.any():
        raise ValueError(
            f"All {_IN_WORDS[name].lower()} are zero; at least two rows must weigh something."
        )
    return None if (weights == 1.0).all() else weights


def _relative(risk_weights: np.ndarray | None) -> np.ndarray | None:
    """Return weights of mean one, or None where all are alike: their scale means nothing."""
    if risk_weights is None or np.ptp(risk_weights) == 0.0 < risk_weights[0]:
        return None
    if np.count_nonzero(risk_weights) < 2:
        raise ValueError(
            "At least two rows of positive sample_weight must have a risk_weight above zero; got "
            f"{np.count_nonzero(risk_weights)} of {len(risk_weights)}."
        )
    relative = risk_weights / risk_weights.max()
    return relative / relative.mean()


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
